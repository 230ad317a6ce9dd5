//! `message` and `broadcast`: keep what somebody says and bring it to whom it is for.

use shared::chat::ConversationId;
use shared::identity::Speaker;
use shared::protocol::{BroadcastRequest, Frame, SendRequest, ServerFrame};
use shared::speaking::{addressed, draft, permit_broadcast, say};
use shared::{App, Error};

/// To somebody, or in a room.
pub(crate) async fn message(
    app: &App,
    speaker: &Speaker,
    request: SendRequest,
) -> Result<Frame, Error> {
    let draft = draft(app, &speaker.user, &request.content, request.id.as_deref())?;
    let (to, room) = (request.to.as_deref(), request.room.as_deref());
    let conversation = addressed(app, &speaker.user, to, room).await?;
    let said = say(app, &conversation, &draft, Some(speaker)).await?;
    Ok(ServerFrame::Ack(said.ack()).encode())
}

/// To everybody who is online.
pub(crate) async fn broadcast(
    app: &App,
    speaker: &Speaker,
    request: BroadcastRequest,
) -> Result<Frame, Error> {
    let draft = draft(app, &speaker.user, &request.content, request.id.as_deref())?;
    permit_broadcast(app, &speaker.user).await?;
    let said = say(app, &ConversationId::Lobby, &draft, Some(speaker)).await?;
    Ok(ServerFrame::Ack(said.ack()).encode())
}
