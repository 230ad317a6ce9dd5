//! Gives messages their numbers, also when many want one at once.
//!
//! To append is to read the tail, take the number after it, and put under the condition that the
//! number is free. Whoever loses a race is shown the occupant and steps on, or gives way if many race
//! ([`backoff`](super::backoff)). So numbers have no holes, and no counter exists that could disagree
//! with the log. The first message of a log is the one exception: see
//! [`put_first`](crate::store::Store::put_first).

use std::time::Duration;

use futures::future;

use super::backoff::Backoff;
use super::rate::{check_rate, count_sent, most_of, shows_a_second};
use super::repeat::find_repeat;
use super::way::fan_until;
use crate::domain::permissions::{self, Action};
use crate::domain::{ConversationId, Message, MessageId, NewMessage, Timestamp};
use crate::metrics::Count;
use crate::store::{Entry, First, Put, Tail};
use crate::writer_queue::Turn;
use crate::{App, Error, invocation, limits};

/// How often an append starts over before it is given up: each time other writers got further.
const ATTEMPTS: u32 = 500;
/// How many messages at the end of a log are looked at before an append.
const TAIL: usize = 12;
/// How many where only two talk.
const TAIL_OF_TWO: usize = 4;
/// How many when a client's id does not tell its time.
const LONG_TAIL: usize = limits::REPEATS_AMONG;

/// What became of a new message.
#[derive(Debug)]
pub struct Appended {
    /// The message as it is kept.
    pub message: Message,
    /// Whether the same sender sent it before under the same id, and it was stored then.
    pub duplicate: bool,
    /// How many members the room is known to have, where it matters; else 0.
    pub members: usize,
}

/// One append, through all its rounds.
struct Append<'a> {
    app: &'a App,
    conversation: &'a ConversationId,
    new: &'a NewMessage,
    id: MessageId,
    now: Timestamp,
}

/// Gives `new` the next number of `conversation`, or finds the message it repeats, if `permission` is
/// granted, asked for before every round.
///
/// Fails with `conflict` when its id names another message of the same sender, with `bad_request` when
/// the time inside its id is in the future or too long ago to search for, and with `rate_limited` when
/// the sender says too much or has too much searched for.
pub async fn append<Permission: Future<Output = Result<(), Error>>>(
    app: &App,
    conversation: &ConversationId,
    new: &NewMessage,
    permission: impl Fn() -> Permission,
) -> Result<Appended, Error> {
    invocation::is_about(conversation);
    let now = app.clock.now();
    let made_at = new.id.as_ref().and_then(MessageId::made_at);
    if made_at.is_some_and(|made_at| made_at > now.plus(limits::ID_AHEAD)) {
        return Err(Error::Invalid("the time inside `id` is in the future".into()));
    }
    let id = new.id.clone().unwrap_or_else(|| MessageId::fresh(now));
    let append = Append { app, conversation, new, id, now };
    // The permission is asked for meanwhile: nothing is written before both came.
    let ((mut turn, mut tail, mut backoff), ()) =
        future::try_join(append.first_look(), permission()).await?;
    let (mut known, mut counted) = (0, None);
    for round in 1..ATTEMPTS {
        backoff.answered();
        let searched = (known, now);
        let earlier = find_repeat(app, conversation, (new, &append.id), &tail, searched).await?;
        let members = tail.hand_over.as_ref().map_or(0, |hand_over| hand_over.members);
        if let Some(message) = earlier {
            append.count(true);
            return Ok(Appended { message, duplicate: true, members });
        }
        known = tail.entries.first().map_or(known, |newest| newest.message.seq);
        check_peer(&tail, new)?;
        check_rate(app, new, &tail, now)?;
        if round == 1 {
            // Whatever is not stored in the end does not count.
            counted = count_sent(app, new, now)?;
        }
        let starts = tail.needs_start(now, append.kept(&tail));
        let appended = if starts {
            append.put_first(&tail).await?
        } else {
            append.put_after(&mut tail, backoff.tries()).await?
        };
        if let Some((message, duplicate)) = appended {
            if let Some(counted) = counted.filter(|_| !duplicate) {
                counted.keep();
            }
            append.count(duplicate);
            if let Some(turn) = turn.filter(|_| !starts) {
                turn.leave(tail);
            }
            return Ok(Appended { message, duplicate, members });
        }
        backoff.pause().await;
        (tail, ()) = future::try_join(append.tail(turn.as_mut()), permission()).await?;
    }
    Err(Error::Storage { action: "append a message", source: "too many writers at once".into() })
}

impl Append<'_> {
    /// The end of the log when it is this writer's turn: as the writer before left it, or as it is now.
    async fn first_look(&self) -> Result<(Option<Turn<Tail>>, Tail, Backoff), Error> {
        let mut turn = match &self.app.writer_queue {
            Some(queue) => Some(queue.turn(self.conversation).await),
            None => None,
        };
        let backoff = Backoff::new();
        let inherited = turn.as_mut().and_then(Turn::inherit);
        let tail = match inherited.filter(|tail| self.suffices(tail)) {
            Some(tail) => tail,
            None => self.tail(turn.as_mut()).await?,
        };
        Ok((turn, tail, backoff))
    }

    /// The end of the log, as far back as the sender's rate and most repeats ask for; where an id was made
    /// before that, [`find_repeat`] reads on.
    async fn tail(&self, turn: Option<&mut Turn<Tail>>) -> Result<Tail, Error> {
        if let Some(turn) = turn {
            turn.looks();
        }
        let store = &self.app.store;
        let tail = store.tail(self.conversation, self.least()).await?;
        if self.suffices(&tail) {
            Ok(tail)
        } else {
            store.tail(self.conversation, self.most()).await
        }
    }

    /// Whether it goes back as far as that.
    fn suffices(&self, tail: &Tail) -> bool {
        let rate = most_of(self.app, self.new);
        let shows_rate = rate == 0 || shows_a_second(tail, self.now);
        tail.shows(self.most()) || tail.shows(self.least()) && shows_rate
    }

    /// How many messages are looked at if they show enough.
    fn least(&self) -> usize {
        let is_of_two = matches!(self.conversation, ConversationId::Direct(..));
        if is_of_two && !self.has_timeless_id() { TAIL_OF_TWO } else { self.most() }
    }

    /// How many messages are looked at at most.
    fn most(&self) -> usize {
        if self.has_timeless_id() {
            return LONG_TAIL;
        }
        TAIL.max(most_of(self.app, self.new)).min(LONG_TAIL)
    }

    fn has_timeless_id(&self) -> bool {
        self.new.id.as_ref().is_some_and(|id| id.made_at().is_none())
    }

    /// Starts the log; `None` when somebody was faster, and the tail must be read again.
    async fn put_first(&self, tail: &Tail) -> Result<Option<(Message, bool)>, Error> {
        let Self { app, conversation, now, .. } = self;
        let start = match tail.start {
            None if !tail.whole => app.store.start_of(conversation).await?,
            start => start,
        };
        let entry = self.entry(tail.next_seq(*now), tail);
        let holders = if app.config.has_accounts() { conversation.pair() } else { Vec::new() };
        let earlier = tail.outlives(*now, self.kept(tail));
        match app.store.put_first(&entry, start, &holders, earlier).await? {
            First::Stored => Ok(Some((entry.message, false))),
            First::Overtaken => {
                app.metrics.count(Count::LogConflicts);
                Ok(None)
            }
            First::NoAccount(user) if user == self.new.from => Err(Error::DELETED),
            First::NoAccount(_) => Err(Error::NotFound("user")),
        }
    }

    /// Tries so many numbers after the newest until one is free, or has this very message already: then
    /// true beside it; `None` when the tail must be read again. The tail shows then what it met.
    async fn put_after(
        &self,
        tail: &mut Tail,
        tries: u32,
    ) -> Result<Option<(Message, bool)>, Error> {
        for _ in 0..tries {
            let Some(newest) = tail.entries.first() else { return Ok(None) };
            let entry = self.entry(newest.message.seq + 1, tail);
            match self.app.store.put_message(&entry).await? {
                Put::Stored => {
                    let message = entry.message.clone();
                    tail.push(entry, LONG_TAIL);
                    return Ok(Some((message, false)));
                }
                Put::Contended => {
                    self.app.metrics.count(Count::LogConflicts);
                    return Ok(None);
                }
                Put::Occupied(occupant) => {
                    if self.new.is_repeated_by(&self.id, &occupant.message)? {
                        return Ok(Some((occupant.message, true)));
                    }
                    self.app.metrics.count(Count::LogConflicts);
                    tail.push(*occupant, LONG_TAIL);
                    check_rate(self.app, self.new, tail, self.now)?;
                }
            }
        }
        Ok(None)
    }

    /// How long the message is kept.
    fn kept(&self, tail: &Tail) -> Option<Duration> {
        tail.lifetime.kept(self.app.config.retention)
    }

    fn count(&self, duplicate: bool) {
        if duplicate {
            self.app.metrics.count(Count::MessagesRepeated);
        } else if self.new.body.is_text() {
            self.app.metrics.count(Count::MessagesAccepted);
        }
    }

    /// The message as it stands behind this end of the log. Its way is decided anew with every number, and
    /// part of the put.
    fn entry(&self, seq: u64, tail: &Tail) -> Entry {
        let (newest, place) = (tail.entries.first(), (self.conversation, seq));
        let kept = self.kept(tail);
        let entry = Entry::after(newest, place, (self.new, &self.id), self.now, kept);
        entry.going(fan_until(self.app, tail, self.now))
    }
}

/// Refuses what is said to somebody who is gone, is blocked, or has blocked the sender.
fn check_peer(tail: &Tail, new: &NewMessage) -> Result<(), Error> {
    if !tail.gone.is_empty() {
        return Err(Error::NotFound("user"));
    }
    let blocks = tail.blocked_by.contains(&new.from);
    let is_blocked = tail.blocked_by.iter().any(|user| *user != new.from);
    permissions::check(Action::Speak, permissions::between_two(blocks, is_blocked))
}
