//! Saying something: over a WebSocket or by HTTP, to somebody, in a room or to everybody.

use futures::{join, try_join};

use super::append::{Appended, append};
use crate::domain::permissions::Action;
use crate::domain::{Content, ConversationId, Message, MessageBody, MessageId, NewMessage, UserId};
use crate::protocol::Ack;
use crate::services::access::check_permission;
use crate::services::delivery::{Recipients, deliver};
use crate::services::own_inbox::OwnInbox;
use crate::services::presence::mark_connection_ready;
use crate::store::Inbox;
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
    let recipients = recipients(app, &message).await?;
    let delivered = deliver(app, &message, recipients, None).await?;
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
        recipients_beside(app, &message, Some((&new.from, inbox))),
        mark_connection_ready(app, own.caller, inbox),
    );
    // The next frame notes it again.
    noted.map_or_else(|error| error.log(), drop);
    let delivered = deliver(app, &message, recipients?, Some(&own.caller.connection)).await?;
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

/// Everybody a message is for.
pub(crate) async fn recipients(app: &App, message: &Message) -> Result<Recipients, Error> {
    recipients_beside(app, message, None).await
}

/// The same, one of whom is known already.
async fn recipients_beside(
    app: &App,
    message: &Message,
    known: Option<(&UserId, &Inbox)>,
) -> Result<Recipients, Error> {
    let conversation = &message.conversation;
    let mut people = match conversation {
        ConversationId::Direct(..) => conversation.pair(),
        ConversationId::Room(room) => {
            let members = app.store.members(*room, None, None).await?.items;
            let theirs = members.into_iter().filter(|member| member.may_read(message.seq));
            theirs.map(|member| member.user).collect()
        }
        ConversationId::Lobby => app.store.online_users(None, None).await?,
    };
    let known = known.filter(|(user, _)| people.contains(user));
    people.retain(|person| known.is_none_or(|(user, _)| person != user));
    let (mut inboxes, unread) = app.store.readable_inboxes(&people).await;
    inboxes.extend(known.map(|(user, inbox)| (user.clone(), inbox.clone())));
    Ok(Recipients { inboxes: inboxes.into_iter().collect(), unread })
}
