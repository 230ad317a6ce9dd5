//! Who of two people has blocked the other: in the inbox of who blocks, which everybody reads who
//! would show them something, and behind the last message of the two, where every append looks.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, TransactWriteItem};

use super::Store;
use super::item::{n, users};
use super::key::Key;
use super::transaction::Write;
use crate::Error;
use crate::domain::{ConversationId, Timestamp, UserId};
use crate::error::storage;

impl Store {
    /// Notes that `user` has blocked `other`; since when, if it is noted already, stays.
    pub async fn block(&self, user: &UserId, other: &UserId, now: Timestamp) -> Result<(), Error> {
        let inbox = self
            .inbox_of_blocker(user, other)
            .update_expression("SET #blocked = if_not_exists(#blocked, :now) REMOVE arrived")
            .expression_attribute_values(":now", n(now.as_millis()));
        let between = self
            .blocks_between(user, other)
            .update_expression("ADD #by :user")
            .expression_attribute_values(":user", set_of(user));
        self.transact(writes([inbox, between])?, "block somebody").await.map(drop)
    }

    /// Notes that `user` no longer blocks `other`; nothing to do if they do not.
    pub async fn unblock(&self, user: &UserId, other: &UserId) -> Result<(), Error> {
        let inbox = self
            .inbox_of_blocker(user, other)
            .update_expression("REMOVE #blocked, arrived")
            .condition_expression("attribute_exists(#blocked)");
        let between = self
            .blocks_between(user, other)
            .update_expression("DELETE #by :user")
            .expression_attribute_values(":user", set_of(user));
        self.transact(writes([inbox, between])?, "unblock somebody").await.map(drop)
    }

    /// Notes that the account of `user` is gone, where whoever writes to them in this conversation sees it;
    /// who is gone then.
    pub async fn note_gone(
        &self,
        user: &UserId,
        conversation: &ConversationId,
    ) -> Result<Vec<UserId>, Error> {
        let update = self
            .update(Key::blocks(conversation))
            .update_expression("ADD gone :user")
            .expression_attribute_values(":user", set_of(user))
            .return_values(ReturnValue::AllNew);
        let answer = update.send().await.map_err(storage("note that somebody is gone"))?;
        users(answer.attributes().and_then(|item| item.get("gone")))
    }

    /// Who of a direct conversation has no account any more, strongly consistent.
    pub async fn gone(&self, conversation: &ConversationId) -> Result<Vec<UserId>, Error> {
        let item = self.item(Key::blocks(conversation), "look up who is gone").await?;
        users(item.as_ref().and_then(|item| item.get("gone")))
    }

    fn inbox_of_blocker(&self, user: &UserId, other: &UserId) -> UpdateBuilder {
        self.tx_update(Key::inbox(user))
            .expression_attribute_names("#blocked", format!("blocked:{}", other.encoded()))
    }

    fn blocks_between(&self, user: &UserId, other: &UserId) -> UpdateBuilder {
        let conversation = ConversationId::direct(user, other);
        self.tx_update(Key::blocks(&conversation)).expression_attribute_names("#by", "by")
    }
}

fn set_of(user: &UserId) -> AttributeValue {
    AttributeValue::Ss(vec![user.to_string()])
}

fn writes(updates: [UpdateBuilder; 2]) -> Result<Vec<TransactWriteItem>, Error> {
    let writes = updates.into_iter().map(Write::write).collect::<Result<_, _>>();
    writes.map_err(storage("describe a block"))
}
