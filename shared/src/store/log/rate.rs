//! How much one person may say in a second.
//!
//! Within one conversation that is free, and exact among the messages at the end of the log that an
//! append reads: it sees every one between these and the number that it gets, its sender's own among
//! them, also those that are sent at the same time from elsewhere. Over all conversations the process
//! counts.

use std::time::Duration;

use super::tail::Tail;
use super::{Draft, Rules};
use crate::Error;
use crate::domain::{Kind, Message, Timestamp};
use crate::store::Store;
use crate::throttle::Counted;

/// The span in which messages are counted.
const SECOND: Duration = Duration::from_secs(1);

/// What the sender of a draft has said before it in the same conversation.
pub(super) struct Lately<'a> {
    pub(super) draft: &'a Draft,
    most: usize,
    /// When, oldest first.
    said: Vec<Timestamp>,
}

impl<'a> Lately<'a> {
    /// As far as the end of the log shows it.
    pub(super) fn of(draft: &'a Draft, tail: &Tail, rules: Rules) -> Self {
        let mut lately = Self { draft, most: rules.most_of(draft), said: Vec::new() };
        for entry in tail.entries.iter().rev() {
            lately.see(&entry.message);
        }
        lately
    }

    /// Counts a message that stands before the draft.
    pub(super) fn see(&mut self, message: &Message) {
        if message.from == self.draft.from && message.kind == Kind::Message {
            self.said.push(message.sent_at);
        }
    }

    /// Refuses a draft that would be one too many at `at`.
    pub(super) fn check(&self, at: Timestamp) -> Result<(), Error> {
        if self.most == 0 {
            return Ok(());
        }
        let age = self.said.iter().rev().nth(self.most - 1).map(|said| at.since(*said));
        age.filter(|age| *age < SECOND).map_or(Ok(()), |age| Err(too_fast(SECOND - age)))
    }
}

impl Rules {
    /// How many such drafts one person may send in a second; 0 for any number.
    fn most_of(self, draft: &Draft) -> usize {
        if draft.kind == Kind::Message { self.messages_per_second } else { 0 }
    }
}

impl Store {
    /// Counts a draft among what its sender has said in any conversation; `None` if nobody counts.
    pub(super) fn count_said(
        &self,
        draft: &Draft,
        now: Timestamp,
        rules: Rules,
    ) -> Result<Option<Counted>, Error> {
        match rules.most_of(draft) {
            0 => Ok(None),
            most => {
                let counted = self.said.count(draft.from.to_string(), now, most, SECOND);
                counted.map(Some).map_err(too_fast)
            }
        }
    }
}

fn too_fast(retry_after: Duration) -> Error {
    Error::RateLimited { what: "messages in one second", retry_after }
}
