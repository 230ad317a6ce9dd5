//! The end of a room: its name goes at once, everything else piece by piece.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{Delete, TransactWriteItem, Update};
use futures::future::try_join_all;

use super::decode;
use crate::Error;
use crate::chat::{ConversationId, Room, RoomId, UserId};
use crate::error::storage;
use crate::store::item::{Item, s, text};
use crate::store::{Store, keys};

impl Store {
    /// Frees the room's name and closes it to everybody; what is left of it goes member by member.
    pub async fn close_room(&self, room: &Room, by: &UserId) -> Result<(), Error> {
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
                .update_expression("SET deleted = :by REMOVE dir_pk, dir_sk")
                .condition_expression("attribute_exists(pk)")
                .expression_attribute_values(":by", s(by.as_str()))
                .build()?;
            Ok(vec![
                TransactWriteItem::builder().delete(name).build(),
                TransactWriteItem::builder().update(closed).build(),
            ])
        };
        let writes = describe().map_err(storage("describe a deletion"))?;
        self.transact(writes, "delete a room").await.map(drop)
    }

    /// What is left of a room that `user` began to delete, to go on with it.
    pub async fn rest_of_room(&self, id: RoomId, user: &UserId) -> Result<Option<Room>, Error> {
        let item = self.room_item(id).await?;
        let theirs = item.filter(|it| text(it, "deleted").is_ok_and(|by| by == user.as_str()));
        theirs.map(|item| decode(&item)).transpose()
    }

    /// Removes every item of a room's partition, and the invitations that it knows of.
    pub async fn erase(&self, room: RoomId) -> Result<(), Error> {
        loop {
            let pk = keys::conversation_pk(&ConversationId::Room(room));
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
            try_join_all(page.items().iter().map(|item| async move {
                let guest = text(item, keys::SK)?;
                if let Some(guest) = guest.strip_prefix("GUEST#") {
                    let pk = keys::user_pk(&UserId::from_encoded(guest)?);
                    let sk = keys::invitation_sk(room);
                    let key = [(keys::PK.to_owned(), s(pk)), (keys::SK.to_owned(), s(sk))];
                    self.remove(key.into_iter().collect()).await?;
                }
                self.remove(item.clone()).await
            }))
            .await?;
        }
    }

    async fn remove(&self, key: Item) -> Result<(), Error> {
        let request = self.db.delete_item().table_name(&self.table).set_key(Some(key));
        request.send().await.map(drop).map_err(storage("remove what is left of a room"))
    }
}
