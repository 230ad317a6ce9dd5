//! `$connect`: remembers the connection.
//!
//! API Gateway completes the handshake only after this answers, and until then a push to the
//! connection is answered 410. So the connection is remembered as pending, and the `deliver`
//! function, woken by this very write, greets it and hands over what waits. `?history=N` says how
//! many of the lobby's last messages the greeting brings.

use aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use shared::chat::PageSize;
use shared::identity::Speaker;
use shared::store::Connection;
use shared::{App, Error, lambda};

/// One write, no read.
pub async fn handle(
    app: &App,
    event: ApiGatewayWebsocketProxyRequest,
) -> Result<ApiGatewayProxyResponse, Error> {
    let speaker = Speaker::of(&event.request_context)?;
    let mut pending = Connection::new(speaker.connected_at, false);
    if let Some(history) = event.query_string_parameters.first("history") {
        pending.history =
            history.parse().map_or(Connection::HISTORY, |count: usize| count.min(PageSize::MAX));
    }
    app.store.arrive(&speaker.user, &speaker.connection, &pending).await?;
    Ok(lambda::accepted())
}
