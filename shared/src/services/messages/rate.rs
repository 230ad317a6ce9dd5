//! How much one person may say in a second.
//!
//! Within one conversation that is free, and exact among the messages at the end of the log that an
//! append reads: it sees every one between these and the number that it gets, its sender's own among
//! them, also those that are sent at the same time from elsewhere. Over all conversations the process
//! counts.

use std::time::Duration;

use crate::domain::{NewMessage, Timestamp};
use crate::rate_limiter::Counted;
use crate::store::Tail;
use crate::{App, Error};

/// The span in which messages are counted.
const SECOND: Duration = Duration::from_secs(1);

/// Refuses a message that would be one too many behind this end of the log, stored `now` or later.
pub(super) fn check_rate(
    app: &App,
    new: &NewMessage,
    tail: &Tail,
    now: Timestamp,
) -> Result<(), Error> {
    let most = most_of(app, new);
    if most == 0 {
        return Ok(());
    }
    let newest = tail.entries.first();
    let at = newest.map_or(now, |newest| newest.message.sent_at.max(now));
    let messages = tail.entries.iter().map(|entry| &entry.message);
    let mut own = messages.filter(|it| it.from == new.from && it.body.is_limited());
    let age = own.nth(most - 1).map(|said| at.since(said.sent_at));
    age.filter(|age| *age < SECOND).map_or(Ok(()), |age| Err(too_fast(SECOND - age)))
}

/// Whether the end of a log shows all that was said in the second before `now`.
pub(super) fn shows_a_second(tail: &Tail, now: Timestamp) -> bool {
    let oldest = tail.entries.last().map(|entry| entry.message.sent_at);
    tail.whole || oldest.is_none_or(|oldest| now.since(oldest) >= SECOND)
}

/// How many such messages one person may send in a second; 0 for any number.
pub(super) fn most_of(app: &App, new: &NewMessage) -> usize {
    if new.body.is_limited() { app.config.messages_per_second } else { 0 }
}

/// Counts a message among what its sender has said in any conversation; `None` if nobody counts.
pub(super) fn count_sent(
    app: &App,
    new: &NewMessage,
    now: Timestamp,
) -> Result<Option<Counted>, Error> {
    match most_of(app, new) {
        0 => Ok(None),
        most => {
            let counted = app.message_rates.count(new.from.to_string(), now, most, SECOND);
            counted.map(Some).map_err(too_fast)
        }
    }
}

fn too_fast(retry_after: Duration) -> Error {
    Error::RateLimited { what: "messages in one second", retry_after }
}
