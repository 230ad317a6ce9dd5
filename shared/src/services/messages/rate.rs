//! How much one person may say in a second.
//!
//! Within one conversation that is free, and exact among the messages at the end of the log that an
//! append reads: it sees every one between these and the number that it gets, its sender's own among
//! them, also those that are sent at the same time from elsewhere. Over all conversations the process
//! counts.

use std::time::Duration;

use crate::domain::{Message, NewMessage, Timestamp};
use crate::rate_limiter::Counted;
use crate::store::Tail;
use crate::{App, Error};

/// The span in which messages are counted.
const SECOND: Duration = Duration::from_secs(1);

/// What the sender of a message has said before it in the same conversation.
pub(super) struct RecentMessages<'a> {
    new: &'a NewMessage,
    most: usize,
    /// When, oldest first.
    sent_at: Vec<Timestamp>,
}

impl<'a> RecentMessages<'a> {
    /// As far as the end of the log shows it.
    pub(super) fn of(new: &'a NewMessage, tail: &Tail, most: usize) -> Self {
        let mut lately = Self { new, most, sent_at: Vec::new() };
        for entry in tail.entries.iter().rev() {
            lately.see(&entry.message);
        }
        lately
    }

    /// Counts a message that stands before it.
    pub(super) fn see(&mut self, message: &Message) {
        if message.from == self.new.from && message.body.is_text() {
            self.sent_at.push(message.sent_at);
        }
    }

    /// Refuses a message that would be one too many at `at`.
    pub(super) fn check(&self, at: Timestamp) -> Result<(), Error> {
        if self.most == 0 {
            return Ok(());
        }
        let age = self.sent_at.iter().rev().nth(self.most - 1).map(|said| at.since(*said));
        age.filter(|age| *age < SECOND).map_or(Ok(()), |age| Err(too_fast(SECOND - age)))
    }
}

/// Whether the end of a log shows all that was said in the second before `now`.
pub(super) fn shows_a_second(tail: &Tail, now: Timestamp) -> bool {
    let oldest = tail.entries.last().map(|entry| entry.message.sent_at);
    tail.whole || oldest.is_none_or(|oldest| now.since(oldest) >= SECOND)
}

/// How many such messages one person may send in a second; 0 for any number.
pub(super) fn most_of(app: &App, new: &NewMessage) -> usize {
    if new.body.is_text() { app.config.messages_per_second } else { 0 }
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
