//! Which connections went on with a fresh token, as far as one process knows: a message then needs no
//! look-up to be trusted after the first token is over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::{ConnectionId, Timestamp};

/// How many connections are remembered before those that are over are forgotten.
const REMEMBERED: usize = 10_000;

/// Until when each connection is trusted.
#[derive(Clone, Debug, Default)]
pub struct TrustCache(Arc<Mutex<HashMap<ConnectionId, Timestamp>>>);

impl TrustCache {
    /// Remembers that `connection` is trusted until `until`; what is over `now` may be forgotten.
    pub fn note(&self, connection: &ConnectionId, until: Timestamp, now: Timestamp) {
        // No code that holds the lock can leave the map half changed.
        let mut renewed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if renewed.len() >= REMEMBERED {
            renewed.retain(|_, until| *until > now);
        }
        renewed.insert(connection.clone(), until);
    }

    /// Whether `connection` is known to be trusted at `now`.
    pub fn lasts(&self, connection: &ConnectionId, now: Timestamp) -> bool {
        let renewed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        renewed.get(connection).is_some_and(|until| *until > now)
    }
}
