//! `message` and `broadcast`: keep what somebody says and bring it to whom it is for.

use shared::domain::ConversationId;
use shared::protocol::{BroadcastRequest, Frame, SendRequest, ServerFrame};
use shared::services::access::permit_broadcast;
use shared::services::directory::addressed;
use shared::services::messages::send::{draft, say_over};
use shared::services::own_inbox::OwnInbox;
use shared::{App, Error};

/// To somebody, or in a room.
pub(crate) async fn message(
    app: &App,
    own: &OwnInbox<'_>,
    request: SendRequest,
) -> Result<Frame, Error> {
    let draft = draft(app, &own.speaker.user, &request.content, request.id.as_deref())?;
    let (to, room) = (request.to.as_deref(), request.room.as_deref());
    let conversation = addressed(app, &own.speaker.user, to, room).await?;
    let said = say_over(app, &conversation, &draft, own).await?;
    Ok(ServerFrame::Ack(said.ack()).encode())
}

/// To everybody who is online.
pub(crate) async fn broadcast(
    app: &App,
    own: &OwnInbox<'_>,
    request: BroadcastRequest,
) -> Result<Frame, Error> {
    let draft = draft(app, &own.speaker.user, &request.content, request.id.as_deref())?;
    permit_broadcast(app, &own.speaker.user).await?;
    let said = say_over(app, &ConversationId::Lobby, &draft, own).await?;
    Ok(ServerFrame::Ack(said.ack()).encode())
}
