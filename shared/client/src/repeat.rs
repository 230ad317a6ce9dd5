//! When something is asked again that has no answer.

use std::time::{Duration, Instant};

use fastrand::Rng;

/// How soon to repeat what a failure of the cloud may have been about, the first time.
pub(crate) const SOON: Duration = Duration::from_millis(500);
/// How long the first answer may take.
const FIRST: Duration = Duration::from_secs(3);
/// How long any answer may take.
const LONGEST: Duration = Duration::from_secs(15);

/// How often something was asked, and when it is time to ask again.
#[derive(Debug, Default)]
pub(crate) struct Repeat {
    tries: u32,
    due: Option<Instant>,
    is_put_off: bool,
}

impl Repeat {
    /// Something that is not to be asked before that time.
    pub(crate) fn not_before(time: Instant) -> Self {
        Self { due: Some(time), ..Self::default() }
    }

    /// Whether it is time.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.due.is_none_or(|due| due <= now)
    }

    /// It is asked now, and again later: a busy server answers no sooner when it is asked more often.
    pub(crate) fn ask(&mut self, now: Instant) {
        let patience = doubled(FIRST, self.tries).min(LONGEST);
        *self = Self { tries: self.tries + 1, due: Some(now + patience), is_put_off: false };
    }

    /// Something failed, and perhaps this: it is repeated soon, but less soon each time, and half of
    /// that by chance, so that not everybody comes back at the same time.
    pub(crate) fn suspect(&mut self, now: Instant, random: &mut Rng) {
        if self.is_put_off {
            return;
        }
        let pause = doubled(SOON, self.tries.saturating_sub(1)).min(LONGEST);
        let soon = now + pause.mul_f64(0.5 + random.f64() / 2.0);
        self.due = self.due.map(|due| due.min(soon));
    }

    /// The server said how long to wait.
    pub(crate) fn put_off(&mut self, now: Instant, pause: Duration) {
        self.due = Some(now + pause);
        self.is_put_off = true;
    }
}

fn doubled(first: Duration, times: u32) -> Duration {
    first.saturating_mul(1 << times.min(10))
}
