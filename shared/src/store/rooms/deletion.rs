//! The end of a room, piece by piece; its name goes last, so that it leads there as long as anything does.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem};
use futures::future::try_join_all;

use super::decode;
use crate::Error;
use crate::chat::{ConversationId, Room, RoomId, UserId};
use crate::error::storage;
use crate::store::item::{Item, n, s, text};
use crate::store::{Store, keys};

impl Store {
    /// Hides a room, so that nobody finds or enters it any more; nothing to do if there is none.
    pub async fn close_room(&self, room: RoomId, by: &UserId) -> Result<(), Error> {
        self.close(room, by, "attribute_exists(pk)", None).await.map(drop)
    }

    /// Hides a room unless somebody is in it; false if there is somebody.
    pub async fn close_empty_room(&self, room: RoomId, by: &UserId) -> Result<bool, Error> {
        self.close(room, by, "members = :nobody", Some((":nobody", n(0)))).await
    }

    async fn close(
        &self,
        room: RoomId,
        by: &UserId,
        condition: &str,
        value: Option<(&str, AttributeValue)>,
    ) -> Result<bool, Error> {
        let mut update = self
            .db
            .update_item()
            .table_name(&self.table)
            .key(keys::PK, s(keys::conversation_pk(&ConversationId::Room(room))))
            .key(keys::SK, s(keys::ROOM))
            .update_expression("SET deleted = :by REMOVE dir_pk, dir_sk")
            .condition_expression(condition)
            .expression_attribute_values(":by", s(by.as_str()));
        if let Some((name, value)) = value {
            update = update.expression_attribute_values(name, value);
        }
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(storage("delete a room")(error)),
            },
        }
    }

    /// What is left of a room that `user` began to delete, to go on with it.
    pub async fn rest_of_room(&self, id: RoomId, user: &UserId) -> Result<Option<Room>, Error> {
        let item = self.room_item(id).await?;
        let theirs = item.filter(|it| text(it, "deleted").is_ok_and(|by| by == user.as_str()));
        theirs.map(|item| decode(&item)).transpose()
    }

    /// Removes every item of a room's partition, and the invitations that it knows of; the room itself
    /// goes last, with its name.
    pub async fn erase(&self, room: &Room) -> Result<(), Error> {
        loop {
            let pk = keys::conversation_pk(&room.conversation());
            let page = self
                .db
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                // Everything else comes before it.
                .key_condition_expression("pk = :pk AND sk < :room")
                .expression_attribute_values(":pk", s(pk))
                .expression_attribute_values(":room", s(keys::ROOM))
                .projection_expression("pk, sk")
                .limit(25)
                .send()
                .await;
            let page = page.map_err(storage("read what is left of a room"))?;
            if page.items().is_empty() {
                return self.free_name(room).await;
            }
            try_join_all(page.items().iter().map(|item| async move {
                let guest = text(item, keys::SK)?;
                if let Some(guest) = guest.strip_prefix("GUEST#") {
                    let pk = keys::user_pk(&UserId::from_encoded(guest)?);
                    let sk = keys::invitation_sk(room.id);
                    let key = [(keys::PK.to_owned(), s(pk)), (keys::SK.to_owned(), s(sk))];
                    self.remove(key.into_iter().collect()).await?;
                }
                self.remove(item.clone()).await
            }))
            .await?;
        }
    }

    async fn free_name(&self, room: &Room) -> Result<(), Error> {
        let describe = || -> Result<Vec<TransactWriteItem>, BuildError> {
            let name = Delete::builder()
                .table_name(&self.table)
                .key(keys::PK, s(keys::room_name_pk(&room.name)))
                .key(keys::SK, s(keys::ROOM))
                .condition_expression("attribute_not_exists(pk) OR room = :room")
                .expression_attribute_values(":room", s(room.id.to_string()))
                .build()?;
            let item = Delete::builder()
                .table_name(&self.table)
                .key(keys::PK, s(keys::conversation_pk(&room.conversation())))
                .key(keys::SK, s(keys::ROOM))
                .build()?;
            let (name, item) = (TransactWriteItem::builder().delete(name), item);
            Ok(vec![name.build(), TransactWriteItem::builder().delete(item).build()])
        };
        let writes = describe().map_err(storage("describe a deletion"))?;
        self.transact(writes, "free the name of a room").await.map(drop)
    }

    async fn remove(&self, key: Item) -> Result<(), Error> {
        let request = self.db.delete_item().table_name(&self.table).set_key(Some(key));
        request.send().await.map(drop).map_err(storage("remove what is left of a room"))
    }
}
