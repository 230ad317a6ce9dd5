//! `sync`: asks for what was missed, after a gap and after every reconnect.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::repeat::Repeat;

/// How many conversations one frame may ask for.
const CONVERSATIONS: usize = 50;
/// The pause before what is still missing is asked for again: it may be under way.
const PAUSE: Duration = Duration::from_millis(250);

/// Which conversations may lack something.
#[derive(Debug, Default)]
pub(crate) struct CatchingUp {
    wanted: BTreeSet<String>,
    asked: BTreeSet<String>,
    repeat: Repeat,
}

impl CatchingUp {
    /// Something may be missing in this conversation.
    pub(crate) fn want(&mut self, conversation: &str) {
        self.wanted.insert(conversation.to_owned());
    }

    /// Nothing is missing in this conversation any more.
    pub(crate) fn has(&mut self, conversation: &str) {
        self.wanted.remove(conversation);
    }

    /// A new connection: what the old one was asked is not answered any more.
    pub(crate) fn begin(&mut self) {
        self.wanted.append(&mut self.asked);
        self.repeat = Repeat::default();
    }

    /// The frame that is due, with the watermark of each conversation.
    pub(crate) fn due(
        &mut self,
        now: Instant,
        watermark: impl Fn(&str) -> Option<u64>,
    ) -> Option<Value> {
        if !self.repeat.is_due(now) {
            return None;
        }
        self.wanted.append(&mut self.asked);
        let mut since = BTreeMap::new();
        while let (true, Some(conversation)) =
            (since.len() < CONVERSATIONS, self.wanted.pop_first())
        {
            if let Some(watermark) = watermark(&conversation) {
                since.insert(conversation, watermark);
            }
        }
        if since.is_empty() {
            self.repeat = Repeat::default();
            return None;
        }
        self.asked = since.keys().cloned().collect();
        self.repeat.ask(now);
        Some(json!({ "action": "sync", "since": since }))
    }

    /// The answer came.
    pub(crate) fn answer(&mut self, now: Instant) {
        self.asked.clear();
        self.repeat = Repeat::not_before(now + PAUSE);
    }

    /// Something failed, and nobody knows what: repeats come soon.
    pub(crate) fn suspect(&mut self, now: Instant) {
        self.repeat.suspect(now);
    }

    /// The question is to be asked again, if there is one, but not before `pause` is over.
    pub(crate) fn put_off(&mut self, now: Instant, pause: Duration) {
        if !self.asked.is_empty() {
            self.repeat.put_off(now, pause);
        }
    }
}
