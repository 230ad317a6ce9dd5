//! The clock that everything with a deadline runs on.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

/// The wall clock plus an offset, so that a test can let two hours pass at once.
#[derive(Clone, Debug, Default)]
pub struct Time {
    ahead: Arc<watch::Sender<Duration>>,
    /// What the wall clock shows for ever, if time does not pass by itself.
    stands_at: Option<Timestamp>,
}

impl Time {
    /// A clock that agrees with the wall.
    pub fn new() -> Self {
        Self::default()
    }

    /// A clock that moves only when it is pushed: what is done before the next push takes no time,
    /// however busy the machine is.
    pub fn standing() -> Self {
        Self { stands_at: Some(Timestamp::now()), ..Self::default() }
    }

    /// What the clock shows.
    pub fn now(&self) -> Timestamp {
        let ahead = *self.ahead.borrow();
        let wall = self.stands_at.unwrap_or_else(Timestamp::now);
        wall.checked_add(ahead).unwrap_or(Timestamp::MAX)
    }

    /// Pushes the clock forward and wakes whoever sleeps on it.
    pub fn advance(&self, step: Duration) {
        self.ahead.send_modify(|ahead| *ahead += step);
    }

    /// Sleeps until the clock shows `deadline`, whether time passes or is pushed.
    pub fn sleep_until(&self, deadline: Timestamp) -> impl Future<Output = ()> + Send + use<> {
        let time = self.clone();
        async move {
            // Subscribing before looking at the clock leaves no moment in which a push is missed.
            let mut pushed = time.ahead.subscribe();
            while let Some(left) = time.until(deadline) {
                tokio::select! {
                    () = tokio::time::sleep(left) => {}
                    _ = pushed.changed() => {}
                }
            }
        }
    }

    /// The time left until `deadline`, or `None` once it has come.
    fn until(&self, deadline: Timestamp) -> Option<Duration> {
        let left = Duration::try_from(deadline.duration_since(self.now())).ok()?;
        (!left.is_zero()).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[tokio::test]
    async fn a_push_wakes_a_sleeper_whose_time_has_come() {
        let time = Time::new();
        let sleeper = tokio::spawn(time.sleep_until(time.now() + HOUR));

        time.advance(HOUR);

        tokio::time::timeout(Duration::from_secs(5), sleeper).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_push_that_falls_short_wakes_nobody() {
        let time = Time::new();
        let mut sleeper = Box::pin(time.sleep_until(time.now() + HOUR));
        assert!(futures::poll!(&mut sleeper).is_pending());

        time.advance(HOUR / 2);

        assert!(futures::poll!(&mut sleeper).is_pending());
    }

    #[tokio::test]
    async fn a_standing_clock_moves_by_pushes_alone() {
        let time = Time::standing();
        let begin = time.now();
        let mut sleeper = Box::pin(time.sleep_until(begin + Duration::from_millis(1)));
        assert!(futures::poll!(&mut sleeper).is_pending());
        while Timestamp::now() <= begin {}
        assert_eq!(time.now(), begin);

        time.advance(Duration::from_millis(1));

        sleeper.await;
        assert_eq!(time.now(), begin + Duration::from_millis(1));
    }

    #[tokio::test]
    async fn what_lies_in_the_past_is_not_waited_for() {
        let time = Time::new();
        time.sleep_until(time.now() - HOUR).await;
    }
}
