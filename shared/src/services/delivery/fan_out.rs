//! One message to everybody it concerns.

use futures::stream::{self, StreamExt};

use crate::domain::{ConnectionId, ConversationId, Message, Seq, UserId};
use crate::protocol::{EncodedFrame, ServerFrame};
use crate::pusher::Push;
use crate::store::{Inbox, Update};
use crate::{App, Error};

/// How often one hand-over looks again because other senders changed the same inbox.
const ATTEMPTS: usize = 100;

/// How many recipients are served at once.
const CONCURRENT_RECIPIENTS: usize = 50;

/// What every recipient's hand-over needs.
struct HandOver<'a> {
    app: &'a App,
    message: &'a Message,
    frame: EncodedFrame,
    spoken_over: Option<&'a ConnectionId>,
}

/// Everybody a message is for.
#[derive(Debug, Default)]
pub struct Recipients {
    /// Their inboxes, read after the message was stored.
    pub inboxes: Vec<(UserId, Inbox)>,
    /// Why the inboxes of some could not be read.
    pub unread: Option<Error>,
}

/// Hands a stored message to everybody it is for.
///
/// True when a connection other than the speaking one took it. What keeps one recipient from being
/// served keeps no other; it fails the send at the end, for the message is nowhere marked for them.
/// Safe to repeat: receivers drop what they have by `seq`.
pub async fn deliver(
    app: &App,
    message: &Message,
    Recipients { inboxes, unread }: Recipients,
    spoken_over: Option<&ConnectionId>,
) -> Result<bool, Error> {
    let frame = ServerFrame::Message(message.into()).encode();
    let hand_over = HandOver { app, message, frame, spoken_over };
    let to_oneself = message.conversation.addressee(&message.from) == Some(&message.from);
    let outcomes = inboxes.into_iter().map(|(user, inbox)| {
        let hand_over = &hand_over;
        async move {
            let counts = to_oneself || user != message.from;
            hand_over.to(&user, inbox).await.map(|taken| taken && counts)
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

impl HandOver<'_> {
    /// Pushes to one user's connections, or leaves the message waiting; true when one took it.
    async fn to(&self, user: &UserId, mut inbox: Inbox) -> Result<bool, Error> {
        let Self { app, message, .. } = self;
        for _ in 0..ATTEMPTS {
            let waiting = inbox.waiting(&message.conversation);
            let Some(mark) = waiting.from else { return self.push(user, &inbox).await };
            let somebody_ready = !inbox.ready(app.clock.now()).is_empty();
            let left_already = waiting.skip.is_some_and(|skip| skip >= message.seq);
            let nobody_drains = !somebody_ready && waiting.lease.is_none();
            if mark <= message.seq && (left_already || nobody_drains) {
                return Ok(false);
            }
            let seen = (mark, waiting.skip);
            let store = &app.store;
            let trace =
                store.leave_trace(user, &message.conversation, seen, message.seq, somebody_ready);
            match trace.await? {
                Update::Applied(after) => {
                    if !somebody_ready && !after.ready(app.clock.now()).is_empty() {
                        store.wake(user).await?;
                    }
                    return Ok(false);
                }
                Update::Refused(now) => inbox = now,
            }
        }
        Err(Error::Storage {
            action: "hand a message over",
            source: "the inbox kept changing".into(),
        })
    }

    async fn push(&self, user: &UserId, inbox: &Inbox) -> Result<bool, Error> {
        let Self { app, message, frame, spoken_over } = self;
        let now = app.clock.now();
        let speaks_here = user == &message.from && spoken_over.is_some();
        let mut ready = inbox.ready(now);
        if matches!(message.conversation, ConversationId::Direct(..)) {
            ready.retain(|connection| !speaks_here || Some(connection) != *spoken_over);
        }
        let pushes = app.pusher.push_to_all(ready, frame).await;

        let taken = pushes.iter().any(|(_, push)| *push == Push::Taken);
        let gone = pushes.into_iter().filter(|(_, push)| *push == Push::Gone);
        let gone: Vec<_> = gone.map(|(id, _)| id).collect();
        // The ack tells the caller; the lobby waits for nobody.
        if taken || speaks_here || message.conversation == ConversationId::Lobby {
            self.tidy(user, inbox, &gone).await;
            return Ok(taken);
        }
        let after = if !inbox.is_full(app.config.most_listed_bytes) {
            self.mark(user, message.seq, &gone).await?
        } else if inbox.overflows_untold() && inbox.ready(now).is_empty() {
            // Whoever tells the owner begins after this inbox was read, and so after the put.
            return Ok(false);
        } else {
            app.store.mark_overflow(user, &gone, now).await?
        };
        let waits = after.overflows() || after.waiting(&message.conversation).from.is_some();
        let somebody_ready = !after.ready(app.clock.now()).is_empty();
        if (waits && somebody_ready) || !after.overdue(now).is_empty() {
            app.store.wake(user).await?;
        }
        Ok(false)
    }

    /// Forgets connections that turned out gone, and has those dismissed that are to hear no more. The
    /// message has reached its recipient, so that no failure here is the sender's.
    async fn tidy(&self, user: &UserId, inbox: &Inbox, gone: &[ConnectionId]) {
        let Self { app, .. } = self;
        let now = app.clock.now();
        let tidied = async {
            if !gone.is_empty() {
                app.store.remove_connections(user, gone, now).await?;
            }
            if inbox.overdue(now).is_empty() { Ok(()) } else { app.store.wake(user).await }
        };
        tidied.await.unwrap_or_else(|error| error.log());
    }

    async fn mark(&self, user: &UserId, seq: Seq, gone: &[ConnectionId]) -> Result<Inbox, Error> {
        let store = &self.app.store;
        let now = self.app.clock.now();
        match store.mark(user, &self.message.conversation, seq, gone, now).await? {
            Update::Refused(_) if !gone.is_empty() => {
                store.remove_connections(user, gone, now).await
            }
            Update::Applied(inbox) | Update::Refused(inbox) => Ok(inbox),
        }
    }
}
