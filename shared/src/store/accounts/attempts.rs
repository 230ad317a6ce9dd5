//! How often somebody tried to sign in lately: counted in windows of a quarter of an hour.

use std::time::Duration;

use aws_sdk_dynamodb::types::ReturnValue;

use crate::Error;
use crate::auth::tokens;
use crate::domain::Timestamp;
use crate::error::storage;
use crate::store::item::{n, number};
use crate::store::key::Key;
use crate::store::{Store, keys};

/// How long attempts count, unless said otherwise.
const WINDOW: Duration = Duration::from_secs(15 * 60);

/// What attempts are counted for.
#[derive(Clone, Debug)]
pub struct Attempts {
    what: &'static str,
    key: String,
    limit: u64,
    window: Duration,
}

/// What an attempt is among the others of its window.
#[derive(Debug)]
pub enum Counted {
    /// One that may be made.
    Within,
    /// One too many.
    Beyond {
        /// Whether none was too many before.
        is_first: bool,
        /// With the time until the window ends.
        refusal: Error,
    },
}

impl Counted {
    /// Refuses one too many; `locked_out` notes the first of them.
    pub fn within(self, locked_out: impl FnOnce()) -> Result<(), Error> {
        let Self::Beyond { is_first, refusal } = self else { return Ok(()) };
        if is_first {
            locked_out();
        }
        Err(refusal)
    }
}

impl Attempts {
    /// At most `limit` attempts at something, such as an account or from an address, in each window.
    ///
    /// The table keeps only a hash of `whose`.
    pub fn at(what: &str, whose: &str, limit: u64) -> Self {
        let key = format!("{what}#{}", tokens::hash(whose.as_bytes()));
        Self { what: "attempts", key, limit, window: WINDOW }
    }

    /// The same of `what`, as whoever makes too many is told, within so long.
    pub fn of(self, what: &'static str, window: Duration) -> Self {
        Self { what, window, ..self }
    }
}

impl Attempts {
    fn counted_in(&self, window: i64) -> Key {
        Key::new(keys::attempts_pk(&self.key), window.to_string())
    }
}

impl Store {
    /// Counts an attempt, before it is made: attempts at the same time count each.
    pub async fn count_attempt(
        &self,
        attempts: &Attempts,
        now: Timestamp,
    ) -> Result<Counted, Error> {
        let (window, left) = window_at(now, attempts.window);
        let update = self
            .update(attempts.counted_in(window))
            .update_expression("ADD attempts :one SET expires_at = :end")
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":end", n(now.plus(attempts.window).as_seconds()))
            .return_values(ReturnValue::UpdatedNew);
        let counted = update.send().await.map_err(storage("count an attempt"))?;
        let counted: u64 = number(&counted.attributes.unwrap_or_default(), "attempts")?;
        if counted <= attempts.limit {
            return Ok(Counted::Within);
        }
        let refusal = Error::RateLimited { what: attempts.what, retry_after: left };
        Ok(Counted::Beyond { is_first: counted == attempts.limit + 1, refusal })
    }

    /// Counts an attempt no longer of which nothing came.
    pub async fn undo_attempt(&self, attempts: &Attempts, now: Timestamp) -> Result<(), Error> {
        let (window, _) = window_at(now, attempts.window);
        let update = self
            .update(attempts.counted_in(window))
            .update_expression("ADD attempts :less")
            .expression_attribute_values(":less", n(-1));
        update.send().await.map_err(storage("take an attempt back")).map(drop)
    }

    /// Forgets the attempts of the present window: the last one succeeded.
    pub async fn reset_attempts(&self, attempts: &Attempts, now: Timestamp) -> Result<(), Error> {
        let (window, _) = window_at(now, attempts.window);
        let delete = self.delete(attempts.counted_in(window));
        delete.send().await.map_err(storage("forgive attempts")).map(drop)
    }
}

/// The number of the window, and how long it lasts from now.
fn window_at(now: Timestamp, window: Duration) -> (i64, Duration) {
    let length = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
    let left = length - now.as_millis().rem_euclid(length);
    (now.as_millis().div_euclid(length), Duration::from_millis(left.unsigned_abs()))
}
