//! Several items written as one.

use std::time::Duration;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::{
    ConditionCheckBuilder, DeleteBuilder, PutBuilder, UpdateBuilder,
};
use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem, Update};

use super::Store;
use super::item::Item;
use super::key::Key;
use crate::Error;
use crate::error::storage;

/// How often a transaction is tried when another has its hands on the same items.
const ATTEMPTS: u32 = 6;

/// What a transaction writes or checks, as it is described.
pub(super) trait Write {
    /// The same as one write of a transaction.
    fn write(self) -> Result<TransactWriteItem, BuildError>;
}

impl Write for PutBuilder {
    fn write(self) -> Result<TransactWriteItem, BuildError> {
        Ok(TransactWriteItem::builder().put(self.build()?).build())
    }
}

impl Write for UpdateBuilder {
    fn write(self) -> Result<TransactWriteItem, BuildError> {
        Ok(TransactWriteItem::builder().update(self.build()?).build())
    }
}

impl Write for DeleteBuilder {
    fn write(self) -> Result<TransactWriteItem, BuildError> {
        Ok(TransactWriteItem::builder().delete(self.build()?).build())
    }
}

impl Write for ConditionCheckBuilder {
    fn write(self) -> Result<TransactWriteItem, BuildError> {
        Ok(TransactWriteItem::builder().condition_check(self.build()?).build())
    }
}

impl Store {
    pub(super) fn tx_put(&self, item: Item) -> PutBuilder {
        Put::builder().table_name(&self.table).set_item(Some(item))
    }

    pub(super) fn tx_update(&self, key: Key) -> UpdateBuilder {
        Update::builder().table_name(&self.table).set_key(Some(key.into()))
    }

    pub(super) fn tx_delete(&self, key: Key) -> DeleteBuilder {
        Delete::builder().table_name(&self.table).set_key(Some(key.into()))
    }

    /// A condition on an item that the transaction does not write.
    pub(super) fn tx_check(&self, key: Key) -> ConditionCheckBuilder {
        ConditionCheck::builder().table_name(&self.table).set_key(Some(key.into()))
    }

    /// Writes all or nothing; `Some` with the place of the first write whose condition did not hold.
    pub(super) async fn transact(
        &self,
        writes: Vec<TransactWriteItem>,
        action: &'static str,
    ) -> Result<Option<usize>, Error> {
        for attempt in 0..ATTEMPTS {
            let request = self.db.transact_write_items().set_transact_items(Some(writes.clone()));
            let Err(error) = request.send().await else { return Ok(None) };
            let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
                error.as_service_error()
            else {
                return Err(storage(action)(error));
            };
            let reasons = canceled.cancellation_reasons();
            let of = |code| reasons.iter().position(|reason| reason.code() == Some(code));
            if let Some(place) = of("ConditionalCheckFailed") {
                return Ok(Some(place));
            }
            if of("TransactionConflict").is_none() {
                return Err(storage(action)(error));
            }
            // Somebody else joins or leaves at the same moment.
            tokio::time::sleep(Duration::from_millis(20 << attempt)).await;
        }
        Err(Error::Storage { action, source: "others kept writing at the same time".into() })
    }
}
