//! Forgets what was said in a conversation that nobody can read any more.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use futures::future::try_join_all;

use crate::Error;
use crate::domain::{ConversationId, Seq};
use crate::error::storage;
use crate::store::item::{Item, s, text};
use crate::store::key::Key;
use crate::store::{Store, keys};

/// How many messages are removed at once.
const AT_ONCE: i32 = 25;
/// The first number that a message may have.
const FIRST: Seq = 1;

impl Store {
    /// Removes the messages of a conversation, people's reactions to them, what they said before and which of them are
    /// pinned; where its numbers start stays known.
    pub async fn erase_log(&self, conversation: &ConversationId) -> Result<(), Error> {
        let messages = || self.query_log(conversation, FIRST, keys::LAST);
        self.erase_all(messages).await?;
        for beside in [keys::REACTED, keys::VERSIONS] {
            let items = || {
                self.query()
                    .key_condition_expression("pk = :pk AND begins_with(sk, :beside)")
                    .expression_attribute_values(":pk", s(keys::conversation_pk(conversation)))
                    .expression_attribute_values(":beside", s(beside))
            };
            self.erase_all(items).await?;
        }
        let unpinned = self.delete(Key::pins(conversation)).send().await;
        unpinned.map(drop).map_err(storage("forget what is pinned"))
    }

    /// Removes whatever the query finds.
    pub(super) async fn erase_all(
        &self,
        query: impl Fn() -> QueryFluentBuilder,
    ) -> Result<(), Error> {
        let remove = async |item: &Item| {
            let key = Key::new(text(item, keys::PK)?, text(item, keys::SK)?);
            let removed = self.delete(key).send().await;
            removed.map(drop).map_err(storage("remove a message"))
        };
        loop {
            let page = query()
                .projection_expression("pk, sk")
                .limit(AT_ONCE)
                .send()
                .await
                .map_err(storage("read what is left of a conversation"))?;
            if page.items().is_empty() {
                return Ok(());
            }
            try_join_all(page.items().iter().map(remove)).await?;
        }
    }
}
