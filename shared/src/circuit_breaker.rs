//! Stops asking a service that only fails, so that nobody waits for it in vain.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// After so many failures in a row nothing is asked for a while.
const FAILURES: u32 = 10;
/// For so long; then one request shows whether the service answers again.
const PAUSE: Duration = Duration::from_secs(5);

/// How a service has done lately, as far as this process has asked it; clones share it.
#[derive(Clone, Debug, Default)]
pub struct CircuitBreaker(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// How many failures there were since the last success.
    failures: u32,
    /// Until when nothing is asked.
    closed_until: Option<Instant>,
}

impl CircuitBreaker {
    /// Whether the service may be asked now.
    pub fn lets_pass(&self) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(until) = state.closed_until else { return true };
        let now = Instant::now();
        if now < until {
            return false;
        }
        // The others wait for what becomes of this one.
        state.closed_until = Some(now + PAUSE);
        true
    }

    /// The service has answered.
    pub fn succeeded(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State::default();
    }

    /// The service has failed; true if it is not asked any more for now, and was before.
    pub fn failed(&self) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = state.failures.saturating_add(1);
        if state.failures < FAILURES {
            return false;
        }
        state.closed_until.replace(Instant::now() + PAUSE).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(breaker: &CircuitBreaker, times: u32) -> Vec<bool> {
        (0..times).map(|_| breaker.failed()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_only_fails_is_asked_once_in_a_while() {
        let breaker = CircuitBreaker::default();
        assert_eq!(fails(&breaker, FAILURES - 1), [false; 9]);
        assert!(breaker.lets_pass());
        assert!(breaker.failed() && !breaker.lets_pass());

        tokio::time::advance(PAUSE).await;
        assert!(breaker.lets_pass() && !breaker.lets_pass(), "one only");
        assert!(!breaker.failed() && !breaker.lets_pass());

        tokio::time::advance(PAUSE).await;
        assert!(breaker.lets_pass());
        breaker.succeeded();
        assert!(breaker.lets_pass() && breaker.lets_pass());
    }

    #[tokio::test(start_paused = true)]
    async fn failures_between_successes_do_not_add_up() {
        let breaker = CircuitBreaker::default();
        for _ in 0..3 {
            assert_eq!(fails(&breaker, FAILURES - 1), [false; 9]);
            breaker.succeeded();
        }
        assert!(breaker.lets_pass());
    }
}
