//! How long one waits for any sign of life.

use std::time::{Duration, Instant};

/// How long nothing may be heard while something is unanswered.
const SILENCE: Duration = Duration::from_secs(10);
/// How long nothing may be heard before the server is asked whether it is there.
const QUIET: Duration = Duration::from_secs(30);

/// The signs of life of a connection.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    heard: Instant,
    waiting_since: Option<Instant>,
}

impl Heartbeat {
    /// A connection that stands since `now`.
    pub(crate) fn new(now: Instant) -> Self {
        Self { heard: now, waiting_since: None }
    }

    /// Something came.
    pub(crate) fn hear(&mut self, now: Instant) {
        *self = Self::new(now);
    }

    /// Something was sent that is answered.
    pub(crate) fn expect(&mut self, now: Instant) {
        self.waiting_since.get_or_insert(now);
    }

    /// Whether it is time to ask for a sign of life.
    pub(crate) fn is_quiet(&self, now: Instant) -> bool {
        self.waiting_since.is_none() && now - self.heard >= QUIET
    }

    /// Whether the connection counts as lost.
    pub(crate) fn is_lost(&self, now: Instant) -> bool {
        self.waiting_since.is_some_and(|since| now - since >= SILENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_lost_when_it_answers_nothing() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(start);
        assert!(!heartbeat.is_quiet(start) && heartbeat.is_quiet(start + QUIET));
        assert!(!heartbeat.is_lost(start + QUIET));
        heartbeat.expect(start + QUIET);
        heartbeat.expect(start + QUIET + SILENCE / 2);
        assert!(!heartbeat.is_quiet(start + QUIET + SILENCE));
        assert!(heartbeat.is_lost(start + QUIET + SILENCE));
        heartbeat.hear(start + QUIET + SILENCE);
        assert!(!heartbeat.is_lost(start + QUIET + SILENCE));
    }
}
