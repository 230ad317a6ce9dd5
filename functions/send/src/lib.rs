//! HTTP: say something without a socket.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;
use shared::domain::UserId;
use shared::edge::http::{Caller, Failure, Json, private};
use shared::protocol::ServerFrame;
use shared::services::directory::find_conversation;
use shared::services::messages::send::{new_message, send};
use shared::{App, Error};

/// Who speaks in open mode if the request does not say.
const NOBODY: &str = "anonymous";

/// The routes of this function.
pub fn router(app: App) -> Router {
    private(app, Router::new().route("/api/send_message", post(send_message)))
}

#[derive(Deserialize)]
struct SendMessageRequest {
    receiver_id: Option<String>,
    room: Option<String>,
    content: String,
    id: Option<String>,
    sender_id: Option<UserId>,
    user_id: Option<UserId>,
}

/// `POST /api/send_message`: the answer is the `ack`; a repeated `id` gets the first one's.
async fn send_message(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<SendMessageRequest>,
) -> Result<Response, Failure> {
    let sender = caller.named([request.sender_id, request.user_id])?.user();
    let sender = sender.map_or_else(|| UserId::parse(NOBODY), Ok)?;
    let new = new_message(&app, &sender, &request.content, request.id.as_deref())?;
    let (receiver, room) = (request.receiver_id.as_deref(), request.room.as_deref());
    if receiver.is_some() == room.is_some() {
        return Err(Error::Invalid("say either `receiver_id` or `room`".into()).into());
    }
    let conversation = find_conversation(&app, &sender, receiver, room).await?;
    let sent = send(&app, &conversation, &new).await?;
    Ok(axum::Json(ServerFrame::Ack(sent.ack())).into_response())
}
