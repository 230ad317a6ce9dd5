//! What every message says: who sent it, its number, and when it was due. So whoever hears it knows how
//! late it is, and what is missing, comes twice or comes out of order.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// When the benchmark began; times are told from here.
static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Payload {
    /// The run it belongs to: what comes late of another one does not count.
    pub(crate) run: u32,
    /// Who sent it.
    pub(crate) sender: u32,
    /// Its number among this sender's, from 0.
    pub(crate) number: u64,
    /// When it was to be sent, since the benchmark began.
    pub(crate) due: Duration,
}

/// How long the benchmark has been running.
pub(crate) fn now() -> Duration {
    BEGAN.elapsed()
}

impl Payload {
    /// As text, filled up to `bytes`.
    pub(crate) fn text(&self, bytes: usize) -> String {
        let Self { run, sender, number, due } = self;
        let mut text = format!("{run} {sender} {number} {} ", due.as_nanos());
        text.extend(std::iter::repeat_n('.', bytes.saturating_sub(text.len())));
        text
    }

    /// Reads what [`text`](Self::text) wrote.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        Some(Self {
            run: words.next()?.parse().ok()?,
            sender: words.next()?.parse().ok()?,
            number: words.next()?.parse().ok()?,
            due: Duration::from_nanos(words.next()?.parse().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let payload =
            Payload { run: 1, sender: 7, number: 12, due: Duration::from_nanos(1_234_567) };
        let text = payload.text(100);
        assert_eq!((text.len(), Payload::read(&text)), (100, Some(payload)));
        assert_eq!(Payload::read("hello"), None);
    }
}
