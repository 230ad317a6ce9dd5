//! Which messages of a conversation are pinned: their numbers are in one item, so that there are never more than
//! so many, and whoever wants them reads two pages at most, however long the log is.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::entry::{Entry, decode};
use super::revise::Target;
use crate::domain::{ConversationId, Message, Seq, Timestamp};
use crate::error::storage;
use crate::store::Store;
use crate::store::item::{Item, n};
use crate::store::key::{Key, keys_of};
use crate::store::transaction::Write;
use crate::{Error, limits};

impl Store {
    /// The pinned messages of a conversation that have not expired at `now`, by their numbers; strongly
    /// consistent.
    pub async fn pinned(
        &self,
        conversation: &ConversationId,
        now: Timestamp,
    ) -> Result<Vec<Message>, Error> {
        let numbers = self.pins(conversation).await?;
        let mut messages = self.still_there(conversation, &numbers, now).await?;
        messages.retain(|message| message.body.said().is_some_and(|said| said.pinned.is_some()));
        messages.sort_by_key(|message| message.seq);
        Ok(messages)
    }

    /// Forgets that messages were pinned which are no more; whether there were such.
    pub async fn forget_gone_pins(
        &self,
        conversation: &ConversationId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let mut gone = self.pins(conversation).await?;
        for message in self.still_there(conversation, &gone, now).await? {
            gone.remove(&message.seq);
        }
        if gone.is_empty() {
            return Ok(false);
        }
        // What is gone or expired stays so, and is not pinned again; what is there is not among these, whether it
        // is pinned or not any more.
        let forgotten = self
            .update(Key::pins(conversation))
            .update_expression("DELETE pins :gone")
            .expression_attribute_values(":gone", numbers(gone))
            .send();
        forgotten.await.map_err(storage("forget what was pinned"))?;
        Ok(true)
    }

    /// Lists a message among those that are pinned, if not too many are.
    pub(super) fn listed(&self, target: &Target) -> Result<TransactWriteItem, BuildError> {
        let Message { conversation, seq, .. } = &target.message;
        self.tx_update(Key::pins(conversation))
            .expression_attribute_values(":seq", numbers([*seq]))
            .update_expression("ADD pins :seq")
            .condition_expression("attribute_not_exists(pins) OR size(pins) < :most")
            .expression_attribute_values(":most", n(limits::PINS as u64))
            .write()
    }

    /// Does not list it any more.
    pub(super) fn unlisted(&self, target: &Target) -> Result<TransactWriteItem, BuildError> {
        let Message { conversation, seq, .. } = &target.message;
        self.tx_update(Key::pins(conversation))
            .update_expression("DELETE pins :seq")
            .expression_attribute_values(":seq", numbers([*seq]))
            .write()
    }

    async fn pins(&self, conversation: &ConversationId) -> Result<BTreeSet<Seq>, Error> {
        let item = self.item(Key::pins(conversation), "read what is pinned").await?;
        let numbers = item.as_ref().and_then(|item| item.get("pins")?.as_ns().ok());
        let numbers = numbers.into_iter().flatten().map(|number| number.parse());
        numbers.collect::<Result<_, _>>().map_err(|_| Error::Corrupt("pins"))
    }

    /// Those of these messages that have not expired.
    async fn still_there(
        &self,
        conversation: &ConversationId,
        numbers: &BTreeSet<Seq>,
        now: Timestamp,
    ) -> Result<Vec<Message>, Error> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = keys_of(numbers.iter().map(|seq| Key::message(conversation, *seq)));
        let items = self.batch(wanted.consistent_read(true), "read what is pinned").await?;
        let entries = items.iter().map(|item: &Item| decode(conversation, item));
        let entries: Vec<_> = entries.collect::<Result<_, _>>()?;
        let there = entries.into_iter().filter(|entry: &Entry| !entry.is_expired(now));
        Ok(there.map(|entry| entry.message).collect())
    }
}

fn numbers(numbers: impl IntoIterator<Item = Seq>) -> AttributeValue {
    AttributeValue::Ns(numbers.into_iter().map(|seq| seq.to_string()).collect())
}
