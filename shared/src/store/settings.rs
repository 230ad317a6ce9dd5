//! What people decide about conversations for themselves: kept with their listing of them.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::Store;
use super::item::{n, s};
use super::key::Key;
use super::memberships::{Membership, decode, decode_settings};
use crate::Error;
use crate::domain::{ConversationId, SettingsChange, Timestamp, UserId};
use crate::error::storage;

/// A mute that is not over.
const GOES_ON: &str = "(attribute_not_exists(muted_until) OR muted_until > :now)";

impl Store {
    /// Changes somebody's settings of a conversation, in one write; `None` if they have no such conversation.
    ///
    /// A mute that is over at `now` is as if it were not, which takes one more write to find.
    pub async fn change_settings(
        &self,
        user: &UserId,
        conversation: &ConversationId,
        change: &SettingsChange,
        now: Timestamp,
    ) -> Result<Option<Membership>, Error> {
        let mut is_over = false;
        loop {
            let update = self.update(Key::membership(user, conversation));
            let update = written(update, change, (is_over, now));
            let error = match update.send().await {
                Ok(answer) => return answer.attributes().map(decode).transpose(),
                Err(error) => error,
            };
            let Some(UpdateItemError::ConditionalCheckFailedException(kept)) =
                error.as_service_error()
            else {
                return Err(storage("keep settings")(error));
            };
            let Some(item) = kept.item().filter(|_| !is_over) else { return Ok(None) };
            if change.limits_a_mute() && decode_settings(item).mute(now).is_none() {
                let reason = "`muted_until` is for a conversation that is muted: say `muted`, too";
                return Err(Error::Invalid(reason.into()));
            }
            is_over = true;
        }
    }
}

/// The write, on whose condition no mute goes on that is over; if it is known to be, without it.
fn written(
    update: UpdateItemFluentBuilder,
    change: &SettingsChange,
    (is_over, now): (bool, Timestamp),
) -> UpdateItemFluentBuilder {
    let mut condition = vec!["attribute_exists(pk)"];
    let mut update = update
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    if change.goes_on_muting() && !is_over {
        condition.push(GOES_ON);
        update = update.expression_attribute_values(":now", n(now.as_millis()));
        if change.limits_a_mute() {
            condition.push("attribute_exists(muted)");
        }
    }
    let (mut set, mut removed) = (Vec::new(), Vec::new());
    for (name, value) in attributes(change, is_over) {
        match value {
            Some(value) => {
                set.push(format!("{name} = :{name}"));
                update = update.expression_attribute_values(format!(":{name}"), value);
            }
            None => removed.push(name),
        }
    }
    let mut expression = String::new();
    if !set.is_empty() {
        expression += &format!("SET {} ", set.join(", "));
    }
    if !removed.is_empty() {
        expression += &format!("REMOVE {}", removed.join(", "));
    }
    update.update_expression(expression).condition_expression(condition.join(" AND "))
}

/// What becomes of which attribute: it goes if there is no value.
fn attributes(
    change: &SettingsChange,
    is_over: bool,
) -> Vec<(&'static str, Option<AttributeValue>)> {
    let SettingsChange { muted, muted_until, pinned, hidden_upto, draft, unread_from } = change;
    let mute = muted.map(|muted| muted.map(|muted| s(muted.as_str())));
    let until = muted_until.map(|until| until.map(|until| n(until.as_millis())));
    // Without the one half the other is nothing, and neither outlasts the end of the mute.
    let (mute, until) = match (mute, until) {
        (Some(None), _) => (Some(None), Some(None)),
        (mute, until) if is_over => (mute.or(Some(None)), until.or(Some(None))),
        halves => halves,
    };
    let all = [
        ("muted", mute),
        ("muted_until", until),
        ("pinned", pinned.map(|pinned| pinned.then_some(AttributeValue::Bool(true)))),
        ("hidden_upto", hidden_upto.map(|upto| upto.map(n))),
        ("draft", draft.as_ref().map(|draft| draft.as_ref().map(|draft| s(draft.as_str())))),
        ("unread_from", unread_from.map(|from| from.map(n))),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}
