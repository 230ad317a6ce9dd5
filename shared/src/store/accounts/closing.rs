//! The end of an account: first it is closed, so that nothing of it begins any more; what there is goes
//! then, and the account last.
//!
//! What a person begins is conditioned on one of three of their items, each of which says `deleting` or
//! `closed` from the first step on: a session or another name on the account, a room or an invitation
//! on the number of rooms, a connection on the inbox. The three are marked in one transaction, and
//! DynamoDB puts writes to one item in an order: what was begun before the mark is seen by the reads
//! after it, which are strongly consistent, and is ended; what comes after it is refused.

use std::time::Duration;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::TransactWriteItem;
use futures::future::try_join_all;

use super::decode;
use super::names::Moment;
use crate::Error;
use crate::domain::{Timestamp, UserId};
use crate::error::storage;
use crate::store::item::{Item, n, s, text};
use crate::store::key::Key;
use crate::store::transaction::Write;
use crate::store::{Store, keys};

/// How long the marks outlast the account: longer than anything may be under way.
const MARKED: Duration = Duration::from_secs(24 * 60 * 60);

/// How many items of a user are removed at once.
const ERASED_AT_ONCE: i32 = 25;

impl Store {
    /// Closes an account: no session, connection, room, invitation or name of it begins any more.
    /// Closing it twice is closing it once; false if there is none.
    pub async fn close_account(&self, user: &UserId, now: Timestamp) -> Result<bool, Error> {
        let mark = |sk: &str, change: &str| {
            self.tx_update(Key::new(keys::user_pk(user), sk))
                .update_expression(change)
                .expression_attribute_values(":now", n(now.as_millis()))
        };
        let describe = || -> Result<Vec<TransactWriteItem>, BuildError> {
            let account = mark(keys::ACCOUNT, "SET deleting = :now")
                .condition_expression("attribute_exists(pk)")
                .write()?;
            let rooms = mark(keys::ROOM_COUNT, "SET closed = :now").write()?;
            let inbox = mark(keys::INBOX, "SET closed = :now REMOVE arrived").write()?;
            Ok(vec![account, rooms, inbox])
        };
        let writes = describe().map_err(storage("describe the end of an account"))?;
        Ok(self.transact(writes, "close an account").await?.is_none())
    }

    /// Whether the account of `user` is closed, or was.
    pub async fn is_closed(&self, user: &UserId) -> Result<bool, Error> {
        let rooms = self.item(Key::room_count(user), "look up a user's rooms");
        Ok(rooms.await?.is_some_and(|item| item.contains_key("closed")))
    }

    /// Removes whatever else is kept of a user whose account is closed: listings, above all.
    pub async fn erase_user(&self, user: &UserId) -> Result<(), Error> {
        let mut start = None;
        loop {
            let page = self
                .query()
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", s(keys::user_pk(user)))
                .projection_expression("pk, sk")
                .limit(ERASED_AT_ONCE)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(storage("read what is left of a user"))?;
            let marks = [keys::ACCOUNT, keys::INBOX, keys::ROOM_COUNT];
            let rest = page
                .items()
                .iter()
                .filter(|item| text(item, keys::SK).is_ok_and(|sk| !marks.contains(&sk.as_str())));
            try_join_all(rest.map(|item| async move {
                let key = Key::new(text(item, keys::PK)?, text(item, keys::SK)?);
                let delete = self.delete(key).send().await;
                delete.map(drop).map_err(storage("remove what is left of a user"))
            }))
            .await?;
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(());
            }
        }
    }

    /// Forgets a closed account, whose username rests then.
    pub async fn delete_account(&self, user: &UserId, moment: Moment) -> Result<(), Error> {
        let item = self.item(Key::account(user), "look up an account").await?;
        let Some(item) = item else { return Ok(()) };
        let username = decode(user, &item)?.account.username;
        let names = match &username {
            Some(username) => self.own_names(user, username).await?,
            None => Vec::new(),
        };
        let describe = || -> Result<Vec<TransactWriteItem>, BuildError> {
            let delete = self
                .tx_delete(Key::account(user))
                // Closed, so that its name is the one that was read.
                .condition_expression("attribute_exists(deleting)")
                .write()?;
            let mut writes = vec![delete, self.forget_password(user)?];
            for pk in &names {
                writes.push(self.give_up(pk, user, moment)?);
            }
            // Not before: whoever does not finish a deletion stays closed.
            for (sk, change) in [
                (keys::ROOM_COUNT, "SET expires_at = :until"),
                (keys::INBOX, "SET expires_at = :until REMOVE arrived"),
            ] {
                let expire = self
                    .tx_update(Key::new(keys::user_pk(user), sk))
                    .update_expression(change)
                    .expression_attribute_values(":until", n(moment.now.plus(MARKED).as_seconds()))
                    .write()?;
                writes.push(expire);
            }
            if let Ok(subject) = text(&item, "subject") {
                writes.push(self.forget_subject(&subject, user)?);
            }
            Ok(writes)
        };
        let writes = describe().map_err(storage("describe the end of an account"))?;
        if self.transact(writes, "delete an account").await?.is_none() {
            return Ok(());
        }
        match self.account(user).await? {
            Some(_) => Err(Error::Conflict("the account was changed at the same time")),
            None => Ok(()),
        }
    }

    /// The deletion of what leads from an outside issuer's subject to the account of `user`.
    fn forget_subject(
        &self,
        subject: &str,
        user: &UserId,
    ) -> Result<TransactWriteItem, BuildError> {
        self.tx_delete(Key::subject(subject))
            .condition_expression("#user = :user")
            .expression_attribute_names("#user", "user")
            .expression_attribute_values(":user", s(user.as_str()))
            .write()
    }

    /// Whether an account may begin something now.
    pub(super) fn is_open(item: &Item) -> bool {
        !item.contains_key("deleting")
    }
}
