//! One message to everybody it concerns.

use futures::stream::{self, StreamExt};

use crate::domain::{ConnectionId, ConversationId, Message, Seq, UserId};
use crate::protocol::{EncodedFrame, ServerFrame};
use crate::pusher::Push;
use crate::store::{Inbox, Update};
use crate::{App, Error};

/// How often one delivery looks again because other senders changed the same inbox.
const ATTEMPTS: usize = 100;

/// How many recipients are served at once.
const CONCURRENT_RECIPIENTS: usize = 50;

/// What every recipient's delivery needs.
struct FanOut<'a> {
    app: &'a App,
    message: &'a Message,
    frame: EncodedFrame,
    sent_over: Option<&'a ConnectionId>,
}

/// Everybody a message is for.
#[derive(Debug, Default)]
pub struct Recipients {
    /// Their inboxes, read after the message was stored.
    pub inboxes: Vec<(UserId, Inbox)>,
    /// Why the inboxes of some could not be read.
    pub unread: Option<Error>,
}

/// Delivers a stored message to everybody it is for.
///
/// True when a connection other than the one it was sent over took it. What keeps one recipient from being
/// served keeps no other; it fails the send at the end, for the message is nowhere marked for them.
/// Safe to repeat: receivers drop what they have by `seq`.
pub async fn deliver(
    app: &App,
    message: &Message,
    Recipients { inboxes, unread }: Recipients,
    sent_over: Option<&ConnectionId>,
) -> Result<bool, Error> {
    let frame = ServerFrame::Message(message.into()).encode();
    let fan_out = FanOut { app, message, frame, sent_over };
    let to_oneself = message.conversation.addressee(&message.from) == Some(&message.from);
    let outcomes = inboxes.into_iter().map(|(user, inbox)| {
        let fan_out = &fan_out;
        async move {
            let counts = to_oneself || user != message.from;
            fan_out.deliver_to(&user, inbox).await.map(|taken| taken && counts)
        }
    });
    let mut outcomes = stream::iter(outcomes).buffer_unordered(CONCURRENT_RECIPIENTS);
    let mut delivered = unread.map_or(Ok(false), Err);
    while let Some(outcome) = outcomes.next().await {
        delivered = match (delivered, outcome) {
            (Ok(before), Ok(taken)) => Ok(before || taken),
            (Err(error), _) | (Ok(_), Err(error)) => Err(error),
        };
    }
    delivered
}

impl FanOut<'_> {
    /// Pushes to one user's connections, or leaves the message waiting; true when one took it.
    async fn deliver_to(&self, user: &UserId, mut inbox: Inbox) -> Result<bool, Error> {
        let Self { app, message, .. } = self;
        for _ in 0..ATTEMPTS {
            let pending = inbox.pending(&message.conversation);
            let Some(mark) = pending.from else { return self.push(user, &inbox).await };
            let somebody_ready = !inbox.ready(app.clock.now()).is_empty();
            let noted_already = pending.late_write.is_some_and(|last| last >= message.seq);
            let nobody_delivers = !somebody_ready && pending.lease.is_none();
            if mark <= message.seq && (noted_already || nobody_delivers) {
                return Ok(false);
            }
            let seen = (mark, pending.late_write);
            let store = &app.store;
            let noted = store.note_late_write(
                user,
                &message.conversation,
                seen,
                message.seq,
                somebody_ready,
            );
            match noted.await? {
                Update::Applied(after) => {
                    if !somebody_ready && !after.ready(app.clock.now()).is_empty() {
                        store.notify(user).await?;
                    }
                    return Ok(false);
                }
                Update::Refused(now) => inbox = now,
            }
        }
        Err(Error::Storage {
            action: "deliver a message",
            source: "the inbox kept changing".into(),
        })
    }

    async fn push(&self, user: &UserId, inbox: &Inbox) -> Result<bool, Error> {
        let Self { app, message, frame, sent_over } = self;
        let now = app.clock.now();
        let speaks_here = user == &message.from && sent_over.is_some();
        let mut ready = inbox.ready(now);
        if matches!(message.conversation, ConversationId::Direct(..)) {
            ready.retain(|connection| !speaks_here || Some(connection) != *sent_over);
        }
        let pushes = app.pusher.push_to_all(ready, frame).await;

        let taken = pushes.iter().any(|(_, push)| *push == Push::Taken);
        let gone = pushes.into_iter().filter(|(_, push)| *push == Push::Gone);
        let gone: Vec<_> = gone.map(|(id, _)| id).collect();
        // The ack tells the caller; the lobby waits for nobody.
        if taken || speaks_here || message.conversation == ConversationId::Lobby {
            self.remove_gone(user, inbox, &gone).await;
            return Ok(taken);
        }
        let after = if !inbox.is_full(app.config.most_listed_bytes) {
            self.mark_pending(user, message.seq, &gone).await?
        } else if inbox.overflows_untold() && inbox.ready(now).is_empty() {
            // Whoever tells the owner begins after this inbox was read, and so after the put.
            return Ok(false);
        } else {
            app.store.mark_overflow(user, &gone, now).await?
        };
        let waits = after.overflows() || after.pending(&message.conversation).from.is_some();
        let somebody_ready = !after.ready(app.clock.now()).is_empty();
        if (waits && somebody_ready) || !after.overdue(now).is_empty() {
            app.store.notify(user).await?;
        }
        Ok(false)
    }

    /// Forgets connections that turned out gone, and has those dismissed that are to hear no more. The
    /// message has reached its recipient, so that no failure here is the sender's.
    async fn remove_gone(&self, user: &UserId, inbox: &Inbox, gone: &[ConnectionId]) {
        let Self { app, .. } = self;
        let now = app.clock.now();
        let tidied = async {
            if !gone.is_empty() {
                app.store.remove_connections(user, gone, now).await?;
            }
            if inbox.overdue(now).is_empty() { Ok(()) } else { app.store.notify(user).await }
        };
        tidied.await.unwrap_or_else(|error| error.log());
    }

    async fn mark_pending(
        &self,
        user: &UserId,
        seq: Seq,
        gone: &[ConnectionId],
    ) -> Result<Inbox, Error> {
        let store = &self.app.store;
        let now = self.app.clock.now();
        match store.mark_pending(user, &self.message.conversation, seq, gone, now).await? {
            Update::Refused(_) if !gone.is_empty() => {
                store.remove_connections(user, gone, now).await
            }
            Update::Applied(inbox) | Update::Refused(inbox) => Ok(inbox),
        }
    }
}
