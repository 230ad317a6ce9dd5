//! How far the table's stream has brought the messages of a room to their recipients, in an item behind its
//! last message, where every append looks.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::item::{Item, n, number, parse_number, s};
use super::key::Key;
use super::{Lease, Store};
use crate::Error;
use crate::domain::{ConversationId, Seq, Timestamp};
use crate::error::storage;

/// How far the messages of a room were brought by the stream.
#[derive(Clone, Debug)]
pub struct HandOver {
    /// Whatever was to go by the stream up to here has been brought.
    pub handed: Seq,
    /// How many members the room had when somebody last counted.
    pub members: usize,
    /// Who brings what comes next.
    pub lease: Option<Lease>,
}

/// What became of an attempt to bring messages.
#[derive(Clone, Debug)]
pub enum Taken {
    /// One may go on after this number.
    After(Seq),
    /// They were brought already, or the room is no more.
    Passed,
    /// Somebody else brings them.
    ByAnother,
}

/// The right to bring the messages of a room.
#[derive(Clone, Copy, Debug)]
pub struct HandOverLease<'a> {
    /// Which room's.
    pub conversation: &'a ConversationId,
    /// Who has it.
    pub holder: &'a str,
    /// How long it holds.
    pub lasts: Duration,
}

impl HandOver {
    pub(super) fn decode(item: &Item) -> Result<Self, Error> {
        Ok(Self {
            handed: number(item, "handed")?,
            members: item.get("members").and_then(parse_number).unwrap_or_default(),
            lease: item.get("lease").and_then(Lease::decode),
        })
    }
}

impl Store {
    /// Notes how many members a room has; whatever goes by the stream from now on comes after `seq`.
    pub async fn note_members(
        &self,
        conversation: &ConversationId,
        members: usize,
        seq: Seq,
    ) -> Result<(), Error> {
        let update = self
            .update(Key::handed(conversation))
            .update_expression("SET members = :members, handed = if_not_exists(handed, :seq)")
            .expression_attribute_values(":members", count(members))
            .expression_attribute_values(":seq", n(seq));
        update.send().await.map(drop).map_err(storage("note how many members a room has"))
    }

    /// How far the messages of a room were brought that go by the stream; 0 if none ever did.
    pub async fn handed(&self, conversation: &ConversationId) -> Result<Seq, Error> {
        let item =
            self.item(Key::handed(conversation), "look up how far a room was served").await?;
        Ok(item.as_ref().map(HandOver::decode).transpose()?.map_or(0, |hand_over| hand_over.handed))
    }

    /// Takes the right to bring the messages up to `last`, unless that is done.
    pub async fn take_hand_over(
        &self,
        lease: HandOverLease<'_>,
        last: Seq,
        now: Timestamp,
    ) -> Result<Taken, Error> {
        let update = self
            .update(Key::handed(lease.conversation))
            .update_expression("SET lease = :lease")
            .condition_expression(
                "handed < :last AND (attribute_not_exists(lease) OR lease.#until < :now)",
            )
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(
                ":lease",
                Lease::encode(lease.holder, now.plus(lease.lasts)),
            )
            .expression_attribute_values(":last", n(last))
            .expression_attribute_values(":now", n(now.as_millis()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match update.send().await {
            Ok(answer) => {
                let state = answer.attributes().map(HandOver::decode).transpose()?;
                return Ok(state.map_or(Taken::Passed, |state| Taken::After(state.handed)));
            }
            Err(error) => error,
        };
        let Some(UpdateItemError::ConditionalCheckFailedException(refused)) =
            error.as_service_error()
        else {
            return Err(storage("take a room's hand-over")(error));
        };
        let state = refused.item().map(HandOver::decode).transpose()?;
        Ok(match state {
            Some(HandOver { handed, lease: Some(_), .. }) if handed < last => Taken::ByAnother,
            _ => Taken::Passed,
        })
    }

    /// Keeps the right longer; false if it is another's by now.
    pub async fn keep_hand_over(
        &self,
        lease: HandOverLease<'_>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let update = self
            .update_hand_over(lease)
            .update_expression("SET lease = :lease")
            .expression_attribute_values(
                ":lease",
                Lease::encode(lease.holder, now.plus(lease.lasts)),
            );
        is_applied(update, "keep a room's hand-over").await
    }

    /// Everything up to `handed` was brought, to a room of so many members; the right goes with it if
    /// `is_done`. False if it is another's by now.
    pub async fn advance_hand_over(
        &self,
        lease: HandOverLease<'_>,
        handed: Seq,
        members: Option<usize>,
        (is_done, now): (bool, Timestamp),
    ) -> Result<bool, Error> {
        let counted = if members.is_some() { ", members = :members" } else { "" };
        let mut update = self.update_hand_over(lease);
        update = if is_done {
            update.update_expression(format!("SET handed = :handed{counted} REMOVE lease"))
        } else {
            update
                .update_expression(format!("SET handed = :handed, lease = :lease{counted}"))
                .expression_attribute_values(
                    ":lease",
                    Lease::encode(lease.holder, now.plus(lease.lasts)),
                )
        };
        if let Some(members) = members {
            update = update.expression_attribute_values(":members", count(members));
        }
        let update = update.expression_attribute_values(":handed", n(handed));
        is_applied(update, "note how far a room's messages were brought").await
    }

    /// Gives the right back; nothing to do if it is another's by now.
    pub async fn release_hand_over(&self, lease: HandOverLease<'_>) -> Result<(), Error> {
        let update = self.update_hand_over(lease).update_expression("REMOVE lease");
        is_applied(update, "give a room's hand-over back").await.map(drop)
    }

    /// An update on condition that the right is still this one's.
    fn update_hand_over(&self, lease: HandOverLease<'_>) -> UpdateItemFluentBuilder {
        self.update(Key::handed(lease.conversation))
            .condition_expression("lease.holder = :holder")
            .expression_attribute_values(":holder", s(lease.holder))
    }
}

async fn is_applied(update: UpdateItemFluentBuilder, action: &'static str) -> Result<bool, Error> {
    let Err(error) = update.send().await else { return Ok(true) };
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
        _ => Err(storage(action)(error)),
    }
}

fn count(members: usize) -> AttributeValue {
    n(i64::try_from(members).unwrap_or(i64::MAX))
}
