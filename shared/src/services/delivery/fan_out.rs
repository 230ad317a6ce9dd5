//! Messages of one conversation to everybody they concern.

use futures::stream::{self, StreamExt};

use super::recipients::{Recipient, Recipients};
use crate::domain::{ConnectionId, ConversationId, Message, Seq, Timestamp, UserId};
use crate::metrics::Count;
use crate::protocol::{Batch, StepKind, batches};
use crate::pusher::Push;
use crate::services::shown::{quotes, reader};
use crate::store::{Inbox, Update};
use crate::trace::Steps;
use crate::{App, Error};

/// How often one delivery looks again because other senders changed the same inbox.
const ATTEMPTS: usize = 100;

/// How many recipients are served at once.
const CONCURRENT_RECIPIENTS: usize = 50;

/// Messages of one conversation, oldest first, as they were read.
#[derive(Clone, Copy, Debug)]
pub struct Copies<'a> {
    /// The messages.
    pub messages: &'a [Message],
    /// When they were read or stored, or earlier.
    pub read_at: Timestamp,
}

/// What every recipient's delivery needs.
struct FanOut<'a> {
    app: &'a App,
    conversation: &'a ConversationId,
    messages: &'a [Message],
    /// What brings them to whoever may read all of them.
    batches: Vec<Batch<'a>>,
    sent_over: Option<&'a ConnectionId>,
    steps: &'a Steps<'a>,
}

/// What one recipient is brought.
#[derive(Clone, Copy)]
struct Part<'a, 'b> {
    first: Seq,
    last: Seq,
    batches: &'b [Batch<'a>],
}

/// Delivers stored messages of one conversation, oldest first, to everybody they are for.
///
/// True when a connection other than the one they were sent over took them all. What keeps one recipient
/// from being served keeps no other; it fails the send at the end, for the messages are nowhere marked for
/// them. Safe to repeat: receivers drop what they have by `seq`.
///
/// What became of a message since it was read, a connection that became ready since may not have heard: for
/// such it is read again.
pub async fn deliver(
    app: &App,
    copies: Copies<'_>,
    Recipients { people, unread }: Recipients,
    sent_over: Option<&ConnectionId>,
    steps: &Steps<'_>,
) -> Result<bool, Error> {
    let Some(Message { conversation, from, .. }) = copies.messages.first() else {
        return Ok(false);
    };
    let not_pushed = sent_over.filter(|_| matches!(conversation, ConversationId::Direct(..)));
    let has_young =
        people.iter().any(|recipient| recipient.inbox.has_young(copies.read_at, not_pushed));
    let fresh = match has_young {
        true => Some(Box::pin(read_again(app, copies.messages)).await?),
        false => None,
    };
    let messages = fresh.as_deref().unwrap_or(copies.messages);
    let fan_out =
        FanOut { app, conversation, messages, batches: batches(messages, false), sent_over, steps };
    let to_oneself = conversation.addressee(from) == Some(from);
    let outcomes = people.into_iter().map(|recipient| {
        let fan_out = &fan_out;
        async move {
            let counts = to_oneself || recipient.user != *from;
            fan_out.deliver_to(recipient).await.map(|taken| taken && counts)
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

/// The same messages as they are now; one that is gone by now as it was.
async fn read_again(app: &App, messages: &[Message]) -> Result<Vec<Message>, Error> {
    let Some(first) = messages.first() else { return Ok(Vec::new()) };
    let numbers = messages.iter().map(|message| message.seq).collect();
    let mut now =
        app.store.messages_at(&first.conversation, &numbers).await?.into_iter().peekable();
    let mut fresh = Vec::with_capacity(messages.len());
    for message in messages {
        fresh.push(now.next_if(|it| it.seq == message.seq).unwrap_or_else(|| message.clone()));
    }
    quotes::fill(app, &mut fresh).await?;
    Ok(fresh)
}

impl FanOut<'_> {
    /// Brings one user what they may read; true when a connection took all of it.
    async fn deliver_to(&self, recipient: Recipient) -> Result<bool, Error> {
        let Recipient { user, inbox, reads_from } = recipient;
        let begin = self.messages.partition_point(|message| message.seq < reads_from);
        let theirs = &self.messages[begin..];
        let (Some(first), Some(last)) = (theirs.first(), theirs.last()) else { return Ok(false) };
        let (first, last) = (first.seq, last.seq);
        if begin == 0 && reader::is_same_for_all(theirs, reads_from) {
            return self.bring(&user, inbox, Part { first, last, batches: &self.batches }).await;
        }
        let mut theirs = theirs.to_vec();
        Box::pin(reader::fit(self.app, (&user, reads_from), &mut theirs)).await?;
        let batches = batches(&theirs, false);
        self.bring(&user, inbox, Part { first, last, batches: &batches }).await
    }

    /// Pushes to one user's connections, or leaves the messages waiting; true when one took all of them.
    async fn bring(
        &self,
        user: &UserId,
        mut inbox: Inbox,
        part: Part<'_, '_>,
    ) -> Result<bool, Error> {
        let Self { app, conversation, .. } = self;
        let Part { first, last, .. } = part;
        for _ in 0..ATTEMPTS {
            let pending = inbox.pending(conversation);
            let Some(mark) = pending.from else { return self.push(user, &inbox, part).await };
            let somebody_ready = !inbox.ready(app.clock.now()).is_empty();
            let noted_already = pending.late_write.is_some_and(|noted| noted >= last);
            let nobody_delivers = !somebody_ready && pending.lease.is_none();
            if mark <= first && (noted_already || nobody_delivers) {
                self.waits(StepKind::LeftToBacklog, user, (first, last));
                return Ok(false);
            }
            let seen = (mark, pending.late_write);
            let (store, wrote) = (&app.store, (first, last));
            let noted = store.note_late_write(user, conversation, seen, wrote, somebody_ready);
            match noted.await? {
                Update::Applied(after) => {
                    self.waits(StepKind::LeftToBacklog, user, (first, last));
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

    async fn push(&self, user: &UserId, inbox: &Inbox, part: Part<'_, '_>) -> Result<bool, Error> {
        let Self { app, conversation, sent_over, .. } = self;
        let now = app.clock.now();
        let speaks_here = sent_over.is_some() && self.messages.iter().any(|it| it.from == *user);
        let mut ready = inbox.ready(now);
        if matches!(conversation, ConversationId::Direct(..)) {
            ready.retain(|connection| !speaks_here || Some(connection) != *sent_over);
        }
        let (gone, stuck) = self.push_batches(user, ready, part).await;
        let taken = stuck.is_none();
        // The ack tells the caller; the lobby waits for nobody.
        let stuck = stuck.filter(|_| !speaks_here && **conversation != ConversationId::Lobby);
        let Some(stuck) = stuck else {
            self.remove_gone(user, inbox, &gone).await;
            return Ok(taken);
        };
        let is_full = inbox.is_full(app.config.most_listed_bytes);
        let step = if is_full { StepKind::Unlisted } else { StepKind::Waiting };
        self.waits(step, user, (stuck, part.last));
        let after = if !is_full {
            self.mark_pending(user, stuck, &gone).await?
        } else if inbox.overflows_untold() && inbox.ready(now).is_empty() {
            // Whoever tells the owner begins after this inbox was read, and so after the put.
            return Ok(false);
        } else {
            app.store.mark_overflow(user, &gone, now).await?
        };
        let waits = after.overflows() || after.pending(conversation).from.is_some();
        let somebody_ready = !after.ready(app.clock.now()).is_empty();
        if (waits && somebody_ready) || !after.overdue(now).is_empty() {
            app.store.notify(user).await?;
        }
        Ok(false)
    }

    /// Pushes to `ready`, as long as somebody takes it: who is gone, and what nobody took first.
    async fn push_batches(
        &self,
        user: &UserId,
        mut ready: Vec<ConnectionId>,
        part: Part<'_, '_>,
    ) -> (Vec<ConnectionId>, Option<Seq>) {
        let mut gone = Vec::new();
        for Batch { frame, messages } in part.batches {
            let pushes = self.app.pusher.push_to_all(ready.clone(), frame).await;
            let ends = ends(messages).unwrap_or((part.first, part.last));
            self.steps.pushed(StepKind::Pushed, ends, user, &pushes);
            let is_taken = pushes.iter().any(|(_, push)| *push == Push::Taken);
            let found_gone = pushes.into_iter().filter(|(_, push)| *push == Push::Gone);
            let found_gone: Vec<_> = found_gone.map(|(id, _)| id).collect();
            ready.retain(|connection| !found_gone.contains(connection));
            gone.extend(found_gone);
            if !is_taken {
                return (gone, Some(ends.0));
            }
            if let Some(sent_at) = count_delivered(self.app, user, messages) {
                self.app.metrics.delivered_after(self.app.clock.now().since(sent_at));
            }
        }
        (gone, None)
    }

    /// These wait for somebody.
    fn waits(&self, step: StepKind, user: &UserId, (first, last): (Seq, Seq)) {
        self.steps.took(step, (first, last), user);
        let part = self.messages.iter().filter(|it| (first..=last).contains(&it.seq));
        self.app
            .metrics
            .count_many(Count::MessagesWaiting, part.filter(|it| is_for(it, user)).count());
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
        match store.mark_pending(user, self.conversation, seq, gone, now).await? {
            Update::Refused(_) if !gone.is_empty() => {
                store.remove_connections(user, gone, now).await
            }
            Update::Applied(inbox) | Update::Refused(inbox) => Ok(inbox),
        }
    }
}

/// Counts what a connection of somebody took in one frame; when the first of it was stored that others said.
pub fn count_delivered(app: &App, user: &UserId, messages: &[Message]) -> Option<Timestamp> {
    let mut theirs = messages.iter().filter(|message| is_for(message, user));
    let sent_at = theirs.next()?.sent_at;
    let count = theirs.count() + 1;
    app.metrics.count_many(Count::MessagesDelivered, count);
    if messages.len() > 1 {
        app.metrics.count_many(Count::FramesCoalesced, count);
    }
    Some(sent_at)
}

/// Whether somebody is not only told what they said themselves.
fn is_for(message: &Message, user: &UserId) -> bool {
    message.from != *user || message.conversation.addressee(user) == Some(user)
}

/// The first and the last of some messages.
fn ends(messages: &[Message]) -> Option<(Seq, Seq)> {
    Some((messages.first()?.seq, messages.last()?.seq))
}
