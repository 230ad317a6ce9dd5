//! Stores a message under a number that must be free.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;

use super::entry::{Entry, decode, encode};
use crate::Error;
use crate::error::storage;
use crate::store::Store;

/// What became of a put.
#[derive(Debug)]
pub enum Put {
    /// The number was free.
    Stored,
    /// Another message has it.
    Occupied(Box<Entry>),
    /// A transaction has its hands on the number, or a message that the event is about has changed: look
    /// again.
    Contended,
    /// Something stands against what else is written with it.
    Obstacle(Obstacle),
}

/// What stands against a write beside that of the message's own item, which is as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The event that edited the message before is no more: it has expired, and its words with it.
    LostEdit,
    /// As many messages are pinned as may be.
    AllPinned,
}

impl Store {
    /// Stores `entry` if its number is free.
    pub async fn put_message(&self, entry: &Entry) -> Result<Put, Error> {
        let put = self.put(encode(entry));
        let put = put
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
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
