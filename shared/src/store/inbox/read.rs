//! Reads inboxes.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::types::builders::KeysAndAttributesBuilder;
use futures::future::join_all;

use super::Inbox;
use crate::Error;
use crate::domain::UserId;
use crate::error::storage;
use crate::store::item::Item;
use crate::store::key::{Key, keys_of};
use crate::store::{Store, keys};

/// The most keys of one BatchGetItem
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>).
const BATCH: usize = 100;
/// How often keys that DynamoDB left unprocessed are asked for again.
const BATCH_ATTEMPTS: u32 = 6;

impl Store {
    /// The inbox of `user`, strongly consistent.
    pub async fn inbox(&self, user: &UserId) -> Result<Inbox, Error> {
        let item = self.item(Key::inbox(user), "read an inbox").await?;
        Ok(item.as_ref().map(Inbox::decode).unwrap_or_default())
    }

    /// The inboxes of `users`, strongly consistent; empty for those that have none yet.
    pub async fn inboxes(&self, users: &[UserId]) -> Result<BTreeMap<UserId, Inbox>, Error> {
        let (inboxes, unread) = self.readable_inboxes(users).await;
        unread.map_or(Ok(inboxes), Err)
    }

    /// The same, as far as they can be read; an error if some cannot.
    pub async fn readable_inboxes(
        &self,
        users: &[UserId],
    ) -> (BTreeMap<UserId, Inbox>, Option<Error>) {
        let batches = users.chunks(BATCH).map(async |users| (users, self.inbox_items(users).await));
        let (mut inboxes, mut unread) = (BTreeMap::new(), None);
        for (users, (items, failure)) in join_all(batches).await {
            // Of those that were not read, nobody knows whether there is one.
            if failure.is_none() {
                inboxes.extend(users.iter().map(|user| (user.clone(), Inbox::default())));
            }
            inboxes.extend(items.iter().filter_map(decode));
            unread = unread.or(failure);
        }
        (inboxes, unread)
    }

    async fn inbox_items(&self, users: &[UserId]) -> (Vec<Item>, Option<Error>) {
        let wanted = keys_of(users.iter().map(Key::inbox)).consistent_read(true);
        self.readable_batch(wanted, "read inboxes").await
    }

    /// The items of these keys, asked for again until DynamoDB has processed them all;
    /// `action` completes "failed to".
    pub(in crate::store) async fn batch(
        &self,
        wanted: KeysAndAttributesBuilder,
        action: &'static str,
    ) -> Result<Vec<Item>, Error> {
        let (items, failure) = self.readable_batch(wanted, action).await;
        failure.map_or(Ok(items), Err)
    }

    /// The same, as far as they can be read; an error if some cannot.
    async fn readable_batch(
        &self,
        wanted: KeysAndAttributesBuilder,
        action: &'static str,
    ) -> (Vec<Item>, Option<Error>) {
        let wanted = match wanted.build().map_err(storage(action)) {
            Ok(wanted) => wanted,
            Err(error) => return (Vec::new(), Some(error)),
        };
        let mut items = Vec::new();
        let mut request = HashMap::from([(self.table.clone(), wanted)]);
        for attempt in 0..BATCH_ATTEMPTS {
            let answer = self.db.batch_get_item().set_request_items(Some(request)).send().await;
            let answer = match answer.map_err(storage(action)) {
                Ok(answer) => answer,
                Err(error) => return (items, Some(error)),
            };
            for (_, found) in answer.responses.unwrap_or_default() {
                items.extend(found);
            }
            request = answer.unprocessed_keys.unwrap_or_default();
            if request.is_empty() {
                return (items, None);
            }
            tokio::time::sleep(Duration::from_millis(25 << attempt)).await;
        }
        (items, Some(Error::Storage { action, source: "keys stayed unprocessed".into() }))
    }
}

fn decode(item: &Item) -> Option<(UserId, Inbox)> {
    let pk = item.get(keys::PK)?.as_s().ok()?;
    Some((keys::user_of_pk(pk)?, Inbox::decode(item)))
}
