//! How long what is said in a conversation is kept, in an item behind its last message, where every append
//! looks.
//!
//! Whoever shortens that lets a message expire before older ones. When the end of a log is gone so, what is
//! left does not show which numbers were given out; so the first message that expires before older ones is
//! noted here, and whoever finds it gone starts the numbers anew.

use std::time::Duration;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::TransactWriteItem;

use crate::Error;
use crate::domain::{ConversationId, Seq};
use crate::store::Store;
use crate::store::item::{Item, n, parse_number};
use crate::store::key::Key;
use crate::store::transaction::Write;

/// How long what is said in a conversation is kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lifetime {
    /// How many days, if it has a rule of its own.
    pub days: Option<u32>,
    /// The first message that expires before older ones; 0 if there never was one.
    pub shorter_from: Seq,
}

impl Lifetime {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    pub(super) fn decode(item: &Item) -> Self {
        let number = |name: &str| item.get(name).and_then(parse_number);
        let days = item.get("days").and_then(parse_number);
        Self { days, shorter_from: number("shorter_from").unwrap_or_default() }
    }

    /// How long a message is kept where everybody's are kept for `stage`: the shorter of the two.
    pub fn kept(&self, stage: Option<Duration>) -> Option<Duration> {
        let own = self.days.map(|days| Self::DAY * days);
        [own, stage].into_iter().flatten().min()
    }
}

impl Store {
    /// How long what is said in a conversation is kept, strongly consistent.
    pub async fn lifetime(&self, conversation: &ConversationId) -> Result<Lifetime, Error> {
        let key = Key::lifetime(conversation);
        let item = self.item(key, "look up how long a conversation is kept").await?;
        Ok(item.as_ref().map(Lifetime::decode).unwrap_or_default())
    }

    /// Has everything that is said from now on kept for so many days, or as long as everybody's.
    pub(in crate::store) fn keep_for(
        &self,
        conversation: &ConversationId,
        days: Option<u32>,
    ) -> Result<TransactWriteItem, BuildError> {
        let update = self.tx_update(Key::lifetime(conversation));
        let update = match days {
            Some(days) => update
                .update_expression("SET days = :days")
                .expression_attribute_values(":days", n(days)),
            None => update.update_expression("REMOVE days"),
        };
        update.write()
    }

    /// Notes that the message `seq` expires before older ones.
    pub(super) fn expires_earlier(
        &self,
        conversation: &ConversationId,
        seq: Seq,
    ) -> Result<TransactWriteItem, BuildError> {
        self.tx_update(Key::lifetime(conversation))
            .update_expression("SET shorter_from = :seq")
            .expression_attribute_values(":seq", n(seq))
            .write()
    }
}
