//! The table, the client that reaches it, and the requests for one item of it.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;

use super::item::Item;
use super::key::Key;
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

    /// Fails unless the table answers a read.
    pub async fn check_health(&self) -> Result<(), Error> {
        let answer = self.get(Key::new("HEALTH", "HEALTH")).send().await;
        answer.map(|_| ()).map_err(storage("read from the table"))
    }

    /// The item of this key, strongly consistent; `action` completes "failed to".
    pub(super) async fn item(&self, key: Key, action: &'static str) -> Result<Option<Item>, Error> {
        let request = self.get(key).consistent_read(true);
        Ok(request.send().await.map_err(storage(action))?.item)
    }

    pub(super) fn get(&self, key: Key) -> GetItemFluentBuilder {
        self.db.get_item().table_name(&self.table).set_key(Some(key.into()))
    }

    pub(super) fn put(&self, item: Item) -> PutItemFluentBuilder {
        self.db.put_item().table_name(&self.table).set_item(Some(item))
    }

    pub(super) fn update(&self, key: Key) -> UpdateItemFluentBuilder {
        self.db.update_item().table_name(&self.table).set_key(Some(key.into()))
    }

    pub(super) fn delete(&self, key: Key) -> DeleteItemFluentBuilder {
        self.db.delete_item().table_name(&self.table).set_key(Some(key.into()))
    }

    /// A query of the table, strongly consistent.
    pub(super) fn query(&self) -> QueryFluentBuilder {
        self.db.query().table_name(&self.table).consistent_read(true)
    }

    /// A query of the index, which is never strongly consistent.
    pub(super) fn query_directory(&self) -> QueryFluentBuilder {
        self.db.query().table_name(&self.table).index_name(keys::DIRECTORY)
    }
}
