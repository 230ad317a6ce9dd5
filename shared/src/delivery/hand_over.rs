//! One message to everybody it concerns.

use futures::stream::{self, StreamExt};

use crate::chat::{ConnectionId, ConversationId, Message, Seq, UserId};
use crate::gateway::Push;
use crate::protocol::{Frame, ServerFrame};
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
    frame: Frame,
    spoken_over: Option<&'a ConnectionId>,
}

/// Hands a stored message to everybody it is for; `inboxes` were read after it was stored.
///
/// True when a connection other than the speaking one took it. Safe to repeat: receivers drop what
/// they have by `seq`.
pub async fn deliver(
    app: &App,
    message: &Message,
    inboxes: Vec<(UserId, Inbox)>,
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
    let mut delivered = Ok(false);
    // One recipient's failure fails the send, but only after the others have been served.
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
        let pushes = app.gateway.push_to_all(ready, frame).await;

        let taken = pushes.iter().any(|(_, push)| *push == Push::Taken);
        let mut gone = inbox.expired(now);
        for connection in inbox.untrusted(now) {
            // It is forgotten all the same; what is said to it now waits for the next.
            let dismissed = app.gateway.dismiss(&connection).await;
            dismissed.unwrap_or_else(|error| crate::lambda::log_failure(&error));
        }
        gone.extend(pushes.into_iter().filter(|(_, push)| *push == Push::Gone).map(|(id, _)| id));
        // The ack tells the speaker; the lobby waits for nobody.
        let settled = taken || speaks_here || message.conversation == ConversationId::Lobby;
        if settled && gone.is_empty() {
            return Ok(taken);
        }
        let after = if settled {
            app.store.prune(user, &gone, now).await?
        } else if inbox.is_full() {
            return Err(Error::Storage {
                action: "mark what waits",
                source: "too much waits in this inbox".into(),
            });
        } else {
            self.mark(user, message.seq, &gone).await?
        };
        let waits = after.waiting(&message.conversation).from.is_some();
        if waits && !after.ready(app.clock.now()).is_empty() {
            app.store.wake(user).await?;
        }
        Ok(taken)
    }

    async fn mark(&self, user: &UserId, seq: Seq, gone: &[ConnectionId]) -> Result<Inbox, Error> {
        let store = &self.app.store;
        let now = self.app.clock.now();
        match store.mark(user, &self.message.conversation, seq, gone, now).await? {
            Update::Refused(_) if !gone.is_empty() => store.prune(user, gone, now).await,
            Update::Applied(inbox) | Update::Refused(inbox) => Ok(inbox),
        }
    }
}
