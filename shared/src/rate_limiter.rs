//! Keeps what happens often from happening too often, as far as one process knows: it costs nothing,
//! and several processes let through that much more.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::Timestamp;

/// How many keys are remembered before those long past are forgotten.
const REMEMBERED: usize = 10_000;

/// When what happened last.
#[derive(Clone, Debug, Default)]
pub struct RateLimiter(Arc<Mutex<HashMap<String, Timestamp>>>);

impl RateLimiter {
    /// Whether `key` has not been admitted within the last `interval`; if so, it is now.
    pub fn admits(&self, key: String, now: Timestamp, interval: Duration) -> bool {
        // No code that holds the lock can leave the map half changed.
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() >= REMEMBERED {
            last.retain(|_, at| now.since(*at) < interval);
        }
        if last.get(&key).is_some_and(|at| now.since(*at) < interval) {
            return false;
        }
        last.insert(key, now);
        true
    }

    /// Admits `key` again, whenever it was admitted last.
    pub fn forget(&self, key: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// How often something was done lately, to let it be done so often and no more often.
#[derive(Clone, Debug, Default)]
pub struct Window(Arc<Mutex<HashMap<String, VecDeque<Timestamp>>>>);

/// One that was counted; it counts no longer if this is dropped before it is kept.
#[derive(Debug)]
pub struct Counted {
    window: Window,
    key: String,
    at: Timestamp,
    kept: bool,
}

impl Window {
    /// Counts one more of `key`, unless `most` were counted within the last `span`; then how long to
    /// wait.
    pub fn count(
        &self,
        key: String,
        now: Timestamp,
        most: usize,
        span: Duration,
    ) -> Result<Counted, Duration> {
        let mut done = self.lock();
        if done.len() >= REMEMBERED {
            done.retain(|_, times| times.back().is_some_and(|last| now.since(*last) < span));
        }
        let times = done.entry(key.clone()).or_default();
        while times.front().is_some_and(|first| now.since(*first) >= span) {
            times.pop_front();
        }
        if let Some(first) = times.front().filter(|_| times.len() >= most) {
            return Err(span - now.since(*first));
        }
        times.push_back(now);
        Ok(Counted { window: self.clone(), key, at: now, kept: false })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, VecDeque<Timestamp>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    /// It was done.
    pub fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let mut done = self.window.lock();
        let Some(times) = done.get_mut(&self.key) else { return };
        if let Some(place) = times.iter().position(|at| *at == self.at) {
            times.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_is_kept_within_any_span() {
        let window = Window::default();
        let span = Duration::from_secs(1);
        let count = |millis: i64| window.count("a".into(), Timestamp::from_millis(millis), 2, span);
        count(0).unwrap().keep();
        drop(count(100).unwrap());
        count(400).unwrap().keep();
        assert_eq!(count(900).unwrap_err(), Duration::from_millis(100));
        count(1_000).unwrap().keep();
        assert_eq!(count(1_399).unwrap_err(), Duration::from_millis(1));
    }

    #[test]
    fn admits_a_key_once_in_an_interval() {
        let limiter = RateLimiter::default();
        let interval = Duration::from_secs(2);
        let admits = |key: &str, seconds: i64| {
            limiter.admits(key.into(), Timestamp::from_millis(seconds * 1000), interval)
        };
        assert!(admits("a", 10));
        assert!(!admits("a", 11));
        assert!(admits("b", 11));
        assert!(admits("a", 12));
    }
}
