//! The keys that are known, and when to ask for them again.
//!
//! The clock is the caller's: what is old depends on the time a token is checked at, nothing else.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jsonwebtoken::Algorithm;

use super::error::{Error, refuse};
use super::http::Http;
use super::issuer::Issuer;
use super::key_set::{Key, KeySet};
use crate::domain::Timestamp;

/// How long after one try the issuer is asked again: whoever makes up names of keys must not be
/// able to have it asked all the time.
const PAUSE: Duration = Duration::from_secs(30);
/// The same while there are no keys at all and everybody has to wait.
const SHORT_PAUSE: Duration = Duration::from_secs(5);
/// How long old keys are better than none while the issuer cannot be asked.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// An issuer's keys, kept for the life of the process.
#[derive(Debug)]
pub(super) struct Keys {
    issuer: Issuer,
    http: Http,
    memory: Mutex<Memory>,
    /// Held by the one who asks; the others wait and share what comes of it.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug, Default)]
struct Memory {
    known: Option<Known>,
    tries: u64,
    last_try: Option<Timestamp>,
    failure: Option<Error>,
}

#[derive(Clone, Debug)]
struct Known {
    keys: Arc<KeySet>,
    fetched_at: Timestamp,
    fresh_for: Duration,
}

impl Keys {
    pub(super) fn new(issuer: Issuer, http: Http) -> Self {
        Self { issuer, http, memory: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    pub(super) fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The key called `id`, asking the issuer if it could have changed.
    pub(super) async fn find(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        now: Timestamp,
    ) -> Result<Key, Error> {
        let before = self.remember();
        let fresh = before.known.as_ref().filter(|known| known.is_fresh(now));
        if let Some(key) = fresh.and_then(|known| known.keys.find(id, algorithm)) {
            return Ok(key.clone());
        }

        let after = self.refresh(before.tries, now).await;
        let usable = after.known.as_ref().filter(|known| known.is_usable(now));
        match (usable.and_then(|known| known.keys.find(id, algorithm)), after.failure) {
            (Some(key), _) => Ok(key.clone()),
            // The key may be new, and who could tell does not answer.
            (None, Some(failure)) => Err(failure),
            (None, None) => Err(refuse("its key is not the issuer's")),
        }
    }

    /// Asks the issuer, unless somebody has since `tries` tries, or just before.
    async fn refresh(&self, tries: u64, now: Timestamp) -> Memory {
        let _turn = self.turn.lock().await;
        let memory = self.remember();
        if memory.tries != tries || memory.is_pausing(now) {
            return memory;
        }

        let outcome = self.issuer.keys(&self.http).await;
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.tries += 1;
        memory.last_try = Some(now);
        memory.failure = match outcome {
            Ok((keys, fresh_for)) => {
                memory.known = Some(Known { keys: Arc::new(keys), fetched_at: now, fresh_for });
                None
            }
            Err(failure) => Some(failure),
        };
        memory.clone()
    }

    fn remember(&self) -> Memory {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Memory {
    fn is_pausing(&self, now: Timestamp) -> bool {
        let usable = self.known.as_ref().is_some_and(|known| known.is_usable(now));
        let pause = if usable { PAUSE } else { SHORT_PAUSE };
        self.last_try.is_some_and(|last| now.since(last) < pause)
    }
}

impl Known {
    fn is_fresh(&self, now: Timestamp) -> bool {
        now.since(self.fetched_at) < self.fresh_for
    }

    fn is_usable(&self, now: Timestamp) -> bool {
        now.since(self.fetched_at) < self.fresh_for + STALE
    }
}
