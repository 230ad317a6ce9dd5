//! What happened in one world, for the checkers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;
use tokio::time::Instant;

/// What one invocation has asked for, by operation, and how often a write was refused.
pub(crate) type Spent = BTreeMap<String, u64>;

/// A conversation's name, a message's number.
pub(crate) type Place = (String, u64);

/// A message as a client saw it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Seen {
    pub(crate) conversation: String,
    pub(crate) seq: u64,
    pub(crate) id: String,
    pub(crate) from: String,
    pub(crate) kind: String,
    pub(crate) content: String,
}

impl Seen {
    /// Whether somebody saw this message, whatever it said then.
    pub(crate) fn is(&self, other: &Self) -> bool {
        (&self.conversation, self.seq, &self.id, &self.from, &self.kind)
            == (&other.conversation, other.seq, &other.id, &other.from, &other.kind)
    }

    /// Whether it changes another one, and is not shown by itself.
    pub(crate) fn is_event(&self) -> bool {
        ["edited", "deleted", "reacted", "pinned"].contains(&self.kind.as_str())
    }
}

/// One thing that happened; `at` is virtual milliseconds.
#[derive(Clone, Debug, Hash)]
pub(crate) enum What {
    /// A client sent a message under an id of its own, perhaps again.
    Sent { conversation: String, id: String },
    /// A client got an ack.
    Acked { conversation: String, id: String, seq: u64, duplicate: bool },
    /// A connection's client received a message, by a push or in a page.
    Received(Seen),
    /// The same, by the connection: a message with every event about it up to `revised`, or an event.
    Came { connection: String, place: Place, revised: u64 },
    /// The same, by a push that was not asked for.
    Pushed { connection: String, place: Place },
    /// A connection's client was told that what came before this message is skipped.
    Skipped { connection: String, place: Place },
    /// API Gateway took that word for a connection that was lost in silence.
    SkippedForNobody { connection: String, place: Place },
    /// A client that follows the protocol showed a message to its person.
    Shown(Seen),
    /// What a client that follows the protocol shows of a message from now on.
    Picture { place: Place, picture: String },
    /// It shows none of the messages any more that it has shown of this conversation.
    Forgotten { conversation: String },
    /// A client that follows the protocol shows this conversation no more, or from another place on.
    Reopened { conversation: String },
    /// A connection of the user opened.
    Opened { connection: String, session: String },
    /// A session of the user has ended.
    SignedOut { session: String },
    /// The deletion of the user's account was answered.
    Deleted,
    /// The user was told that more waits than is listed.
    Told,
    /// API Gateway took that word for a connection that was lost in silence.
    ToldNobody { connection: String },
    /// A connection was made welcome: from now on it gets whatever is pushed.
    Welcome { connection: String },
    /// A connection ended, or was found to have.
    Closed { connection: String },
    /// API Gateway took a push for a connection that was lost in silence.
    Lost { connection: String, place: Place },
    /// A client was told that it may not send this.
    Refused { id: String },
    /// The user's leaving of the room was answered.
    Left { conversation: String },
    /// The user asked to leave the room.
    Leaving { conversation: String },
    /// The user asked to join the room again.
    Joining { conversation: String },
    /// An invocation of this kind has asked the table for so much.
    Spent { kind: String, spent: Spent },
    /// A promise was broken where it shows at once.
    Broken(String),
}

/// Who, when, what.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Event {
    pub(crate) at: u128,
    pub(crate) user: String,
    pub(crate) device: usize,
    pub(crate) what: What,
}

/// Everything that happened, in order; clones share it.
#[derive(Clone)]
pub(crate) struct Record {
    begin: Instant,
    events: Arc<Mutex<Vec<Event>>>,
    /// When each message was stored, as the table saw it.
    stored: Arc<Mutex<BTreeMap<Place, u128>>>,
    /// Which of them the table's stream was to bring.
    by_stream: Arc<Mutex<BTreeSet<Place>>>,
    requests: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl Record {
    pub(crate) fn new() -> Self {
        Self {
            begin: Instant::now(),
            events: Arc::default(),
            stored: Arc::default(),
            by_stream: Arc::default(),
            requests: Arc::default(),
        }
    }

    /// Virtual milliseconds since the beginning.
    pub(crate) fn now(&self) -> u128 {
        self.begin.elapsed().as_millis()
    }

    pub(crate) fn note(&self, user: &str, device: usize, what: What) {
        let event = Event { at: self.now(), user: user.to_owned(), device, what };
        lock(&self.events).push(event);
    }

    pub(crate) fn note_stored(&self, place: Place) {
        lock(&self.stored).entry(place).or_insert_with(|| self.begin.elapsed().as_millis());
    }

    pub(crate) fn note_by_stream(&self, place: Place) {
        lock(&self.by_stream).insert(place);
    }

    pub(crate) fn by_stream(&self) -> BTreeSet<Place> {
        lock(&self.by_stream).clone()
    }

    pub(crate) fn note_request(&self, name: &str) {
        *lock(&self.requests).entry(name.to_owned()).or_default() += 1;
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        lock(&self.events).clone()
    }

    pub(crate) fn stored(&self) -> BTreeMap<Place, u128> {
        lock(&self.stored).clone()
    }

    pub(crate) fn requests(&self) -> BTreeMap<String, u64> {
        lock(&self.requests).clone()
    }
}

/// Whether a frame tells that more waits than is listed.
pub(crate) fn says_more_waits(frame: &Value) -> bool {
    frame["type"] == "more_waiting" || frame["more_waiting"] == true
}

/// The field of frames that were asked for by a `sync`.
pub(crate) const ASKED: &str = "asked";

/// The messages that a frame pushes, if it pushes any.
pub(crate) fn pushed(frame: &Value) -> Vec<Seen> {
    match frame["type"].as_str() {
        Some("message") => seen(frame).into_iter().collect(),
        Some("messages") => {
            frame["messages"].as_array().into_iter().flatten().filter_map(seen).collect()
        }
        _ => Vec::new(),
    }
}

/// The first message of a frame that says that others before it are skipped.
pub(crate) fn skipped_before(frame: &Value) -> Option<Place> {
    let first = pushed(frame).into_iter().next().filter(|_| frame["more"] == true)?;
    Some((first.conversation, first.seq))
}

/// The message that `view` shows, if it is one.
pub(crate) fn seen(view: &Value) -> Option<Seen> {
    let text = |name: &str| view[name].as_str().map(str::to_owned);
    Some(Seen {
        conversation: text("conversation")?,
        seq: view["seq"].as_u64()?,
        id: text("id")?,
        from: text("from")?,
        kind: text("kind")?,
        content: text("content").unwrap_or_default(),
    })
}

/// Whoever held the lock has not panicked: a run that panics ends there.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}
