//! Usernames: reserved with their account, and at rest for a while once they are given up.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use crate::Error;
use crate::domain::{Account, Timestamp, UserId, Username};
use crate::error::storage;
use crate::store::item::{Item, n, parse_number, s, text};
use crate::store::key::Key;
use crate::store::names::{ALIKE, finds, places};
use crate::store::transaction::Write;
use crate::store::{Store, keys};

/// When something happens to a name, and how long one that is given up then rests.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Now.
    pub now: Timestamp,
    /// Until when a name rests that is given up now.
    pub rests_until: Timestamp,
}

impl Store {
    /// Who has this username, or had it first by an earlier rule, under which names are found that
    /// look like it.
    pub async fn user_named(&self, username: &Username) -> Result<Option<UserId>, Error> {
        let pks: Vec<_> = username.keys().found.iter().map(|key| keys::username_pk(key)).collect();
        let found = self.reservations(&pks, keys::ACCOUNT, "look up a username").await?;
        // Under its own spelling first: so a name of an earlier rule stays its owner's.
        let found = found.iter().rev().find(|item| finds(item) && !rests(item));
        found.map(|item| UserId::parse(&text(item, "user")?)).transpose()
    }

    /// Gives an account another username; false if that, or one that looks like it, is somebody's.
    pub async fn rename_account(
        &self,
        account: &Account,
        new: &Username,
        moment: Moment,
    ) -> Result<bool, Error> {
        let user = &account.user;
        let old = match &account.username {
            Some(old) => self.own_names(user, old).await?,
            None => Vec::new(),
        };
        let describe = || -> Result<Vec<TransactWriteItem>, BuildError> {
            let mut writes = vec![self.change_of_name(account, new)?];
            writes.extend(self.reserve_username(user, new, moment.now)?);
            let kept = places(&new.keys(), keys::username_pk);
            let given_up = old.iter().filter(|pk| !kept.iter().any(|(kept, _)| kept == *pk));
            for pk in given_up {
                writes.push(self.give_up(pk, user, moment)?);
            }
            Ok(writes)
        };
        let writes = describe().map_err(storage("describe a username"))?;
        if self.transact(writes, "rename an account").await?.is_none() {
            return Ok(true);
        }
        // An earlier try of our own may have succeeded, and its answer been lost.
        let there = self.account(user).await?.and_then(|it| it.account.username);
        Ok(there.as_ref() == Some(new))
    }

    /// The writes that reserve a username; what has rested is free, and what its owner gave up stays
    /// theirs for as long as it rests.
    pub(super) fn reserve_username(
        &self,
        user: &UserId,
        name: &Username,
        now: Timestamp,
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        let wanted = places(&name.keys(), keys::username_pk).into_iter();
        let reservations = wanted.map(|(pk, finds)| {
            let mut put = self
                .tx_put(Key::username(pk).into())
                .item("user", s(user.as_str()))
                .condition_expression(
                    "attribute_not_exists(pk) OR #user = :user OR expires_at <= :now",
                )
                .expression_attribute_names("#user", "user")
                .expression_attribute_values(":user", s(user.as_str()))
                .expression_attribute_values(":now", n(now.as_seconds()));
            if !finds {
                put = put.item(ALIKE, AttributeValue::Bool(true));
            }
            put.write()
        });
        reservations.collect()
    }

    /// Which reservations of a username are the user's own: an account of an earlier rule has fewer.
    pub(super) async fn own_names(
        &self,
        user: &UserId,
        name: &Username,
    ) -> Result<Vec<String>, Error> {
        let pks: Vec<_> =
            places(&name.keys(), keys::username_pk).into_iter().map(|(pk, _)| pk).collect();
        let items = self.reservations(&pks, keys::ACCOUNT, "look up a username").await?;
        let own = |item: &&Item| {
            !rests(item) && text(item, "user").is_ok_and(|owner| owner == user.as_str())
        };
        items.iter().filter(own).map(|item| text(item, keys::PK)).collect()
    }

    /// The write by which a reservation of the user begins to rest.
    pub(super) fn give_up(
        &self,
        pk: &str,
        user: &UserId,
        moment: Moment,
    ) -> Result<TransactWriteItem, BuildError> {
        self.tx_update(Key::username(pk))
            .update_expression("SET expires_at = :until")
            .condition_expression("#user = :user")
            .expression_attribute_names("#user", "user")
            .expression_attribute_values(":user", s(user.as_str()))
            .expression_attribute_values(":until", n(moment.rests_until.as_seconds()))
            .write()
    }

    fn change_of_name(
        &self,
        account: &Account,
        new: &Username,
    ) -> Result<TransactWriteItem, BuildError> {
        let update = self
            .tx_update(Key::account(&account.user))
            .update_expression("SET username = :new")
            .expression_attribute_values(":new", s(new.as_str()));
        let update = match &account.username {
            Some(old) => update
                .condition_expression("username = :old AND attribute_not_exists(deleting)")
                .expression_attribute_values(":old", s(old.as_str())),
            None => update.condition_expression(
                "attribute_exists(pk) AND attribute_not_exists(username) \
                 AND attribute_not_exists(deleting)",
            ),
        };
        update.write()
    }
}

/// Whether a name was given up: it is nobody's, and rests.
fn rests(item: &Item) -> bool {
    item.get(keys::EXPIRES_AT).and_then(parse_number::<i64>).is_some()
}
