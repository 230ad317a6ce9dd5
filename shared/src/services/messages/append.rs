//! Gives messages their numbers, also when many want one at once.
//!
//! To append is to read the tail, take the number after it, and put under the condition that the
//! number is free. Whoever loses a race is shown the occupant and steps on, or gives way if many race
//! ([`backoff`](super::backoff)). So numbers have no holes, and no counter exists that could disagree
//! with the log. The first message of a log is the one exception: see
//! [`put_first`](crate::store::Store::put_first).
//!
//! An event about a message is put in one transaction with what becomes of that message, which is read anew
//! for every round.

use std::time::Duration;

use futures::future;

use super::backoff::Backoff;
use super::becoming::{Becoming, becoming};
use super::rate::{check_rate, count_sent, most_of, shows_a_second};
use super::references;
use super::repeat::find_repeat;
use super::way::fan_until;
use crate::domain::permissions::{self, Action};
use crate::domain::{
    ConversationId, Message, MessageBody, MessageId, NewBody, NewChange, NewMessage, Seq, Timestamp,
};
use crate::metrics::Count;
use crate::rate_limiter::Counted;
use crate::store::{Entry, First, Obstacle, Put, Tail, Target};
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

/// Nothing else is pinned.
const ALL_PINNED: Error =
    Error::Conflict("as many messages are pinned as may be: let one not be pinned any more");

/// What became of a new message.
#[derive(Debug)]
pub struct Appended {
    /// The message as it is kept.
    pub message: Message,
    /// The sender's name for it.
    pub id: MessageId,
    /// Whether the same sender sent it before under the same id, and it was stored then.
    pub duplicate: bool,
    /// Whether nothing was to be done: what an event is about is so already. Then this is the message that
    /// it is about.
    pub idle: bool,
    /// The message that an event is about, as it was before.
    pub target: Option<Target>,
    /// How many members the room is known to have, where it matters; else 0.
    pub members: usize,
    /// When it was read, or what it shows of another message: it may have changed since.
    pub read_at: Timestamp,
}

/// One append, through all its rounds.
struct Append<'a> {
    app: &'a App,
    conversation: &'a ConversationId,
    new: &'a NewMessage,
    id: MessageId,
    now: Timestamp,
}

/// What an append keeps from round to round.
#[derive(Default)]
struct Progress {
    /// Up to which number it was found not to be there yet.
    known: Seq,
    /// That its sender has said something, once that was counted.
    counted: Option<Counted>,
    /// Whether the event is known to be gone whose words this one takes away.
    has_lost_edit: bool,
}

/// What became of a put.
enum Outcome {
    /// It is stored, perhaps by an earlier send.
    Stored { message: Box<Message>, duplicate: bool },
    /// Others were faster: everything must be read again.
    Overtaken,
    /// Something stands against what else is written with it.
    Obstacle(Obstacle),
}

/// Gives `new` the next number of `conversation`, or finds the message it repeats, if it is admitted, asked
/// for before every round; of an event that tells which message it is about, as it is now.
///
/// Fails with `conflict` when its id names another message of the same sender, with `bad_request` when
/// the time inside its id is in the future or too long ago to search for, and with `rate_limited` when
/// the sender says too much or has too much searched for.
pub async fn append<Admission: Future<Output = Result<Option<Target>, Error>>>(
    app: &App,
    conversation: &ConversationId,
    new: &NewMessage,
    admit: impl Fn() -> Admission,
) -> Result<Appended, Error> {
    invocation::is_about(conversation);
    let now = app.clock.now();
    let made_at = new.id.as_ref().and_then(MessageId::made_at);
    if made_at.is_some_and(|made_at| made_at > now.plus(limits::ID_AHEAD)) {
        return Err(Error::Invalid("the time inside `id` is in the future".into()));
    }
    let id = new.id.clone().unwrap_or_else(|| MessageId::fresh(now));
    let append = Append { app, conversation, new, id, now };
    let mut read_at = now;
    // Whether it is admitted is asked meanwhile: nothing is written before both came.
    let ((mut turn, mut tail, mut backoff), mut target) =
        future::try_join(append.first_look(), admit()).await?;
    let mut progress = Progress::default();
    for _ in 1..ATTEMPTS {
        backoff.answered();
        let (tries, starts) = (backoff.tries(), tail.needs_start(now, append.kept(&tail)));
        // Boxed, as what is large and awaited deep inside is: the stack has to hold whatever is not.
        let round = Box::pin(append.round(&mut progress, (&mut tail, target), tries)).await?;
        if let Some(appended) = round {
            if let Some(turn) = turn.filter(|_| !starts && !appended.duplicate) {
                turn.leave(tail);
            }
            return Ok(Appended { read_at, ..appended });
        }
        backoff.pause().await;
        read_at = app.clock.now();
        (tail, target) = future::try_join(append.tail(turn.as_mut()), admit()).await?;
    }
    Err(Error::Storage { action: "append a message", source: "too many writers at once".into() })
}

impl Append<'_> {
    /// One try behind this end of the log; `None` if others were faster.
    async fn round(
        &self,
        progress: &mut Progress,
        (tail, target): (&mut Tail, Option<Target>),
        tries: u32,
    ) -> Result<Option<Appended>, Error> {
        let Self { app, conversation, new, now, .. } = *self;
        let searched = (progress.known, now);
        let earlier = find_repeat(app, conversation, (new, &self.id), tail, searched).await?;
        let members = tail.hand_over.as_ref().map_or(0, |hand_over| hand_over.members);
        let appended = |message, duplicate, idle, target| {
            self.count(duplicate);
            let (id, read_at) = (self.id.clone(), now);
            Appended { message, id, duplicate, idle, target, members, read_at }
        };
        if let Some(message) = earlier {
            return Ok(Some(appended(message, true, false, target)));
        }
        progress.known = tail.entries.first().map_or(progress.known, |newest| newest.message.seq);
        check_peer(tail, new)?;
        check_rate(app, new, tail, now)?;
        Box::pin(references::check(app, conversation, new)).await?;
        let target = target.map(|mut it| {
            it.has_lost_edit = progress.has_lost_edit;
            it.keeps = app.config.edit_versions;
            it
        });
        let body = match becoming(new, target.as_ref())? {
            Becoming::Entry(body) => body,
            Becoming::AsItIs(message) => return Ok(Some(appended(message, true, true, target))),
        };
        if progress.counted.is_none() {
            // Whatever is not stored in the end does not count.
            progress.counted = count_sent(app, new, now)?;
        }
        let put = if tail.needs_start(now, self.kept(tail)) {
            self.put_first(tail, (&body, target.as_ref())).await?
        } else {
            self.put_after(tail, (&body, target.as_ref()), tries).await?
        };
        let (message, duplicate) = match put {
            Outcome::Stored { message, duplicate } => (message, duplicate),
            Outcome::Overtaken => return Ok(None),
            Outcome::Obstacle(Obstacle::LostEdit) => {
                progress.has_lost_edit = true;
                return Ok(None);
            }
            Outcome::Obstacle(Obstacle::AllPinned) => {
                let is_less = app.store.forget_gone_pins(conversation, now).await?;
                return if is_less { Ok(None) } else { Err(ALL_PINNED) };
            }
        };
        if let Some(counted) = progress.counted.take().filter(|_| !duplicate) {
            counted.keep();
        }
        Ok(Some(appended(*message, duplicate, false, target)))
    }

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

    /// Starts the log.
    async fn put_first(
        &self,
        tail: &Tail,
        (body, target): (&MessageBody, Option<&Target>),
    ) -> Result<Outcome, Error> {
        let Self { app, conversation, now, .. } = self;
        let start = match tail.start {
            None if !tail.whole => app.store.start_of(conversation).await?,
            start => start,
        };
        let entry = self.entry(tail.next_seq(*now), tail, body);
        let target = target.filter(|target| !target.message.archived);
        let holders = if app.config.has_accounts() { conversation.pair() } else { Vec::new() };
        let earlier = tail.outlives(*now, self.kept(tail));
        match app.store.put_first(&entry, start, target, (&holders, earlier)).await? {
            First::Stored => Ok(Outcome::stored(entry.message, false)),
            First::Overtaken => {
                app.metrics.count(Count::LogConflicts);
                Ok(Outcome::Overtaken)
            }
            First::Obstacle(obstacle) => Ok(Outcome::Obstacle(obstacle)),
            First::NoAccount(user) if user == self.new.from => Err(Error::DELETED),
            First::NoAccount(_) => Err(Error::NotFound("user")),
        }
    }

    /// Tries so many numbers after the newest until one is free, or has this very message already. The tail
    /// shows then what it met.
    async fn put_after(
        &self,
        tail: &mut Tail,
        (body, target): (&MessageBody, Option<&Target>),
        tries: u32,
    ) -> Result<Outcome, Error> {
        let target = target.filter(|target| !target.message.archived);
        for _ in 0..tries {
            let Some(newest) = tail.entries.first() else { return Ok(Outcome::Overtaken) };
            let entry = self.entry(newest.message.seq + 1, tail, body);
            let put = match target {
                Some(target) => self.app.store.put_event(&entry, target).await?,
                None => self.app.store.put_message(&entry).await?,
            };
            match put {
                Put::Stored => {
                    let message = entry.message.clone();
                    tail.push(entry, LONG_TAIL);
                    return Ok(Outcome::stored(message, false));
                }
                Put::Contended => {
                    self.app.metrics.count(Count::LogConflicts);
                    return Ok(Outcome::Overtaken);
                }
                Put::Obstacle(obstacle) => return Ok(Outcome::Obstacle(obstacle)),
                Put::Occupied(occupant) => {
                    if self.new.is_repeated_by(&self.id, &occupant.message)? {
                        return Ok(Outcome::stored(occupant.message, true));
                    }
                    self.app.metrics.count(Count::LogConflicts);
                    tail.push(*occupant, LONG_TAIL);
                    check_rate(self.app, self.new, tail, self.now)?;
                }
            }
        }
        Ok(Outcome::Overtaken)
    }

    /// How long the message is kept.
    fn kept(&self, tail: &Tail) -> Option<Duration> {
        tail.lifetime.kept(self.app.config.retention)
    }

    fn count(&self, duplicate: bool) {
        if duplicate {
            self.app.metrics.count(Count::MessagesRepeated);
        } else if matches!(self.new.body, NewBody::Said(_)) {
            self.app.metrics.count(Count::MessagesAccepted);
        }
    }

    /// The message as it stands behind this end of the log. Its way is decided anew with every number, and
    /// part of the put.
    fn entry(&self, seq: Seq, tail: &Tail, body: &MessageBody) -> Entry {
        let (newest, place) = (tail.entries.first(), (self.conversation, seq));
        let (kept, new) = (self.kept(tail), (self.new, &self.id, body.clone()));
        let entry = Entry::after(newest, place, new, self.now, kept);
        entry.going(fan_until(self.app, tail, self.now))
    }
}

impl Outcome {
    fn stored(message: Message, duplicate: bool) -> Self {
        Self::Stored { message: Box::new(message), duplicate }
    }
}

/// Refuses what is said to somebody who is gone, is blocked, or has blocked the sender; what was said before
/// may be taken back all the same.
fn check_peer(tail: &Tail, new: &NewMessage) -> Result<(), Error> {
    if matches!(new.body, NewBody::Event { change: NewChange::Delete, .. }) {
        return Ok(());
    }
    if !tail.gone.is_empty() {
        return Err(Error::NotFound("user"));
    }
    let blocks = tail.blocked_by.contains(&new.from);
    let is_blocked = tail.blocked_by.iter().any(|user| *user != new.from);
    permissions::check(Action::Speak, permissions::between_two(blocks, is_blocked))
}
