//! Gives messages their numbers, also when many want one at once.
//!
//! To append is to read the tail, take the number after it, and put under the condition that the
//! number is free. Whoever loses a race is shown the occupant and steps on, or gives way if many race
//! ([`backoff`](super::backoff)). So numbers have no holes, and no counter exists that could disagree
//! with the log. The first message of a log is the one exception: see
//! [`put_first`](crate::store::Store::put_first).

use futures::future;

use super::backoff::Backoff;
use super::rate::{RecentMessages, count_sent, most_of, shows_a_second};
use super::repeat::find_repeat;
use super::way::Way;
use crate::domain::permissions::{self, Action};
use crate::domain::{ConversationId, Message, MessageId, NewMessage, Timestamp};
use crate::store::{Entry, First, Put, Tail};
use crate::{App, Error, limits};

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
    let _turn = match &app.writer_queue {
        Some(queue) => Some(queue.turn(conversation).await),
        None => None,
    };
    let now = app.clock.now();
    let made_at = new.id.as_ref().and_then(MessageId::made_at);
    if made_at.is_some_and(|made_at| made_at > now.plus(limits::ID_AHEAD)) {
        return Err(Error::Invalid("the time inside `id` is in the future".into()));
    }
    let id = new.id.clone().unwrap_or_else(|| MessageId::fresh(now));
    let append = Append { app, conversation, new, id, now };
    let mut backoff = Backoff::new();
    // The permission is asked for while the tail is read: nothing is written before both came.
    let look = || future::try_join(append.tail(), permission());
    let (mut tail, ()) = look().await?;
    let (mut known, mut counted) = (0, None);
    for round in 1..ATTEMPTS {
        backoff.answered();
        let searched = (known, now);
        let earlier = find_repeat(app, conversation, (new, &append.id), &tail, searched).await?;
        let members = tail.hand_over.as_ref().map_or(0, |hand_over| hand_over.members);
        if let Some(message) = earlier {
            return Ok(Appended { message, duplicate: true, members });
        }
        known = tail.entries.first().map_or(known, |newest| newest.message.seq);
        check_peer(&tail, new)?;
        let mut lately = RecentMessages::of(new, &tail, most_of(app, new));
        let newest = tail.entries.first();
        lately.check(newest.map_or(now, |newest| newest.message.sent_at.max(now)))?;
        if round == 1 {
            // Whatever is not stored in the end does not count.
            counted = count_sent(app, new, now)?;
        }
        let appended = if tail.needs_start(now) {
            append.put_first(&tail).await?
        } else {
            append.put_after(&tail, backoff.tries(), &mut lately).await?
        };
        if let Some((message, duplicate)) = appended {
            if let Some(counted) = counted.filter(|_| !duplicate) {
                counted.keep();
            }
            return Ok(Appended { message, duplicate, members });
        }
        backoff.pause().await;
        (tail, ()) = look().await?;
    }
    Err(Error::Storage { action: "append a message", source: "too many writers at once".into() })
}

impl Append<'_> {
    /// The end of the log, as far back as the sender's rate and most repeats ask for; where an id was made
    /// before that, [`find_repeat`] reads on.
    async fn tail(&self) -> Result<Tail, Error> {
        let Self { app, conversation, .. } = self;
        if self.new.id.as_ref().is_some_and(|id| id.made_at().is_none()) {
            return app.store.tail(conversation, LONG_TAIL).await;
        }
        let rate = most_of(app, self.new);
        if matches!(conversation, ConversationId::Direct(..)) {
            let tail = app.store.tail(conversation, TAIL_OF_TWO).await?;
            if rate == 0 || shows_a_second(&tail, self.now) {
                return Ok(tail);
            }
        }
        app.store.tail(conversation, TAIL.max(rate).min(LONG_TAIL)).await
    }

    /// Starts the log; `None` when somebody was faster, and the tail must be read again.
    async fn put_first(&self, tail: &Tail) -> Result<Option<(Message, bool)>, Error> {
        let Self { app, conversation, now, .. } = self;
        let start = match tail.start {
            None if !tail.whole => app.store.start_of(conversation).await?,
            start => start,
        };
        let entry = self.entry(tail.next_seq(*now), tail.entries.first());
        let entry = entry.going(Way::of(app, tail).fan_until(*now));
        let holders = if app.config.has_accounts() { conversation.pair() } else { Vec::new() };
        match app.store.put_first(&entry, start, &holders).await? {
            First::Stored => Ok(Some((entry.message, false))),
            First::Overtaken => Ok(None),
            First::NoAccount(user) if user == self.new.from => Err(Error::DELETED),
            First::NoAccount(_) => Err(Error::NotFound("user")),
        }
    }

    /// Tries so many numbers after the newest until one is free, or has this very message already: then
    /// true beside it; `None` when the tail must be read again.
    async fn put_after(
        &self,
        tail: &Tail,
        tries: u32,
        lately: &mut RecentMessages<'_>,
    ) -> Result<Option<(Message, bool)>, Error> {
        let mut way = Way::of(self.app, tail);
        let Some(newest) = tail.entries.first() else { return Ok(None) };
        let mut entry = self.entry(newest.message.seq + 1, Some(newest));
        for _ in 0..tries {
            // The way is decided anew with every number, and part of the put.
            entry = entry.going(way.fan_until(self.now));
            match self.app.store.put_message(&entry).await? {
                Put::Stored => return Ok(Some((entry.message, false))),
                Put::Contended => return Ok(None),
                Put::Occupied(occupant) => {
                    if self.new.is_repeated_by(&self.id, &occupant.message)? {
                        return Ok(Some((occupant.message, true)));
                    }
                    way.see(&occupant);
                    lately.see(&occupant.message);
                    lately.check(occupant.message.sent_at.max(self.now))?;
                    entry = self.entry(occupant.message.seq + 1, Some(&occupant));
                }
            }
        }
        Ok(None)
    }

    fn entry(&self, seq: u64, newest: Option<&Entry>) -> Entry {
        let place = (self.conversation, seq);
        Entry::after(newest, place, (self.new, &self.id), self.now, self.app.config.retention)
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
