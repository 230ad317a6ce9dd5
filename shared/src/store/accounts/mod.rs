//! Accounts, and what is kept to let their owners in.

mod attempts;
mod sessions;
mod tickets;

use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem, Update};
use serde_json::{Map, Value};

use super::item::{Item, n, number, s, text};
use super::{Store, keys};
use crate::Error;
use crate::accounts::{Account, Username};
use crate::chat::UserId;
use crate::error::storage;

pub use attempts::Attempts;
pub use sessions::{Rotation, Session};
pub use tickets::Ticket;

/// An account with the hash of its password, which nobody but the sign-in sees.
#[derive(Debug)]
pub struct Secured {
    /// The account.
    pub account: Account,
    /// The argon2id hash; none for people of an outside issuer.
    pub password_hash: Option<String>,
}

impl Store {
    /// Keeps a new account; false if its username, or one that looks like it, is somebody's.
    ///
    /// `subject` is who an outside issuer says the owner is, as a key.
    pub async fn create_account(
        &self,
        account: &Account,
        password_hash: Option<&str>,
        subject: Option<&str>,
    ) -> Result<bool, Error> {
        let mut item = Item::from([
            (keys::PK.into(), s(keys::user_pk(&account.user))),
            (keys::SK.into(), s(keys::ACCOUNT)),
            ("created_at".into(), n(account.created_at.as_millis())),
        ]);
        let texts = [
            ("username", account.username.as_ref().map(|name| name.as_str().to_owned())),
            ("display_name", account.display_name.clone()),
            ("metadata", account.metadata.as_ref().map(|it| Value::Object(it.clone()).to_string())),
            ("password_hash", password_hash.map(str::to_owned)),
            ("subject", subject.map(str::to_owned)),
        ];
        item.extend(texts.into_iter().filter_map(|(name, text)| Some((name.into(), s(text?)))));
        let mut writes = vec![self.put_new(item)?];
        if let Some(username) = &account.username {
            writes.push(self.put_new(reservation(username, &account.user))?);
        }
        if let Some(subject) = subject {
            writes.push(self.put_new(Item::from([
                (keys::PK.into(), s(keys::subject_pk(subject))),
                (keys::SK.into(), s(keys::SUBJECT)),
                ("user".into(), s(account.user.as_str())),
            ]))?);
        }
        if self.transact(writes, "create an account").await?.is_none() {
            return Ok(true);
        }
        // An earlier try of our own may have succeeded, and its answer been lost.
        Ok(self.account(&account.user).await?.is_some())
    }

    /// Whether there is an account of `user`, strongly consistent.
    pub async fn has_account(&self, user: &UserId) -> Result<bool, Error> {
        let item = self.item(keys::user_pk(user), keys::ACCOUNT, "look up an account").await?;
        Ok(item.is_some())
    }

    /// That there is an account of `user`, as part of a transaction.
    pub(in crate::store) fn account_exists(
        &self,
        user: &UserId,
    ) -> Result<TransactWriteItem, Error> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .key(keys::PK, s(keys::user_pk(user)))
            .key(keys::SK, s(keys::ACCOUNT))
            .condition_expression("attribute_exists(pk)")
            .build();
        let check = check.map_err(storage("describe an account"))?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// The account of `user`, strongly consistent.
    pub async fn account(&self, user: &UserId) -> Result<Option<Secured>, Error> {
        let item = self.item(keys::user_pk(user), keys::ACCOUNT, "look up an account").await?;
        item.map(|item| decode(user, &item)).transpose()
    }

    /// Who has this username, or one that looks like it.
    pub async fn user_named(&self, username: &Username) -> Result<Option<UserId>, Error> {
        let item = self.item(keys::username_pk(username), keys::ACCOUNT, "look up a username");
        item.await?.map(|item| UserId::parse(&text(&item, "user")?)).transpose()
    }

    /// Who an outside issuer's subject is here.
    pub async fn user_of_subject(&self, subject: &str) -> Result<Option<UserId>, Error> {
        let item = self.item(keys::subject_pk(subject), keys::SUBJECT, "look up a subject");
        item.await?.map(|item| UserId::parse(&text(&item, "user")?)).transpose()
    }

    /// Gives an account another username; false if that, or one that looks like it, is somebody's.
    pub async fn rename_account(&self, account: &Account, new: &Username) -> Result<bool, Error> {
        let mut writes = Vec::new();
        let old = account.username.as_ref();
        if old.is_none_or(|old| old.key() != new.key()) {
            writes.push(self.put_new(reservation(new, &account.user))?);
            if let Some(old) = old {
                let pk = keys::username_pk(old);
                writes.push(self.delete_own(pk, keys::ACCOUNT, &account.user)?);
            }
        }
        let update = Update::builder()
            .table_name(&self.table)
            .key(keys::PK, s(keys::user_pk(&account.user)))
            .key(keys::SK, s(keys::ACCOUNT))
            .update_expression("SET username = :new")
            .expression_attribute_values(":new", s(new.as_str()));
        let update = match old {
            Some(old) => update
                .condition_expression("username = :old")
                .expression_attribute_values(":old", s(old.as_str())),
            None => update
                .condition_expression("attribute_exists(pk) AND attribute_not_exists(username)"),
        };
        let update = update.build().map_err(storage("describe an account"))?;
        writes.push(TransactWriteItem::builder().update(update).build());
        if self.transact(writes, "rename an account").await?.is_none() {
            return Ok(true);
        }
        Ok(self.user_named(new).await?.as_ref() == Some(&account.user))
    }

    /// Changes what an account shows of its owner; what is `None` stays, what is empty goes.
    pub async fn change_profile(
        &self,
        user: &UserId,
        display_name: Option<String>,
        metadata: Option<Map<String, Value>>,
    ) -> Result<(), Error> {
        let metadata = metadata.map(|metadata| {
            if metadata.is_empty() { String::new() } else { Value::Object(metadata).to_string() }
        });
        let (mut set, mut remove) = (Vec::new(), Vec::new());
        let mut update = self.update_account(user);
        for (name, value) in [("display_name", display_name), ("metadata", metadata)] {
            match value {
                Some(value) if value.is_empty() => remove.push(name),
                Some(value) => {
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
        let update = update.update_expression(expression);
        update.send().await.map_err(storage("change a profile")).map(drop)
    }

    /// Keeps the hash of a new password.
    pub async fn change_password(&self, user: &UserId, hash: &str) -> Result<(), Error> {
        let update = self.update_account(user).update_expression("SET password_hash = :hash");
        let update = update.expression_attribute_values(":hash", s(hash));
        update.send().await.map_err(storage("change a password")).map(drop)
    }

    /// Forgets an account: nobody can sign in to it any more, and its username is free.
    pub async fn delete_account(&self, user: &UserId) -> Result<(), Error> {
        let item = self.item(keys::user_pk(user), keys::ACCOUNT, "look up an account").await?;
        let Some(item) = item else { return Ok(()) };
        let account = decode(user, &item)?.account;
        // The name is the one that was read; else somebody would keep one that is nobody's.
        let same = match &account.username {
            Some(_) => "username = :username",
            None => "attribute_not_exists(username)",
        };
        let name = account.username.as_ref().map(|name| (":username".into(), s(name.as_str())));
        let delete = Delete::builder()
            .table_name(&self.table)
            .key(keys::PK, s(keys::user_pk(user)))
            .key(keys::SK, s(keys::ACCOUNT))
            .condition_expression(same)
            .set_expression_attribute_values(name.map(|name| Item::from([name])))
            .build();
        let delete = delete.map_err(storage("describe an account"))?;
        let mut writes = vec![TransactWriteItem::builder().delete(delete).build()];
        if let Some(username) = &account.username {
            writes.push(self.delete_own(keys::username_pk(username), keys::ACCOUNT, user)?);
        }
        if let Ok(subject) = text(&item, "subject") {
            writes.push(self.delete_own(keys::subject_pk(&subject), keys::SUBJECT, user)?);
        }
        if self.transact(writes, "delete an account").await?.is_none() {
            return Ok(());
        }
        match self.account(user).await? {
            Some(_) => Err(Error::Conflict("the account was changed at the same time")),
            None => Ok(()),
        }
    }

    fn update_account(
        &self,
        user: &UserId,
    ) -> aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder {
        self.db
            .update_item()
            .table_name(&self.table)
            .key(keys::PK, s(keys::user_pk(user)))
            .key(keys::SK, s(keys::ACCOUNT))
            .condition_expression("attribute_exists(pk)")
    }

    /// A put where there must be none.
    fn put_new(&self, item: Item) -> Result<TransactWriteItem, Error> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(pk)").build();
        Ok(TransactWriteItem::builder().put(put.map_err(storage("describe an account"))?).build())
    }

    /// The deletion of what leads to the account of `user`, if it still does.
    fn delete_own(&self, pk: String, sk: &str, user: &UserId) -> Result<TransactWriteItem, Error> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .key(keys::PK, s(pk))
            .key(keys::SK, s(sk))
            .condition_expression("#user = :user")
            .expression_attribute_names("#user", "user")
            .expression_attribute_values(":user", s(user.as_str()))
            .build();
        let delete = delete.map_err(storage("describe an account"))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }
}

fn reservation(username: &Username, user: &UserId) -> Item {
    Item::from([
        (keys::PK.into(), s(keys::username_pk(username))),
        (keys::SK.into(), s(keys::ACCOUNT)),
        ("user".into(), s(user.as_str())),
    ])
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
            created_at: crate::chat::Timestamp::from_millis(number(item, "created_at")?),
        },
        password_hash: optional("password_hash"),
    })
}
