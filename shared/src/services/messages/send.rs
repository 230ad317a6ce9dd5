//! Saying something: over a WebSocket or by HTTP, to somebody, in a room or to everybody.

use std::slice;

use futures::join;
use serde_json::{Map, Value};

use super::append::{Appended, append};
use super::references;
use super::way::is_another_size;
use crate::domain::permissions::Action;
use crate::domain::{
    ConnectionId, Content, ConversationId, Data, Message, MessageId, NewBody, NewMessage, Reply,
    Said, Seq, UserId, Wording,
};
use crate::metrics::Metrics;
use crate::protocol::{Ack, StepKind};
use crate::services::access::{check_permission, check_speaker};
use crate::services::delivery::{Copies, deliver, recipients};
use crate::services::own_inbox::OwnInbox;
use crate::services::presence::mark_connection_ready;
use crate::services::shown::quotes;
use crate::store::Inbox;
use crate::{App, Error};

/// What became of something said.
#[derive(Debug)]
pub struct Sent {
    /// The message as it is kept.
    pub message: Message,
    /// The sender's name for it.
    pub id: MessageId,
    /// Whether it had been stored by an earlier send.
    pub duplicate: bool,
    /// Whether nothing was to be done: what an event is about is so already. Then this is the message that
    /// it is about.
    pub idle: bool,
    /// Whether a connection of a recipient took it; unknown if the table's stream brings it to them.
    pub delivered: Option<bool>,
}

impl Sent {
    /// The acknowledgement.
    pub fn ack(&self) -> Ack {
        Ack {
            status: "ok".into(),
            id: self.id.to_string(),
            conversation: self.message.conversation.to_string(),
            seq: self.message.seq,
            of: if self.idle { Some(self.message.seq) } else { self.message.body.of() },
            timestamp: self.message.sent_at,
            delivered: self.delivered,
            duplicate: self.duplicate,
        }
    }
}

/// What somebody wants to say, as they wrote it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Draft<'a> {
    /// The text.
    pub content: &'a str,
    /// What the sender's program keeps with it.
    pub data: Option<&'a Map<String, Value>>,
    /// The message that it answers.
    pub reply_to: Option<Seq>,
    /// Whom it calls, by id or username.
    pub mentions: &'a [String],
    /// Whether it calls everybody.
    pub mentions_everyone: bool,
    /// The sender's name for it.
    pub id: Option<&'a str>,
}

impl<'a> Draft<'a> {
    /// A text alone, under an id or none.
    pub fn text(content: &'a str, id: Option<&'a str>) -> Self {
        Self { content, id, ..Self::default() }
    }
}

/// What somebody wants to say, checked as far as that goes without the conversation. It costs nothing unless
/// people are called by their usernames.
pub async fn new_message(app: &App, from: &UserId, draft: Draft<'_>) -> Result<NewMessage, Error> {
    let wording = Wording {
        content: Content::parse(draft.content, app.config.max_content_bytes)?,
        data: draft.data.cloned().map(Data::new).transpose()?,
        mentions: references::find_mentioned(app, draft.mentions, draft.mentions_everyone).await?,
    };
    let reply_to = draft.reply_to.map(|seq| Reply { seq, original: None });
    Ok(NewMessage {
        id: draft.id.map(MessageId::parse).transpose()?,
        from: from.clone(),
        body: NewBody::Said(Said::new(wording, reply_to)),
    })
}

/// Says something without a connection: stores before it delivers, and is done only when everybody
/// was reached or marked.
pub async fn send(
    app: &App,
    conversation: &ConversationId,
    new: &NewMessage,
) -> Result<Sent, Error> {
    let admit =
        async || check_permission(app, &new.from, conversation, Action::Speak).await.map(|()| None);
    let appended = Box::pin(append(app, conversation, new, admit)).await?;
    Box::pin(bring(app, appended, None)).await
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
    let admit = || async { check_speaker(app, own, conversation).await.map(|()| None) };
    let appended = Box::pin(append(app, conversation, new, admit)).await?;
    Box::pin(bring_over(app, appended, own)).await
}

/// Brings what was said over a connection, and remembers that this is ready.
pub(super) async fn bring_over(
    app: &App,
    appended: Appended,
    own: &OwnInbox<'_>,
) -> Result<Sent, Error> {
    let inbox = own.get().await?;
    let (sent, noted) = join!(
        bring(app, appended, Some((inbox, &own.caller.connection))),
        mark_connection_ready(app, own.caller, inbox),
    );
    // The next frame notes it again.
    noted.map_or_else(|error| error.log(), drop);
    sent
}

/// Brings a stored message to everybody it is for, or leaves that to the table's stream. It may have been
/// sent over a connection of its sender, whose inbox was read.
pub(crate) async fn bring(
    app: &App,
    appended: Appended,
    sent_over: Option<(&Inbox, &ConnectionId)>,
) -> Result<Sent, Error> {
    let Appended { mut message, id, duplicate, idle, members, read_at, .. } = appended;
    if idle {
        return Ok(Sent { message, id, duplicate, idle, delivered: None });
    }
    let conversation = message.conversation.clone();
    let steps = app.steps(&conversation);
    let step = match (duplicate, message.by_stream) {
        (true, _) => StepKind::Repeated,
        (false, true) => StepKind::StoredForStream,
        (false, false) => StepKind::Stored,
    };
    steps.took(step, (message.seq, message.seq), &message.from);
    if message.by_stream {
        drop(steps);
        app.stream_has_more();
        return Ok(Sent { message, id, duplicate, idle, delivered: None });
    }
    let known = sent_over.map(|(inbox, _)| (&message.from, inbox));
    let recipients = recipients(app, &conversation, message.seq, known).await?;
    let counted = recipients.people.len();
    let sent_over = sent_over.map(|(_, connection)| connection);
    // What was counted before says how fast deliveries are; a repeat comes as late as its sender likes.
    let uncounted = duplicate.then(|| App { metrics: Metrics::default(), ..app.clone() });
    let counting = uncounted.as_ref().unwrap_or(app);
    quotes::fill(app, slice::from_mut(&mut message)).await?;
    let copies = Copies { messages: slice::from_ref(&message), read_at };
    let (delivered, noted) = join!(
        deliver(counting, copies, recipients, sent_over, &steps),
        note_size(app, &message, members, counted),
    );
    // The next message notes it again.
    noted.unwrap_or_else(|error| error.log());
    drop(steps);
    Ok(Sent { delivered: Some(delivered?), message, id, duplicate, idle })
}

/// Notes how many members a room has, or how many are in the lobby, if that changes the way of messages.
async fn note_size(
    app: &App,
    message: &Message,
    noted: usize,
    members: usize,
) -> Result<(), Error> {
    let is_of_two = matches!(message.conversation, ConversationId::Direct(..));
    if is_of_two || !is_another_size(app, noted, members) {
        return Ok(());
    }
    app.store.note_members(&message.conversation, members, message.seq).await
}
