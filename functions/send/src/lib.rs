//! HTTP: say something without a socket.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;
use shared::chat::UserId;
use shared::http::{Failure, Json};
use shared::identity::Caller;
use shared::protocol::ServerFrame;
use shared::speaking::{addressed, draft, say};
use shared::{App, Error};

/// Who speaks in open mode if the request does not say.
const NOBODY: &str = "anonymous";

/// The routes of this function.
pub fn router(app: App) -> Router {
    Router::new().route("/api/send_message", post(send_message)).with_state(app)
}

#[derive(Deserialize)]
struct Request {
    receiver_id: Option<String>,
    room: Option<String>,
    content: String,
    id: Option<String>,
    sender_id: Option<String>,
    user_id: Option<String>,
}

/// `POST /api/send_message`: the answer is the `ack`; a repeated `id` gets the first one's.
async fn send_message(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<Request>,
) -> Result<Response, Failure> {
    let named = request.sender_id.or(request.user_id);
    let named = named.as_deref().map(UserId::parse).transpose()?;
    let sender = match (caller.user(), named) {
        (None, None) => UserId::parse(NOBODY)?,
        (_, named) => caller.speaking_as(named.as_ref())?,
    };
    let draft = draft(&app, &sender, &request.content, request.id.as_deref())?;
    let (receiver, room) = (request.receiver_id.as_deref(), request.room.as_deref());
    if receiver.is_some() == room.is_some() {
        return Err(Error::Invalid("say either `receiver_id` or `room`".into()).into());
    }
    let conversation = addressed(&app, &sender, receiver, room).await?;
    let said = say(&app, &conversation, &draft, None).await?;
    Ok(axum::Json(ServerFrame::Ack(said.ack())).into_response())
}
