//! Gives messages their numbers, also when many want one at once.

use std::time::Duration;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use futures::future;

use super::entry::{Entry, decode, encode};
use super::pace::Pace;
use super::rate::Lately;
use super::{Appended, Draft, Rules};
use crate::domain::{ConversationId, MessageId, Timestamp};
use crate::error::storage;
use crate::store::Store;
use crate::{Error, limits};

/// How often an append starts over before it is given up: each time other writers got further.
const ATTEMPTS: u32 = 500;
enum Put {
    Stored,
    Occupied(Box<Entry>),
    /// A transaction has its hands on the number: look again.
    Contended,
}

impl Store {
    /// Gives `draft` the next number of `conversation`, or finds the message it repeats, if
    /// `permission` is granted, asked for before every round.
    ///
    /// Fails with `conflict` when its id names another message of the same sender, with `bad_request`
    /// when the time inside its id is in the future or too long ago to search for, and with
    /// `rate_limited` when the sender says too much or has too much searched for.
    pub async fn append<Permission: Future<Output = Result<(), Error>>>(
        &self,
        conversation: &ConversationId,
        draft: &Draft,
        permission: impl Fn() -> Permission,
        now: Timestamp,
        rules: Rules,
    ) -> Result<Appended, Error> {
        let retention = rules.retention;
        let made_at = draft.id.as_ref().and_then(MessageId::made_at);
        if made_at.is_some_and(|made_at| made_at > now.plus(limits::ID_AHEAD)) {
            return Err(Error::Invalid("the time inside `id` is in the future".into()));
        }
        let id = draft.id.clone().unwrap_or_else(|| MessageId::fresh(now));
        let mut pace = Pace::new();
        // The permission is asked for while the tail is read: nothing is written before both came.
        let look = || future::try_join(self.tail(conversation, draft, rules), permission());
        let (mut tail, ()) = look().await?;
        let (mut known, mut counted) = (0, None);
        for round in 1..ATTEMPTS {
            pace.answered();
            let earlier = self.find_repeat(conversation, draft, &id, &tail, (known, now)).await?;
            if let Some(earlier) = earlier {
                return Ok(Appended::Repeat(earlier));
            }
            known = tail.entries.first().map_or(known, |newest| newest.message.seq);
            tail.check_peer(draft)?;
            let newest = tail.entries.first();
            let mut lately = Lately::of(draft, &tail, rules);
            lately.check(newest.map_or(now, |newest| newest.message.sent_at.max(now)))?;
            if round == 1 {
                // Whatever is not stored in the end does not count.
                counted = self.count_said(draft, now, rules)?;
            }
            let mut appended = None;
            if tail.needs_start(now) {
                let start = match tail.start {
                    None if !tail.whole => self.start_of(conversation).await?,
                    start => start,
                };
                let seq = tail.next_seq(now);
                let entry = draft.entry(&id, (conversation, seq), newest, now, retention);
                if self.put_with_start(&entry, start, rules.has_accounts).await? {
                    appended = Some(Appended::Stored(entry.message));
                }
            } else if let Some(newest) = newest {
                let tries = pace.tries();
                appended = self.put_after(newest, tries, &mut lately, &id, now, retention).await?;
            }
            if let Some(appended) = appended {
                if let (Appended::Stored(_), Some(counted)) = (&appended, counted) {
                    counted.keep();
                }
                return Ok(appended);
            }
            pace.give_way().await;
            (tail, ()) = look().await?;
        }
        Err(Error::Storage {
            action: "append a message",
            source: "too many writers at once".into(),
        })
    }

    /// Tries so many numbers after `newest` until one is free; `None` when the tail must be read again.
    async fn put_after(
        &self,
        newest: &Entry,
        tries: u32,
        lately: &mut Lately<'_>,
        id: &MessageId,
        now: Timestamp,
        retention: Option<Duration>,
    ) -> Result<Option<Appended>, Error> {
        let draft = lately.draft;
        let conversation = &newest.message.conversation;
        let next = |newest: &Entry| {
            let place = (conversation, newest.message.seq + 1);
            draft.entry(id, place, Some(newest), now, retention)
        };
        let mut entry = next(newest);
        for _ in 0..tries {
            match self.put(&entry).await? {
                Put::Stored => return Ok(Some(Appended::Stored(entry.message))),
                Put::Contended => return Ok(None),
                Put::Occupied(occupant) => {
                    if draft.is_repeated_by(id, &occupant.message)? {
                        return Ok(Some(Appended::Repeat(occupant.message)));
                    }
                    lately.see(&occupant.message);
                    lately.check(occupant.message.sent_at.max(now))?;
                    entry = next(&occupant);
                }
            }
        }
        Ok(None)
    }

    async fn put(&self, entry: &Entry) -> Result<Put, Error> {
        let put = self.db.put_item().table_name(&self.table).set_item(Some(encode(entry)));
        let put = put
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(
                aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld,
            );
        let Err(error) = put.send().await else { return Ok(Put::Stored) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                let occupant = failed.item().ok_or(Error::Corrupt("occupant"))?;
                Ok(Put::Occupied(Box::new(decode(&entry.message.conversation, occupant)?)))
            }
            Some(PutItemError::TransactionConflictException(_)) => Ok(Put::Contended),
            _ => Err(storage("append a message")(error)),
        }
    }
}
