//! How many came into a large room and went out of it since its log last told so: counted in the room's item,
//! by the transactions that let them in and out.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValue;

use crate::Error;
use crate::domain::{Room, Timestamp, Turnover};
use crate::error::storage;
use crate::store::Store;
use crate::store::item::{n, parse_number};
use crate::store::key::Key;

/// When the log last told so.
pub(super) const TOLD_AT: &str = "told_at";
/// One more came, as a further part of what a transaction adds to the room's item.
pub(super) const ONE_JOINED: &str = ", came :one";
/// One more went, likewise.
pub(super) const ONE_LEFT: &str = ", went :one";

impl Store {
    /// Takes what was counted, so that it is told once; `None` if somebody else has taken it since the room
    /// was read.
    pub async fn take_turnover(
        &self,
        room: &Room,
        now: Timestamp,
    ) -> Result<Option<Turnover>, Error> {
        let update = self
            .update(Key::room(room.id))
            .update_expression("SET told_at = :now REMOVE came, went")
            .expression_attribute_values(":now", n(now.as_millis()))
            .return_values(ReturnValue::AllOld);
        let update = match room.told_at {
            Some(told_at) => update
                .condition_expression("told_at = :seen")
                .expression_attribute_values(":seen", n(told_at.as_millis())),
            None => update
                .condition_expression("attribute_exists(pk) AND attribute_not_exists(told_at)"),
        };
        let before = match update.send().await {
            Ok(answer) => answer.attributes.unwrap_or_default(),
            Err(error) => {
                return match error.as_service_error() {
                    Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(None),
                    _ => Err(storage("take how many came and went")(error)),
                };
            }
        };
        let counted = |name| before.get(name).and_then(parse_number).unwrap_or_default();
        Ok(Some(Turnover { joined: counted("came"), left: counted("went") }))
    }
}
