//! Keeps what happens often from happening too often, as far as one process knows: it costs nothing,
//! and several processes let through that much more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::chat::Timestamp;

/// How many keys are remembered before those long past are forgotten.
const REMEMBERED: usize = 10_000;

/// When what happened last.
#[derive(Clone, Debug, Default)]
pub struct Throttle(Arc<Mutex<HashMap<String, Timestamp>>>);

impl Throttle {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admits_a_key_once_in_an_interval() {
        let throttle = Throttle::default();
        let interval = Duration::from_secs(2);
        let admits = |key: &str, seconds: i64| {
            throttle.admits(key.into(), Timestamp::from_millis(seconds * 1000), interval)
        };
        assert!(admits("a", 10));
        assert!(!admits("a", 11));
        assert!(admits("b", 11));
        assert!(admits("a", 12));
    }
}
