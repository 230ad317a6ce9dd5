//! The end of a room, piece by piece; its name goes last, so that it leads there as long as anything does.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use futures::future::try_join_all;

use super::decode;
use crate::Error;
use crate::domain::{Room, RoomId, UserId};
use crate::error::storage;
use crate::store::item::{Item, n, s, text};
use crate::store::key::Key;
use crate::store::transaction::Write;
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
            .update(Key::room(room))
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
    /// goes last, with its name. Who was invited.
    pub async fn erase(&self, room: &Room) -> Result<Vec<UserId>, Error> {
        let mut invited = Vec::new();
        loop {
            let pk = keys::conversation_pk(&room.conversation());
            let page = self
                .query()
                // Everything else comes before it.
                .key_condition_expression("pk = :pk AND sk < :room")
                .expression_attribute_values(":pk", s(pk))
                .expression_attribute_values(":room", s(keys::ROOM))
                .projection_expression("pk, sk, invited_at")
                .limit(25)
                .send()
                .await;
            let page = page.map_err(storage("read what is left of a room"))?;
            if page.items().is_empty() {
                self.free_name(room).await?;
                return Ok(invited);
            }
            let erased = page.items().iter().map(|item| self.erase_item(room, item));
            invited.extend(try_join_all(erased).await?.into_iter().flatten());
        }
    }

    /// Removes one item, and if it is of somebody who was invited, that invitation; who that was.
    async fn erase_item(&self, room: &Room, item: &Item) -> Result<Option<UserId>, Error> {
        let sk = text(item, keys::SK)?;
        let non_member = sk.strip_prefix("GUEST#").map(UserId::from_encoded).transpose()?;
        if let Some(non_member) = &non_member {
            self.remove(Key::invitation(non_member, room.id)).await?;
        }
        self.remove(Key::new(text(item, keys::PK)?, sk)).await?;
        Ok(non_member.filter(|_| item.contains_key("invited_at")))
    }

    async fn free_name(&self, room: &Room) -> Result<(), Error> {
        let reservations = self.own_reservations(room.id, &room.name).await?;
        let describe = || -> Result<Vec<TransactWriteItem>, BuildError> {
            let item = self.tx_delete(Key::room(room.id)).write()?;
            let mut writes = self.free_reservations(room.id, &reservations)?;
            writes.push(item);
            Ok(writes)
        };
        let writes = describe().map_err(storage("describe a deletion"))?;
        self.transact(writes, "free the name of a room").await.map(drop)
    }

    async fn remove(&self, key: Key) -> Result<(), Error> {
        self.delete(key).send().await.map(drop).map_err(storage("remove what is left of a room"))
    }
}
