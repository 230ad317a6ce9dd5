//! `message` and `broadcast`: keep what somebody says and bring it to whom it is for.

use shared::domain::ConversationId;
use shared::protocol::{BroadcastRequest, EncodedFrame, SendRequest, ServerFrame};
use shared::services::access::check_broadcast;
use shared::services::directory::find_conversation;
use shared::services::messages::send::{Draft, new_message, send_over};
use shared::services::own_inbox::OwnInbox;
use shared::{App, Error};

/// To somebody, or in a room.
pub(crate) async fn message(
    app: &App,
    own: &OwnInbox<'_>,
    request: SendRequest,
    id: Option<&str>,
) -> Result<EncodedFrame, Error> {
    let draft = Draft {
        content: &request.content,
        data: request.data.as_ref(),
        reply_to: request.reply_to,
        mentions: &request.mentions,
        mentions_everyone: request.mentions_everyone,
        id,
    };
    let new = new_message(app, &own.caller.user, draft).await?;
    let (to, room) = (request.to.as_deref(), request.room.as_deref());
    let conversation = find_conversation(app, &own.caller.user, to, room).await?;
    let sent = send_over(app, &conversation, &new, own).await?;
    Ok(ServerFrame::Ack(sent.ack()).encode())
}

/// To everybody who is online.
pub(crate) async fn broadcast(
    app: &App,
    own: &OwnInbox<'_>,
    request: BroadcastRequest,
    id: Option<&str>,
) -> Result<EncodedFrame, Error> {
    let draft = Draft {
        content: &request.content,
        data: request.data.as_ref(),
        reply_to: request.reply_to,
        mentions: &request.mentions,
        mentions_everyone: request.mentions_everyone,
        id,
    };
    let new = new_message(app, &own.caller.user, draft).await?;
    check_broadcast(app, &own.caller.user).await?;
    let sent = send_over(app, &ConversationId::Lobby, &new, own).await?;
    Ok(ServerFrame::Ack(sent.ack()).encode())
}
