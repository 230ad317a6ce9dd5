//! `sync`: asks for what was missed, after a gap and after every reconnect.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use fastrand::Rng;
use protocol::{ClientFrame, Seq, SyncRequest, limits};

use crate::outbox::Outgoing;
use crate::repeat::Repeat;
use crate::requests::fresh_id;

/// The pause before what is still missing is asked for again: it may be under way.
const PAUSE: Duration = Duration::from_millis(250);
/// How long a message may overtake the one before it until that counts as missing: what its sender delivers
/// and what the table's stream brings may cross.
const OVERTAKING: Duration = Duration::from_millis(300);

/// Which conversations may lack something.
#[derive(Debug, Default)]
pub(crate) struct Sync {
    wanted: BTreeSet<String>,
    /// Those that lack something before what has come, and since when that has been known.
    gaps: BTreeMap<String, Option<Instant>>,
    asked: BTreeSet<String>,
    /// The id of the frame that asked last.
    id: Option<String>,
    repeat: Repeat,
}

impl Sync {
    /// Something may be missing in this conversation.
    pub(crate) fn want(&mut self, conversation: &str) {
        self.wanted.insert(conversation.to_owned());
    }

    /// Nothing is missing in this conversation any more.
    pub(crate) fn has(&mut self, conversation: &str) {
        self.wanted.remove(conversation);
    }

    /// Something is missing in this conversation before what has come, or not any more.
    pub(crate) fn has_gap(&mut self, conversation: &str, has_gap: bool) {
        if has_gap {
            self.gaps.entry(conversation.to_owned()).or_default();
        } else {
            self.gaps.remove(conversation);
        }
    }

    /// A new connection: what the old one was asked is not answered any more.
    pub(crate) fn begin(&mut self) {
        self.wanted.append(&mut self.asked);
        (self.id, self.repeat) = (None, Repeat::default());
    }

    /// The frame that is due, with the watermark of each conversation.
    pub(crate) fn due(
        &mut self,
        now: Instant,
        random: &mut Rng,
        watermark: impl Fn(&str) -> Option<Seq>,
    ) -> Option<Outgoing> {
        for since in self.gaps.values_mut() {
            since.get_or_insert(now);
        }
        if !self.repeat.is_due(now) {
            return None;
        }
        self.wanted.append(&mut self.asked);
        let is_missing = |since: Option<Instant>| since.is_some_and(|it| now >= it + OVERTAKING);
        let missing = self.gaps.extract_if(.., |_, since| is_missing(*since));
        self.wanted.extend(missing.map(|(conversation, _)| conversation));
        let mut since = BTreeMap::new();
        while let (true, Some(conversation)) =
            (since.len() < limits::CONVERSATIONS_PER_SYNC, self.wanted.pop_first())
        {
            if let Some(watermark) = watermark(&conversation) {
                since.insert(conversation, watermark);
            }
        }
        if since.is_empty() {
            (self.id, self.repeat) = (None, Repeat::default());
            return None;
        }
        self.asked = since.keys().cloned().collect();
        self.repeat.ask(now);
        self.id = Some(fresh_id(random));
        Some(Outgoing { frame: ClientFrame::Sync(SyncRequest { since }), id: self.id.clone() })
    }

    /// An answer came, to the frame of this `id`: if that was not the last, another is to come.
    pub(crate) fn answer(&mut self, id: Option<&str>, now: Instant) {
        if self.id.as_deref() == id {
            self.asked.clear();
            (self.id, self.repeat) = (None, Repeat::not_before(now + PAUSE));
        }
    }

    /// Something failed, and nobody knows what: repeats come soon.
    pub(crate) fn suspect(&mut self, now: Instant, random: &mut Rng) {
        self.repeat.suspect(now, random);
    }

    /// The frame `id` is to be repeated, but not before `pause` is over; whether there is one.
    pub(crate) fn put_off(&mut self, id: &str, now: Instant, pause: Duration) -> bool {
        let is_asked = self.id.as_deref() == Some(id);
        if is_asked {
            self.repeat.put_off(now, pause);
        }
        is_asked
    }
}
