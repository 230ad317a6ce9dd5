//! Questions that are asked until they are answered.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uuid::Uuid;

use super::outbox::is_sendable;
use super::repeat::Repeat;

/// What somebody wants that is not to say something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// The newest messages of two people.
    Open { conversation: String, with: String, limit: usize },
    /// To be in a room, by name or id.
    Join { room: String },
    /// Not to be in a room any more, by id.
    Leave { room: String },
    /// Others to know how far one has read.
    Read { conversation: String, seq: u64 },
}

impl Wish {
    /// Whether its frame would be taken.
    pub(super) fn is_sendable(&self) -> bool {
        match self {
            Self::Join { room } | Self::Leave { room } => is_sendable(room),
            Self::Open { with, .. } => is_sendable(with),
            Self::Read { .. } => true,
        }
    }

    fn frame(&self, id: &str) -> Value {
        match self {
            Self::Open { with, limit, .. } => {
                json!({ "action": "history", "with": with, "limit": limit, "id": id })
            }
            Self::Join { room } => json!({ "action": "join", "room": room, "id": id }),
            Self::Leave { room } => json!({ "action": "leave", "room": room, "id": id }),
            Self::Read { conversation, seq } => {
                json!({ "action": "read", "conversation": conversation, "seq": seq, "id": id })
            }
        }
    }
}

#[derive(Debug)]
struct Ask {
    id: String,
    wish: Wish,
    repeat: Repeat,
}

/// The questions without an answer.
#[derive(Debug, Default)]
pub(crate) struct Asks {
    open: Vec<Ask>,
}

impl Asks {
    /// Asks for something, unless that is asked already.
    pub(crate) fn put(&mut self, wish: Wish) {
        if self.open.iter().all(|ask| ask.wish != wish) {
            let (id, repeat) = (Uuid::now_v7().to_string(), Repeat::default());
            self.open.push(Ask { id, wish, repeat });
        }
    }

    /// The frames that are due.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<Value> {
        let mut frames = Vec::new();
        for ask in &mut self.open {
            if ask.repeat.is_due(now) {
                ask.repeat.ask(now);
                frames.push(ask.wish.frame(&ask.id));
            }
        }
        frames
    }

    /// A new connection: everything is asked again.
    pub(crate) fn begin(&mut self) {
        for ask in &mut self.open {
            ask.repeat = Repeat::default();
        }
    }

    /// Something failed, and nobody knows what: repeats come soon.
    pub(crate) fn suspect(&mut self, now: Instant) {
        for ask in &mut self.open {
            ask.repeat.suspect(now);
        }
    }

    /// The wish is fulfilled of everything that `is_fulfilled` says so of; whether there was any.
    pub(crate) fn fulfil(&mut self, is_fulfilled: impl Fn(&Wish) -> bool) -> bool {
        let before = self.open.len();
        self.open.retain(|ask| !is_fulfilled(&ask.wish));
        self.open.len() < before
    }

    /// The question `id` is answered or refused; what it was.
    pub(crate) fn settle(&mut self, id: &str) -> Option<Wish> {
        let index = self.open.iter().position(|ask| ask.id == id)?;
        Some(self.open.remove(index).wish)
    }

    /// The question `id` is to be asked again, but not before `pause` is over; whether there is one.
    pub(crate) fn put_off(&mut self, id: &str, now: Instant, pause: Duration) -> bool {
        let ask = self.open.iter_mut().find(|ask| ask.id == id);
        ask.map(|ask| ask.repeat.put_off(now, pause)).is_some()
    }
}

/// Whether the wish is that others know of something read up to here.
pub(super) fn is_read(wish: &Wish, conversation: &str, upto: u64) -> bool {
    matches!(wish, Wish::Read { conversation: it, seq } if it == conversation && *seq <= upto)
}
