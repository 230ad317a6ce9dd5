//! What proves passwords, in items whose partitions begin so that roles can be kept from reading them
//! (`dynamodb:LeadingKeys`): only the function that lets people in needs them.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::TransactWriteItem;

use super::OLD_HASH;
use crate::Error;
use crate::domain::UserId;
use crate::error::storage;
use crate::store::Store;
use crate::store::item::{s, text};
use crate::store::key::Key;
use crate::store::transaction::Write;

impl Store {
    /// The argon2id hash of a user's password, strongly consistent; none for people of an outside issuer.
    pub async fn password_hash(&self, user: &UserId) -> Result<Option<String>, Error> {
        let item = self.item(Key::password(user), "look up a password").await?;
        item.map(|item| text(&item, "hash")).transpose()
    }

    /// Takes the hash of a password out of an account that was made when it was kept there.
    pub async fn move_password(&self, user: &UserId, hash: &str) -> Result<(), Error> {
        let taken = self
            .tx_update(Key::account(user))
            .update_expression(format!("REMOVE {OLD_HASH}"))
            .condition_expression(format!("{OLD_HASH} = :hash"))
            .expression_attribute_values(":hash", s(hash))
            .write();
        let taken = taken.map_err(storage("describe a password"))?;
        // If it is not there any more, somebody else has moved it.
        let writes = vec![taken, self.new_password(user, hash)?];
        self.transact(writes, "move a password").await.map(drop)
    }

    /// Keeps the hash of a new password, unless the account is being deleted.
    pub async fn change_password(&self, user: &UserId, hash: &str) -> Result<(), Error> {
        let describe = || -> Result<TransactWriteItem, BuildError> {
            self.tx_update(Key::password(user))
                .update_expression("SET #hash = :hash")
                .condition_expression("attribute_exists(pk)")
                .expression_attribute_names("#hash", "hash")
                .expression_attribute_values(":hash", s(hash))
                .write()
        };
        let change = describe().map_err(storage("describe a password"))?;
        let writes = vec![change, self.account_exists(user)?];
        match self.transact(writes, "change a password").await? {
            None => Ok(()),
            Some(_) => Err(Error::DELETED),
        }
    }

    /// The first password of a new account.
    pub(super) fn new_password(
        &self,
        user: &UserId,
        hash: &str,
    ) -> Result<TransactWriteItem, Error> {
        self.put_new(Key::password(user).with([("hash", s(hash))]))
    }

    /// That the hash of a user's password is still this, as part of a transaction.
    pub(super) fn password_is(
        &self,
        user: &UserId,
        hash: &str,
    ) -> Result<TransactWriteItem, BuildError> {
        self.tx_check(Key::password(user))
            .condition_expression("#hash = :hash")
            .expression_attribute_names("#hash", "hash")
            .expression_attribute_values(":hash", s(hash))
            .write()
    }

    /// The end of a user's password, as part of a transaction; nothing to do if there is none.
    pub(super) fn forget_password(&self, user: &UserId) -> Result<TransactWriteItem, BuildError> {
        self.tx_delete(Key::password(user)).write()
    }
}
