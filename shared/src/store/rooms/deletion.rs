//! The end of a room: its name goes at once, everything else piece by piece.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem, Update};
use futures::future::try_join_all;

use super::decode;
use crate::Error;
use crate::chat::{ConversationId, Room, RoomId};
use crate::error::storage;
use crate::store::item::s;
use crate::store::{Store, keys};

impl Store {
    /// Frees the room's name and closes it to everybody; what is left of it goes member by member.
    pub async fn close_room(&self, room: &Room) -> Result<(), Error> {
        let describe = || -> Result<Vec<TransactWriteItem>, BuildError> {
            let name = Delete::builder()
                .table_name(&self.table)
                .key(keys::PK, s(keys::room_name_pk(&room.name)))
                .key(keys::SK, s(keys::ROOM))
                .condition_expression("attribute_not_exists(pk) OR room = :room")
                .expression_attribute_values(":room", s(room.id.to_string()))
                .build()?;
            let closed = Update::builder()
                .table_name(&self.table)
                .key(keys::PK, s(keys::conversation_pk(&room.conversation())))
                .key(keys::SK, s(keys::ROOM))
                .update_expression("SET deleted = :yes REMOVE dir_pk, dir_sk")
                .condition_expression("attribute_exists(pk)")
                .expression_attribute_values(":yes", AttributeValue::Bool(true))
                .build()?;
            Ok(vec![
                TransactWriteItem::builder().delete(name).build(),
                TransactWriteItem::builder().update(closed).build(),
            ])
        };
        let writes = describe().map_err(storage("describe a deletion"))?;
        self.transact(writes, "delete a room").await.map(drop)
    }

    /// The room even while it is being deleted, for whoever goes on deleting it.
    pub async fn room_or_rest(&self, id: RoomId) -> Result<Option<Room>, Error> {
        self.room_item(id).await?.map(|item| decode(&item)).transpose()
    }

    /// Removes every item of a conversation's partition.
    pub async fn erase(&self, conversation: &ConversationId) -> Result<(), Error> {
        loop {
            let pk = keys::conversation_pk(conversation);
            let page = self
                .db
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", s(pk))
                .projection_expression("pk, sk")
                .limit(25)
                .send()
                .await;
            let page = page.map_err(storage("read what is left of a room"))?;
            if page.items().is_empty() {
                return Ok(());
            }
            try_join_all(page.items().iter().map(|item| async {
                let request = self.db.delete_item().table_name(&self.table);
                let request = request.set_key(Some(item.clone())).send().await;
                request.map_err(storage("remove what is left of a room"))
            }))
            .await?;
        }
    }
}
