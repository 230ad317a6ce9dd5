//! Reads parts of a log.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

use super::entry::{Entry, decode};
use super::revise::reaction_keys;
use crate::Error;
use crate::domain::{ConversationId, Message, Page, Range, ReactionKey, Seq, Timestamp, UserId};
use crate::error::storage;
use crate::store::item::{s, text};
use crate::store::key::{Key, keys_of};
use crate::store::{Store, keys};

/// The most keys of one BatchGetItem
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>).
const BATCH: usize = 100;

impl Store {
    /// Reads up to `limit` messages: the last of the range, or its first if it starts `after` one.
    ///
    /// Strongly consistent; leaves out what has expired at `now`. A page also ends at DynamoDB's
    /// 1 MB (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html>).
    pub async fn page(
        &self,
        conversation: &ConversationId,
        range: Range,
        limit: usize,
        now: Option<Timestamp>,
    ) -> Result<Page, Error> {
        let (mut page, expired) = self.page_with_expired(conversation, range, limit, now).await?;
        page.messages.retain(|message| !expired.contains(&message.seq));
        Ok(page)
    }

    /// The same with what has expired at `now` and is not deleted yet; and which of them that are.
    pub async fn page_with_expired(
        &self,
        conversation: &ConversationId,
        range: Range,
        limit: usize,
        now: Option<Timestamp>,
    ) -> Result<(Page, Vec<Seq>), Error> {
        let first = range.after.map_or(1, |after| after.saturating_add(1));
        let last =
            range.before.map_or(keys::LAST, |before| before.saturating_sub(1)).min(keys::LAST);
        if first > last {
            return Ok((Page { messages: Vec::new(), before: None, after: None }, Vec::new()));
        }
        let upwards = range.after.is_some();
        let query = self.query_log(conversation, first, last).scan_index_forward(upwards);
        let answer = query.limit(i32::try_from(limit + 1).unwrap_or(i32::MAX)).send().await;
        let answer = answer.map_err(storage("read a conversation"))?;
        let mut entries = Vec::with_capacity(answer.items().len());
        for item in answer.items() {
            entries.push(decode(conversation, item)?);
        }
        let more = entries.len() > limit || answer.last_evaluated_key().is_some();
        entries.truncate(limit);
        let next = entries.last().map(|entry| entry.message.seq).filter(|_| more);
        let (before, after) = if upwards { (None, next) } else { (next, None) };
        if !upwards {
            entries.reverse();
        }
        let has_expired = |entry: &&Entry| now.is_some_and(|now| entry.is_expired(now));
        let expired = entries.iter().filter(has_expired).map(|entry| entry.message.seq).collect();
        let messages = entries.into_iter().map(|entry| entry.message).collect();
        Ok((Page { messages, before, after }, expired))
    }

    /// Reads messages after `seq` that go by the stream, oldest first, also such as have expired; strongly
    /// consistent. With how far DynamoDB looked through the log, which is 1 MB at once; `None` for its end.
    pub async fn by_stream_after(
        &self,
        conversation: &ConversationId,
        seq: Seq,
    ) -> Result<(Vec<Message>, Option<Seq>), Error> {
        let query = self
            .query_log(conversation, seq.saturating_add(1), keys::LAST)
            .filter_expression(format!("attribute_exists({})", keys::FAN_UNTIL));
        let answer = query.send().await.map_err(storage("read what is to be brought"))?;
        let messages = answer.items().iter().map(|item| Ok(decode(conversation, item)?.message));
        let messages = messages.collect::<Result<_, Error>>()?;
        let looked = match answer.last_evaluated_key() {
            Some(key) => Some(keys::seq_of_sk(&text(key, keys::SK)?).ok_or(Error::Corrupt("sk"))?),
            None => None,
        };
        Ok((messages, looked))
    }

    /// The messages with these numbers, as far as they are there; strongly consistent.
    pub async fn messages_at(
        &self,
        conversation: &ConversationId,
        numbers: &BTreeSet<Seq>,
    ) -> Result<Vec<Message>, Error> {
        let mut messages = Vec::new();
        let numbers: Vec<_> = numbers.iter().filter(|seq| **seq > keys::START).collect();
        for numbers in numbers.chunks(BATCH) {
            let wanted = keys_of(numbers.iter().map(|seq| Key::message(conversation, **seq)));
            let items = self.batch(wanted.consistent_read(true), "read messages").await?;
            for item in &items {
                messages.push(decode(conversation, item)?.message);
            }
        }
        messages.sort_by_key(|message| message.seq);
        Ok(messages)
    }

    /// With what `user` reacts to the messages with these numbers; without those to which they do not.
    pub async fn own_reactions(
        &self,
        conversation: &ConversationId,
        user: &UserId,
        numbers: &BTreeSet<Seq>,
    ) -> Result<BTreeMap<Seq, BTreeSet<ReactionKey>>, Error> {
        let mut own = BTreeMap::new();
        let numbers: Vec<_> = numbers.iter().collect();
        for numbers in numbers.chunks(BATCH) {
            let wanted = numbers.iter().map(|seq| Key::reacted(conversation, **seq, user));
            let wanted = keys_of(wanted).consistent_read(true);
            for item in self.batch(wanted, "read one's own reactions").await? {
                let seq = keys::reacted_to(&text(&item, keys::SK)?).ok_or(Error::Corrupt("sk"))?;
                own.insert(seq, reaction_keys(&item));
            }
        }
        Ok(own)
    }

    /// Reads the last messages up to `limit`, none of them before `first`.
    pub async fn newest_from(
        &self,
        conversation: &ConversationId,
        first: Seq,
        limit: usize,
        now: Timestamp,
    ) -> Result<Page, Error> {
        let query = self.query_log(conversation, first.max(1), keys::LAST);
        let query = query.scan_index_forward(false).limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let answer = query.send().await.map_err(storage("read the end of a conversation"))?;
        let mut messages = Vec::with_capacity(answer.items().len());
        for item in answer.items().iter().rev() {
            let entry = decode(conversation, item)?;
            if !entry.is_expired(now) {
                messages.push(entry.message);
            }
        }
        Ok(Page { messages, before: None, after: None })
    }

    pub(super) fn query_log(
        &self,
        conversation: &ConversationId,
        first: Seq,
        last: Seq,
    ) -> QueryFluentBuilder {
        self.query()
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", s(keys::conversation_pk(conversation)))
            .expression_attribute_values(":first", s(keys::message_sk(first)))
            .expression_attribute_values(":last", s(keys::message_sk(last)))
    }
}
