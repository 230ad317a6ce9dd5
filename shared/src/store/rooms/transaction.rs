//! Several items written as one.

use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::TransactWriteItem;

use crate::Error;
use crate::error::storage;
use crate::store::Store;

/// How often a transaction is tried when another has its hands on the same items.
const ATTEMPTS: u32 = 6;

impl Store {
    /// Writes all or nothing; `Some` with the place of the first write whose condition did not hold.
    pub(in crate::store) async fn transact(
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
