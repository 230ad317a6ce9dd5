//! Who is online: a sparse index over inboxes, in a few partitions so that none runs hot.

use futures::future::try_join_all;

use super::item::{s, text};
use super::rooms::ListPage;
use super::{Inbox, Store, keys};
use crate::Error;
use crate::domain::UserId;
use crate::error::storage;

/// How many partitions of the index the users who are online share.
const SHARDS: u64 = 8;

/// The index partition that `user` is in while online.
pub(super) fn shard_of(user: &UserId) -> String {
    let sum = user
        .as_str()
        .bytes()
        .fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    shard(sum % SHARDS)
}

fn shard(number: u64) -> String {
    format!("ONLINE#{number}")
}

impl Store {
    /// Users who are online by id, the first of them `after` one, with their inboxes.
    ///
    /// The index lags behind by a moment, and may still name somebody whose end nobody has told.
    pub async fn online(
        &self,
        after: Option<&UserId>,
        limit: Option<usize>,
    ) -> Result<ListPage<(UserId, Inbox)>, Error> {
        let mut users = self.online_users(after, limit).await?;
        let more = limit.is_some_and(|limit| users.len() > limit);
        users.truncate(limit.unwrap_or(usize::MAX));
        let next = users.last().filter(|_| more).map(UserId::encoded);
        let mut inboxes = self.inboxes(&users).await?;
        let inbox = |user: UserId| {
            let inbox = inboxes.remove(&user).unwrap_or_default();
            (user, inbox)
        };
        Ok(ListPage { items: users.into_iter().map(inbox).collect(), next })
    }

    /// The same without their inboxes; more than `limit` if there are more.
    pub async fn online_users(
        &self,
        after: Option<&UserId>,
        limit: Option<usize>,
    ) -> Result<Vec<UserId>, Error> {
        let shards = (0..SHARDS).map(|number| self.online_in(shard(number), after, limit));
        let mut users: Vec<_> = try_join_all(shards).await?.into_iter().flatten().collect();
        users.sort_by_key(UserId::encoded);
        Ok(users)
    }

    async fn online_in(
        &self,
        shard: String,
        after: Option<&UserId>,
        limit: Option<usize>,
    ) -> Result<Vec<UserId>, Error> {
        let mut users = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .query_directory()
                .key_condition_expression("dir_pk = :shard AND dir_sk > :after")
                .expression_attribute_values(":shard", s(&shard))
                // A space is before every encoded id.
                .expression_attribute_values(":after", s(after.map_or(" ".into(), UserId::encoded)))
                .set_limit(limit.map(|limit| i32::try_from(limit + 1).unwrap_or(i32::MAX)))
                .set_exclusive_start_key(start)
                .send()
                .await;
            let page = page.map_err(storage("list who is online"))?;
            for item in page.items() {
                users.push(UserId::from_encoded(&text(item, keys::DIRECTORY_SK)?)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() || limit.is_some_and(|limit| users.len() > limit) {
                return Ok(users);
            }
        }
    }
}
