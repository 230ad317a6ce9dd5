//! Why a message was delivered or was not.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::domain::{ConversationId, Seq};
use shared::edge::http::{Caller, Failure, Path};
use shared::protocol::DeliveryStep;
use shared::services::access::check_operator;
use shared::{App, Error};

/// The parameters in the path.
#[derive(Deserialize)]
pub(crate) struct Place {
    conversation: String,
    seq: Seq,
}

/// `GET /api/trace/{conversation}/{seq}`: the steps of one message on its way, for operators; only a server
/// that keeps them in memory knows them.
pub(crate) async fn of_message(
    State(app): State<App>,
    caller: Caller,
    Path(Place { conversation, seq }): Path<Place>,
) -> Result<Json<Vec<DeliveryStep>>, Failure> {
    check_operator(&app, &caller.require()?).await?;
    let conversation = ConversationId::parse(&conversation)?;
    let elsewhere =
        "trace here: on AWS the saved query STACK/why of CloudWatch Logs Insights shows it";
    Ok(Json(app.trace.of(&conversation, seq).ok_or(Error::NotFound(elsewhere))?))
}
