//! The table and the client that reaches it.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{Item, s};
use super::keys;
use crate::Error;
use crate::error::storage;

/// One table, through the SDK's client.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) db: Client,
    pub(super) table: String,
}

impl Store {
    /// Keeps everything in `table`, reached through `db`.
    pub fn new(db: Client, table: String) -> Self {
        Self { db, table }
    }

    /// The item of this key, strongly consistent; `action` completes "failed to".
    pub(super) async fn item(
        &self,
        pk: String,
        sk: impl Into<String>,
        action: &'static str,
    ) -> Result<Option<Item>, Error> {
        let request = self.db.get_item().table_name(&self.table).consistent_read(true);
        let request = request.key(keys::PK, s(pk)).key(keys::SK, s(sk));
        Ok(request.send().await.map_err(storage(action))?.item)
    }

    /// Fails unless the table answers a read.
    pub async fn check_health(&self) -> Result<(), Error> {
        let key = AttributeValue::S("HEALTH".into());
        let request = self.db.get_item().table_name(&self.table);
        let answer = request.key(keys::PK, key.clone()).key(keys::SK, key).send().await;
        answer.map(|_| ()).map_err(storage("read from the table"))
    }
}
