//! How a writer gives way when many want the next number.
//!
//! A number is taken about once in a round trip, however many want it: that cannot be hurried, and
//! every try that fails costs a write. So those who lose wait, for a random time, at first for longer
//! whenever they lose. Time is counted in round trips as the writer itself finds them: what is a long
//! pause beside a table near by is none beside a slow one.

use std::time::Duration;

use tokio::time::Instant;

/// How many numbers a writer tries at first before it gives way. Beside a few others the second or the
/// third try nearly always wins, long before a pause would be over.
const FIRST_TRIES: u32 = 3;
/// How many in each further round: in a crowd a third would be as hopeless as the second.
const TRIES: u32 = 2;
/// After each so many lost rounds a writer grows impatient: it tries a number more in every round, and
/// waits half as long. It gets ahead of those who came later, so that nobody is left behind.
const PATIENCE: u32 = 4;
/// The first pause is of up to so many round trips, each further one of up to so many times more:
/// two writers hardly wait, and a hundred are spread out after three rounds.
const SPREAD: u32 = 4;
/// The most round trips of a pause. A hundred writers then come thrice in a round trip: enough to
/// leave no number idle, and not much more.
const MOST_SPREAD: u32 = 64;
/// The least that counts as a round trip; DynamoDB's take about as long.
const LEAST_ROUND_TRIP: Duration = Duration::from_millis(4);
/// The longest pause, however slow the table is: API Gateway waits for 29 seconds in all.
const LONGEST: Duration = Duration::from_secs(2);

/// One writer's backoff, through all the rounds of one append.
#[derive(Debug)]
pub(super) struct Backoff {
    /// How many rounds were lost.
    lost: u32,
    /// When the last read of the tail began.
    asked: Instant,
    /// How long it took.
    round_trip: Duration,
}

impl Backoff {
    /// Of a writer who reads the tail now.
    pub(super) fn new() -> Self {
        Self { lost: 0, asked: Instant::now(), round_trip: Duration::ZERO }
    }

    /// Notes that the tail was read.
    pub(super) fn answered(&mut self) {
        self.round_trip = self.asked.elapsed();
    }

    /// How many numbers to try before the tail is read again.
    pub(super) fn tries(&self) -> u32 {
        match self.lost {
            0 => FIRST_TRIES,
            lost => TRIES + lost / PATIENCE,
        }
    }

    /// Waits, after a round that was lost, until the tail may be read again.
    pub(super) async fn pause(&mut self) {
        self.lost += 1;
        tokio::time::sleep(self.longest_pause().mul_f64(fastrand::f64())).await;
        self.asked = Instant::now();
    }

    fn longest_pause(&self) -> Duration {
        let widest = MOST_SPREAD.checked_shr(self.lost / PATIENCE).unwrap_or(0).max(SPREAD);
        let spread = SPREAD.saturating_pow(self.lost).min(widest);
        (self.round_trip.max(LEAST_ROUND_TRIP) * spread).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_with_the_crowd_and_shrink_with_patience() {
        let pause = |lost| {
            let round_trip = Duration::from_millis(10);
            let backoff = Backoff { lost, asked: Instant::now(), round_trip };
            (backoff.longest_pause().as_millis(), backoff.tries())
        };
        assert_eq!(Backoff::new().tries(), FIRST_TRIES);
        let paces = [1, 2, 3, 4, 8, 12, 16, 499].map(pause);
        let expected =
            [(40, 2), (160, 2), (640, 2), (320, 3), (160, 4), (80, 5), (40, 6), (40, 126)];
        assert_eq!(paces, expected);
    }

    #[test]
    fn no_table_is_so_slow_that_a_pause_outlasts_an_invocation() {
        let round_trip = Duration::from_secs(3);
        let backoff = Backoff { lost: 3, asked: Instant::now(), round_trip };
        assert_eq!(backoff.longest_pause(), LONGEST);
    }
}
