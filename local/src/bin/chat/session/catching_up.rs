//! `sync`: asks for what was missed, after a gap and after every reconnect.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::patience;

/// How many conversations one frame may ask for.
const CONVERSATIONS: usize = 50;
/// The pause before what is still missing is asked for again: it may be under way.
const PAUSE: Duration = Duration::from_millis(250);

/// Which conversations may lack something.
#[derive(Debug, Default)]
pub(crate) struct CatchingUp {
    wanted: BTreeSet<String>,
    asked: BTreeSet<String>,
    tries: u32,
    due: Option<Instant>,
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
        (self.tries, self.due) = (0, None);
    }

    /// The frame that is due, with the watermark of each conversation.
    pub(crate) fn due(
        &mut self,
        now: Instant,
        watermark: impl Fn(&str) -> Option<u64>,
    ) -> Option<Value> {
        if self.due.is_some_and(|due| due > now) {
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
            self.due = None;
            return None;
        }
        self.asked = since.keys().cloned().collect();
        self.due = Some(now + patience(self.tries));
        self.tries += 1;
        Some(json!({ "action": "sync", "since": since }))
    }

    /// The answer came.
    pub(crate) fn answer(&mut self, now: Instant) {
        self.asked.clear();
        (self.tries, self.due) = (0, Some(now + PAUSE));
    }

    /// Something failed, and nobody knows what: repeats come soon.
    pub(crate) fn hurry(&mut self, soon: Instant) {
        self.due = self.due.map(|due| due.min(soon));
    }
}
