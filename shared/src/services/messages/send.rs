//! Saying something: over a WebSocket or by HTTP, to somebody, in a room or to everybody.

use std::slice;

use futures::{join, try_join};

use super::append::{Appended, append};
use crate::domain::permissions::Action;
use crate::domain::{Content, ConversationId, Message, MessageBody, MessageId, NewMessage, UserId};
use crate::protocol::Ack;
use crate::services::access::check_permission;
use crate::services::delivery::{deliver, recipients};
use crate::services::own_inbox::OwnInbox;
use crate::services::presence::mark_connection_ready;
use crate::{App, Error};

/// What became of something said.
#[derive(Debug)]
pub struct Sent {
    /// The message as it is kept.
    pub message: Message,
    /// Whether it had been stored by an earlier send.
    pub duplicate: bool,
    /// Whether a connection of a recipient took it.
    pub delivered: bool,
}

impl Sent {
    /// The acknowledgement.
    pub fn ack(&self) -> Ack {
        Ack {
            status: "ok".into(),
            id: self.message.id.to_string(),
            conversation: self.message.conversation.to_string(),
            seq: self.message.seq,
            timestamp: self.message.sent_at,
            delivered: self.delivered,
            duplicate: self.duplicate,
        }
    }
}

/// What somebody wants to say, checked.
pub fn new_message(
    app: &App,
    from: &UserId,
    content: &str,
    id: Option<&str>,
) -> Result<NewMessage, Error> {
    Ok(NewMessage {
        id: id.map(MessageId::parse).transpose()?,
        from: from.clone(),
        body: MessageBody::Text(Content::parse(content, app.config.max_content_bytes)?),
    })
}

/// Says something without a connection: stores before it delivers, and is done only when everybody
/// was reached or marked.
pub async fn send(
    app: &App,
    conversation: &ConversationId,
    new: &NewMessage,
) -> Result<Sent, Error> {
    let permission = || check_permission(app, &new.from, conversation, Action::Speak);
    let (message, duplicate) = store(app, conversation, new, permission).await?;
    let recipients = recipients(app, conversation, message.seq, None).await?;
    let delivered = deliver(app, slice::from_ref(&message), recipients, None).await?;
    Ok(Sent { message, duplicate, delivered })
}

/// The same over a connection.
///
/// The caller's own inbox is read before the message is stored, beside the permission, so that whoever
/// has signed out says nothing. Nothing waits for the caller, who has the ack: for them an older state
/// is good enough.
pub async fn send_over(
    app: &App,
    conversation: &ConversationId,
    new: &NewMessage,
    own: &OwnInbox<'_>,
) -> Result<Sent, Error> {
    let permission = || async {
        let permission = check_permission(app, &new.from, conversation, Action::Speak);
        try_join!(permission, own.get()).map(drop)
    };
    let (message, duplicate) = store(app, conversation, new, permission).await?;
    let inbox = own.get().await?;
    let (recipients, noted) = join!(
        recipients(app, conversation, message.seq, Some((&new.from, inbox))),
        mark_connection_ready(app, own.caller, inbox),
    );
    // The next frame notes it again.
    noted.map_or_else(|error| error.log(), drop);
    let sent_over = Some(&own.caller.connection);
    let delivered = deliver(app, slice::from_ref(&message), recipients?, sent_over).await?;
    Ok(Sent { message, duplicate, delivered })
}

/// The message as it is kept, and whether it was before.
async fn store<Permission: Future<Output = Result<(), Error>>>(
    app: &App,
    conversation: &ConversationId,
    new: &NewMessage,
    permission: impl Fn() -> Permission,
) -> Result<(Message, bool), Error> {
    Ok(match append(app, conversation, new, permission).await? {
        Appended::Stored(message) => (message, false),
        Appended::Repeat(message) => (message, true),
    })
}
