//! Where a log's numbers start.
//!
//! A log without messages, new or all expired, starts at the present time in milliseconds, so that
//! its numbers never fall behind a cursor somebody kept. Two first messages at the same time must not
//! start at two numbers: the transaction that stores the first message also moves the log's `start`
//! item from what its writer saw, so only one of them succeeds; the other finds a tail then.
//! The same transaction lists the conversation with its people, so it cannot be half begun.

use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};

use super::entry::{Entry, encode};
use super::put::Obstacle;
use super::revise::{BESIDE, Target, obstacle};
use super::tail::Tail;
use crate::Error;
use crate::domain::{ConversationId, Seq, Timestamp, UserId};
use crate::error::storage;
use crate::store::Store;
use crate::store::item::{n, parse_number};
use crate::store::key::Key;
use crate::store::transaction::Write;

/// A tail this close to its expiry could be gone before a plain put behind it; longer than any
/// invocation lasts.
const CLOSE_TO_EXPIRY: Duration = Duration::from_secs(15 * 60);

/// What became of the first message of a log.
#[derive(Debug)]
pub enum First {
    /// It is stored.
    Stored,
    /// Somebody else started the log.
    Overtaken,
    /// Something stands against what else is written with it.
    Obstacle(Obstacle),
    /// This one has no account, or it is being deleted.
    NoAccount(UserId),
}

impl Tail {
    /// Whether the next message, which is kept for so long, must agree with other writers on where the log
    /// starts.
    pub fn needs_start(&self, now: Timestamp, kept: Option<Duration>) -> bool {
        let soon = now.plus(CLOSE_TO_EXPIRY).as_seconds();
        let Some(newest) = self.entries.first() else { return true };
        let ends_soon = newest.expires_at.is_some_and(|expires_at| expires_at < soon);
        ends_soon || self.may_have_lost_its_end(now) || self.outlives(now, kept)
    }

    /// The number after the newest, or the one at which a log starts that is empty or may have lost its end.
    pub fn next_seq(&self, now: Timestamp) -> Seq {
        let newest = self.entries.first().map(|newest| newest.message.seq);
        let known = newest.filter(|_| !self.may_have_lost_its_end(now));
        known.map_or_else(
            || {
                let last_known = newest.unwrap_or_default().max(self.lifetime.shorter_from);
                Seq::try_from(now.as_millis()).unwrap_or(1).max(last_known + 1)
            },
            |newest| newest + 1,
        )
    }

    /// Whether the last that was said may be gone although something older is there: what has expired is
    /// deleted in any order, and what is kept for less time before the rest.
    fn may_have_lost_its_end(&self, now: Timestamp) -> bool {
        self.entries.first().is_some_and(|newest| {
            newest.is_expired(now) || newest.message.seq < self.lifetime.shorter_from
        })
    }

    /// Whether the next message, which is kept for so long, expires before the newest.
    pub fn outlives(&self, now: Timestamp, kept: Option<Duration>) -> bool {
        let (Some(newest), Some(kept)) = (self.entries.first(), kept) else { return false };
        let expires_at = newest.message.sent_at.max(now).plus(kept).as_seconds();
        newest.expires_at.is_none_or(|newest| expires_at < newest)
    }
}

impl Store {
    /// Stores `entry` if the log's start is still as it was `seen`, lists the conversation for both of a
    /// direct one, and each of `holders` has an account that is not being deleted: else this would list
    /// it again for somebody of whom nothing is left. Also notes if it `expires_earlier` than what is there.
    /// An event changes its `target`, if that is as it was read.
    pub async fn put_first(
        &self,
        entry: &Entry,
        seen: Option<Seq>,
        target: Option<&Target>,
        (holders, expires_earlier): (&[UserId], bool),
    ) -> Result<First, Error> {
        let conversation = &entry.message.conversation;
        let message = self
            .tx_put(encode(entry))
            .condition_expression("attribute_not_exists(pk)")
            .write()
            .map_err(storage("describe a message"))?;
        let mut write = self
            .db
            .transact_write_items()
            .transact_items(self.move_start(entry, seen)?)
            .transact_items(message);
        let also = target.map(|target| self.revision(entry, target)).transpose()?;
        for change in also.into_iter().flatten() {
            write = write.transact_items(change);
        }
        for membership in self.new_memberships(conversation, entry.message.sent_at)? {
            write = write.transact_items(membership);
        }
        if expires_earlier {
            let note = self.expires_earlier(conversation, entry.message.seq);
            write = write.transact_items(note.map_err(storage("describe a lifetime"))?);
        }
        for holder in holders {
            write = write.transact_items(self.account_exists(holder)?);
        }
        let Err(error) = write.send().await else { return Ok(First::Stored) };
        let reasons = match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                canceled.cancellation_reasons()
            }
            _ => &[],
        };
        if let Some(user) = without_account(holders, reasons) {
            return Ok(First::NoAccount(user.clone()));
        }
        let is_refused =
            |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
        let obstacle = target.and_then(|target| obstacle(entry, target));
        if let Some(obstacle) =
            obstacle.filter(|_| reasons.iter().position(is_refused) == Some(2 + BESIDE))
        {
            return Ok(First::Obstacle(obstacle));
        }
        let is_overtaken = reasons.iter().any(|reason| {
            matches!(reason.code(), Some("ConditionalCheckFailed" | "TransactionConflict"))
        });
        if is_overtaken {
            return Ok(First::Overtaken);
        }
        Err(storage("store the first message of a conversation")(error))
    }

    /// The log's start as it stands now, for a tail whose page did not reach down to it.
    pub async fn start_of(&self, conversation: &ConversationId) -> Result<Option<Seq>, Error> {
        let item = self.item(Key::start(conversation), "read the start of a conversation").await?;
        Ok(item.as_ref().and_then(|item| item.get("start")).and_then(parse_number))
    }

    /// The first number ever given out; a log that lost all its messages has started again since.
    pub async fn first_ever(&self, conversation: &ConversationId) -> Result<Option<Seq>, Error> {
        let item = self.item(Key::start(conversation), "read the start of a conversation").await?;
        Ok(item.as_ref().and_then(|item| item.get("began")).and_then(parse_number))
    }

    fn move_start(&self, entry: &Entry, seen: Option<Seq>) -> Result<TransactWriteItem, Error> {
        let update = self
            .tx_update(Key::start(&entry.message.conversation))
            .update_expression("SET #start = :start, began = if_not_exists(began, :start)")
            .expression_attribute_names("#start", "start")
            .expression_attribute_values(":start", n(entry.message.seq));
        let update = match seen {
            None => update.condition_expression("attribute_not_exists(#start)"),
            Some(seen) => update
                .condition_expression("#start = :seen")
                .expression_attribute_values(":seen", n(seen)),
        };
        update.write().map_err(storage("describe the start of a conversation"))
    }

    fn new_memberships(
        &self,
        conversation: &ConversationId,
        now: Timestamp,
    ) -> Result<Vec<TransactWriteItem>, Error> {
        let membership = |user| {
            self.tx_update(Key::membership(user, conversation))
                .update_expression("SET joined_at = if_not_exists(joined_at, :now)")
                .expression_attribute_values(":now", n(now.as_millis()))
                .write()
                .map_err(storage("describe a listing"))
        };
        conversation.pair().iter().map(membership).collect()
    }
}

/// Who of `holders` has no account, if the last writes of a canceled transaction ask that of each.
fn without_account<'a>(
    holders: &'a [UserId],
    reasons: &[CancellationReason],
) -> Option<&'a UserId> {
    let last = holders.iter().rev().zip(reasons.iter().rev());
    let without = last.filter(|(_, reason)| reason.code() == Some("ConditionalCheckFailed"));
    without.map(|(holder, _)| holder).next()
}
