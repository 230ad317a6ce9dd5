//! What messages said before they were edited, if that is kept: each wording is an item of its own, written in
//! the transaction of the edit, and removed in that of the deletion.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::TransactWriteItem;

use super::revise::Target;
use super::said;
use crate::Error;
use crate::domain::{ConversationId, Seq, Timestamp, Version};
use crate::error::storage;
use crate::store::item::{n, number, s};
use crate::store::key::Key;
use crate::store::transaction::Write;
use crate::store::{Store, keys};

impl Store {
    /// What a message said before, the oldest first; strongly consistent.
    pub async fn versions(
        &self,
        conversation: &ConversationId,
        seq: Seq,
    ) -> Result<Vec<Version>, Error> {
        let answer = self.query_versions(conversation, seq).send().await;
        let answer = answer.map_err(storage("read what was said before"))?;
        let mut versions = Vec::with_capacity(answer.items().len());
        for item in answer.items() {
            let wording = said::decode_wording(item)?.ok_or(Error::Corrupt("content"))?;
            let since = Timestamp::from_millis(number(item, "since")?);
            versions.push(Version { wording, since });
        }
        Ok(versions)
    }

    /// Forgets what a message said before that is not in the table any more.
    pub async fn erase_versions(
        &self,
        conversation: &ConversationId,
        seq: Seq,
    ) -> Result<(), Error> {
        self.erase_all(|| self.query_versions(conversation, seq)).await
    }

    /// The writes after which as much is kept of what a message said before as is to be, with the event `edit`,
    /// or nothing once it is deleted.
    pub(super) fn keep_versions(
        &self,
        target: &Target,
        edit: Option<Seq>,
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        let conversation = &target.message.conversation;
        let key = |edit| Key::version(conversation, target.message.seq, edit);
        let (kept, gone) = target.versions_after(edit);
        let mut writes = Vec::new();
        if let Some(edit) = edit.filter(|edit| kept.contains(edit))
            && let Some(wording) = &target.said.wording
        {
            let since = target.said.edited.map_or(target.message.sent_at, |(at, _)| at);
            let mut item = key(edit).with([("since", n(since.as_millis()))]);
            said::encode_wording(wording, &mut item);
            if let Some(expires_at) = target.expires_at() {
                item.insert(keys::EXPIRES_AT.into(), n(expires_at));
            }
            writes.push(self.tx_put(item).write()?);
        }
        for gone in gone.into_iter().filter(|gone| Some(*gone) != edit) {
            writes.push(self.tx_delete(key(gone)).write()?);
        }
        Ok(writes)
    }

    fn query_versions(&self, conversation: &ConversationId, seq: Seq) -> QueryFluentBuilder {
        self.query()
            .key_condition_expression("pk = :pk AND begins_with(sk, :versions)")
            .expression_attribute_values(":pk", s(keys::conversation_pk(conversation)))
            .expression_attribute_values(":versions", s(keys::versions_of(seq)))
    }
}
