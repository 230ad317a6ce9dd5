//! Keys of other people's backends: in one partition, so that they can be listed, and so that roles can be
//! kept from them (`dynamodb:LeadingKeys`). Whoever calls is known by one read.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::item::{Item, n, number, s, text};
use super::key::Key;
use super::pages::Span;
use super::transaction::Write;
use super::{ListPage, Store, keys};
use crate::Error;
use crate::domain::{Account, ApiKey, KeyId, Scopes, Timestamp, UserId};
use crate::error::storage;

/// A key with what decides who has it.
#[derive(Debug)]
pub struct KeptKey {
    /// The key.
    pub key: ApiKey,
    /// The hash of what whoever has it shows.
    pub hash: String,
}

impl Store {
    /// Keeps a new key, with a new account for its bot, or with the bot of an earlier key; false if that is
    /// none, or is gone.
    pub async fn create_key(&self, kept: &KeptKey, bot: Option<&Account>) -> Result<bool, Error> {
        let KeptKey { key, hash } = kept;
        let mut item = Key::api_key(key.id).with([
            ("hash", s(hash)),
            ("name", s(&key.name)),
            ("scopes", s(key.scopes.to_string())),
            ("bot", s(key.bot.as_str())),
            ("by", s(key.by.as_str())),
            ("created_at", n(key.created_at.as_millis())),
        ]);
        if let Some(end) = key.expires_at {
            item.insert("good_until".into(), n(end.as_millis()));
            // Rounded up, so that it is never deleted while it is good.
            item.insert(keys::EXPIRES_AT.into(), n(end.as_seconds() + 1));
        }
        let mut writes = vec![self.put_new(item)?];
        writes.push(match bot {
            Some(account) => {
                let mut item = Self::account_item(account, None, Some(key.id));
                item.insert("bot".into(), AttributeValue::Bool(true));
                self.put_new(item)?
            }
            None => self.is_bot(&key.bot).map_err(storage("describe a bot"))?,
        });
        if self.transact(writes, "keep a key").await?.is_none() {
            return Ok(true);
        }
        // An earlier try of our own may have succeeded, and its answer been lost.
        Ok(self.key(key.id).await?.is_some())
    }

    /// A key, strongly consistent, so that one that was deleted is not found.
    pub async fn key(&self, id: KeyId) -> Result<Option<KeptKey>, Error> {
        let item = self.item(Key::api_key(id), "look up a key").await?;
        item.map(|item| decode(&item)).transpose()
    }

    /// Keys by id, which is by age; the first of them `after` one.
    pub async fn keys(
        &self,
        after: Option<KeyId>,
        limit: Option<usize>,
    ) -> Result<ListPage<ApiKey>, Error> {
        let span = Span { pk: keys::API_KEYS, prefix: "KEY", having: None, action: "list keys" };
        let (items, next) = self.span(span, after.map(|id| id.to_string()), limit).await?;
        let decode = |item| decode(item).map(|kept| kept.key);
        Ok(ListPage { items: items.iter().map(decode).collect::<Result<_, _>>()?, next })
    }

    /// Ends a key; false if there is none.
    pub async fn delete_key(&self, id: KeyId) -> Result<bool, Error> {
        let delete = self.delete(Key::api_key(id)).condition_expression("attribute_exists(pk)");
        match delete.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(storage("delete a key")(error)),
            },
        }
    }

    /// That a user is a bot, as part of a transaction.
    fn is_bot(&self, user: &UserId) -> Result<TransactWriteItem, BuildError> {
        self.tx_check(Key::account(user))
            .condition_expression("attribute_exists(bot) AND attribute_not_exists(deleting)")
            .write()
    }
}

fn decode(item: &Item) -> Result<KeptKey, Error> {
    let place = text(item, keys::SK)?;
    let id = place.strip_prefix(keys::API_KEY).and_then(KeyId::parse);
    let until = item.get("good_until").map(|_| number(item, "good_until")).transpose()?;
    Ok(KeptKey {
        key: ApiKey {
            id: id.ok_or(Error::Corrupt("key"))?,
            name: text(item, "name")?,
            scopes: Scopes::parse(&text(item, "scopes")?),
            bot: UserId::parse(&text(item, "bot")?)?,
            by: UserId::parse(&text(item, "by")?)?,
            created_at: Timestamp::from_millis(number(item, "created_at")?),
            expires_at: until.map(Timestamp::from_millis),
        },
        hash: text(item, "hash")?,
    })
}
