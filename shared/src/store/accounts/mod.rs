//! Accounts, and what is kept to let their owners in.

mod attempts;
mod closing;
mod names;
mod passwords;
mod sessions;
mod tickets;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::TransactWriteItem;
use serde_json::{Map, Value};

use super::Store;
use super::item::{Item, n, number, s, text};
use crate::Error;
use crate::domain::{Account, KeyId, UserId, Username};
use crate::error::storage;
use crate::store::key::Key;
use crate::store::transaction::Write;

pub use attempts::{Attempts, Counted};
pub use names::Moment;
pub use sessions::{Exchange, Rotation, Session};
pub use tickets::Ticket;

/// Where accounts kept the hashes of their passwords.
const OLD_HASH: &str = "password_hash";

/// An account with what decides who may use it.
#[derive(Debug)]
pub struct Secured {
    /// The account.
    pub account: Account,
    /// Whether somebody else says who its owner is, an outside issuer or somebody's backend, so that it has
    /// no password here.
    pub is_vouched_for: bool,
    /// Whether it is that of a key, and not of a person.
    pub is_bot: bool,
    /// The hash of the password, if the account was made when that was kept with it.
    pub old_hash: Option<String>,
    /// Whether its deletion has not begun.
    pub open: bool,
}

/// What lets the owner of a new account in.
#[derive(Clone, Copy, Debug)]
pub enum Owner<'a> {
    /// A password of this hash.
    Password(&'a str),
    /// An outside issuer, who says that they are this subject, as a key.
    Subject(&'a str),
    /// Whoever has this key, to whom they may be somebody, as a key.
    Key(KeyId, Option<&'a str>),
}

impl Store {
    /// Keeps a new account; false if its username, or one that looks like it, is somebody's.
    pub async fn create_account(&self, account: &Account, owner: Owner<'_>) -> Result<bool, Error> {
        let (subject, made_by) = match owner {
            Owner::Password(_) => (None, None),
            Owner::Subject(subject) => (Some(subject), None),
            Owner::Key(key, subject) => (subject, Some(key)),
        };
        let mut writes = vec![self.put_new(Self::account_item(account, subject, made_by))?];
        if let Owner::Password(hash) = owner {
            writes.push(self.new_password(&account.user, hash)?);
        }
        if let Some(username) = &account.username {
            let names = self.reserve_username(&account.user, username, account.created_at);
            writes.extend(names.map_err(storage("describe a username"))?);
        }
        if let Some(subject) = subject {
            let item = Key::subject(subject).with([("user", s(account.user.as_str()))]);
            writes.push(self.put_new(item)?);
        }
        if self.transact(writes, "create an account").await?.is_none() {
            return Ok(true);
        }
        // An earlier try of our own may have succeeded, and its answer been lost.
        Ok(self.account(&account.user).await?.is_some())
    }

    /// A new account as it is kept: of a subject, or made by a key.
    pub(in crate::store) fn account_item(
        account: &Account,
        subject: Option<&str>,
        made_by: Option<KeyId>,
    ) -> Item {
        let mut item =
            Key::account(&account.user).with([("created_at", n(account.created_at.as_millis()))]);
        let texts = [
            ("username", account.username.as_ref().map(|name| name.as_str().to_owned())),
            ("display_name", account.display_name.clone()),
            ("metadata", account.metadata.as_ref().map(|it| Value::Object(it.clone()).to_string())),
            ("subject", subject.map(str::to_owned)),
            ("made_by", made_by.map(|key| key.to_string())),
        ];
        item.extend(texts.into_iter().filter_map(|(name, text)| Some((name.into(), s(text?)))));
        item
    }

    /// Whether there is an account of `user` that is not being deleted, strongly consistent.
    pub async fn has_account(&self, user: &UserId) -> Result<bool, Error> {
        let item = self.item(Key::account(user), "look up an account").await?;
        Ok(item.is_some_and(|item| Self::is_open(&item)))
    }

    /// That there is such an account of `user`, as part of a transaction.
    pub(in crate::store) fn account_exists(
        &self,
        user: &UserId,
    ) -> Result<TransactWriteItem, Error> {
        let check = self
            .tx_check(Key::account(user))
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(deleting)")
            .write();
        check.map_err(storage("describe an account"))
    }

    /// The account of `user`, strongly consistent.
    pub async fn account(&self, user: &UserId) -> Result<Option<Secured>, Error> {
        let item = self.item(Key::account(user), "look up an account").await?;
        item.map(|item| decode(user, &item)).transpose()
    }

    /// Who an outside issuer's subject is here.
    pub async fn user_of_subject(&self, subject: &str) -> Result<Option<UserId>, Error> {
        let item = self.item(Key::subject(subject), "look up a subject");
        item.await?.map(|item| UserId::parse(&text(&item, "user")?)).transpose()
    }

    /// Changes what an account shows of its owner; what is `None` stays, what is empty goes.
    pub async fn change_profile(
        &self,
        user: &UserId,
        display_name: Option<String>,
        metadata: Option<Option<Map<String, Value>>>,
    ) -> Result<(), Error> {
        let display_name = display_name.map(|name| Some(name).filter(|name| !name.is_empty()));
        let metadata = metadata.map(|kept| kept.map(|kept| Value::Object(kept).to_string()));
        let (mut set, mut remove) = (Vec::new(), Vec::new());
        let mut update = self.update_account(user);
        for (name, value) in [("display_name", display_name), ("metadata", metadata)] {
            match value {
                Some(None) => remove.push(name),
                Some(Some(value)) => {
                    set.push(format!("{name} = :{name}"));
                    update = update.expression_attribute_values(format!(":{name}"), s(value));
                }
                None => {}
            }
        }
        if set.is_empty() && remove.is_empty() {
            return Ok(());
        }
        let mut expression = String::new();
        if !set.is_empty() {
            expression = format!("SET {} ", set.join(", "));
        }
        if !remove.is_empty() {
            expression.push_str(&format!("REMOVE {}", remove.join(", ")));
        }
        self.apply_to_account(update.update_expression(expression), "change a profile").await
    }

    fn update_account(&self, user: &UserId) -> UpdateItemFluentBuilder {
        self.update(Key::account(user))
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(deleting)")
    }

    async fn apply_to_account(
        &self,
        update: UpdateItemFluentBuilder,
        action: &'static str,
    ) -> Result<(), Error> {
        let Err(error) = update.send().await else { return Ok(()) };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Err(Error::DELETED),
            _ => Err(storage(action)(error)),
        }
    }

    /// A put where there must be none.
    pub(in crate::store) fn put_new(&self, item: Item) -> Result<TransactWriteItem, Error> {
        let put = self.tx_put(item).condition_expression("attribute_not_exists(pk)");
        put.write().map_err(storage("describe an account"))
    }
}

fn decode(user: &UserId, item: &Item) -> Result<Secured, Error> {
    let optional = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    let metadata = optional("metadata").map(|json| serde_json::from_str(&json)).transpose();
    let username = optional("username").map(|name| Username::parse(&name)).transpose();
    Ok(Secured {
        account: Account {
            user: user.clone(),
            username: username.map_err(|_| Error::Corrupt("username"))?,
            display_name: optional("display_name"),
            metadata: metadata.map_err(|_| Error::Corrupt("metadata"))?,
            created_at: crate::domain::Timestamp::from_millis(number(item, "created_at")?),
        },
        is_vouched_for: item.contains_key("subject") || item.contains_key("made_by"),
        is_bot: item.contains_key("bot"),
        old_hash: optional(OLD_HASH),
        open: Store::is_open(item),
    })
}
