//! Reads inboxes.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures::future::try_join_all;

use super::Inbox;
use crate::Error;
use crate::chat::UserId;
use crate::error::storage;
use crate::store::item::{Item, s};
use crate::store::{Store, keys};

/// The most keys of one BatchGetItem
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>).
const BATCH: usize = 100;
/// How often keys that DynamoDB left unprocessed are asked for again.
const BATCH_ATTEMPTS: u32 = 6;

impl Store {
    /// The inbox of `user`, strongly consistent.
    pub async fn inbox(&self, user: &UserId) -> Result<Inbox, Error> {
        let item = self.item(keys::user_pk(user), keys::INBOX, "read an inbox").await?;
        Ok(item.as_ref().map(Inbox::decode).unwrap_or_default())
    }

    /// The inboxes of `users`, strongly consistent; empty for those that have none yet.
    pub async fn inboxes(&self, users: &[UserId]) -> Result<BTreeMap<UserId, Inbox>, Error> {
        let batches =
            try_join_all(users.chunks(BATCH).map(|users| self.inbox_items(users))).await?;
        let mut inboxes: BTreeMap<_, _> =
            users.iter().map(|user| (user.clone(), Inbox::default())).collect();
        for item in batches.iter().flatten() {
            let pk = item.get(keys::PK).and_then(|pk| pk.as_s().ok());
            if let Some(user) = pk.and_then(|pk| keys::user_of_pk(pk)) {
                inboxes.insert(user, Inbox::decode(item));
            }
        }
        Ok(inboxes)
    }

    async fn inbox_items(&self, users: &[UserId]) -> Result<Vec<Item>, Error> {
        let keys = users.iter().map(|user| {
            HashMap::from([
                (keys::PK.to_owned(), s(keys::user_pk(user))),
                (keys::SK.to_owned(), s(keys::INBOX)),
            ])
        });
        let wanted = KeysAndAttributes::builder().consistent_read(true);
        let wanted = wanted.set_keys(Some(keys.collect())).build();
        self.batch(wanted.map_err(storage("describe a batch of inboxes"))?, "read inboxes").await
    }

    /// The items of these keys, asked for again until DynamoDB has processed them all;
    /// `action` completes "failed to".
    pub(in crate::store) async fn batch(
        &self,
        wanted: KeysAndAttributes,
        action: &'static str,
    ) -> Result<Vec<Item>, Error> {
        let mut items = Vec::new();
        let mut request = HashMap::from([(self.table.clone(), wanted)]);
        for attempt in 0..BATCH_ATTEMPTS {
            let answer = self.db.batch_get_item().set_request_items(Some(request)).send().await;
            let answer = answer.map_err(storage(action))?;
            if let Some(found) = answer.responses().and_then(|found| found.get(&self.table)) {
                items.extend(found.iter().cloned());
            }
            request = answer.unprocessed_keys.unwrap_or_default();
            if request.is_empty() {
                return Ok(items);
            }
            tokio::time::sleep(Duration::from_millis(25 << attempt)).await;
        }
        Err(Error::Storage { action, source: "keys stayed unprocessed".into() })
    }
}
