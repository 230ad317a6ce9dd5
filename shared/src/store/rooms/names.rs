//! Rooms have names of their own: reserved with the room, and free with its end.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use crate::Error;
use crate::domain::{RoomId, RoomName};
use crate::store::item::{s, text};
use crate::store::key::Key;
use crate::store::names::{ALIKE, finds, places};
use crate::store::transaction::Write;
use crate::store::{Store, keys};

impl Store {
    /// The id of the room of this id or name; an id is taken as it is, whether or not it exists.
    pub async fn find_room_id(&self, id_or_name: &str) -> Result<RoomId, Error> {
        if let Some(id) = RoomId::parse(id_or_name) {
            return Ok(id);
        }
        let sought: Vec<_> =
            RoomName::sought(id_or_name).iter().map(|key| keys::room_name_pk(key)).collect();
        let found = self.reservations(&sought, keys::ROOM, "look up a room's name").await?;
        // Under its own spelling first: so a name of an earlier rule stays its room's.
        let found = found.iter().rev().find(|item| finds(item));
        let id = found.map(|item| text(item, "room")).transpose()?;
        id.and_then(|id| RoomId::parse(&id)).ok_or(Error::NotFound("room"))
    }

    /// The writes that reserve a name for a room, but for those reservations that it has.
    pub(super) fn reserve_name(
        &self,
        room: RoomId,
        name: &RoomName,
        has: &[String],
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        let wanted = places(&name.keys(), keys::room_name_pk).into_iter();
        let missing = wanted.filter(|(pk, _)| !has.contains(pk));
        let reservations = missing.map(|(pk, finds)| {
            let mut put = self
                .tx_put(Key::room_name(pk).into())
                .item("room", s(room.to_string()))
                .condition_expression("attribute_not_exists(pk)");
            if !finds {
                put = put.item(ALIKE, AttributeValue::Bool(true));
            }
            put.write()
        });
        reservations.collect()
    }

    /// The writes that give a room another name: what becomes of the reservations that it has, and then
    /// those that it has not yet.
    pub(super) fn renaming(
        &self,
        room: RoomId,
        name: &RoomName,
        own: &[String],
    ) -> Result<(Vec<TransactWriteItem>, Vec<TransactWriteItem>), BuildError> {
        let wanted = places(&name.keys(), keys::room_name_pk);
        let is_wanted = |pk: &String| wanted.iter().any(|(wanted, _)| wanted == pk);
        let released: Vec<_> = own.iter().filter(|pk| !is_wanted(pk)).cloned().collect();
        let mut writes = self.free_reservations(room, &released)?;
        for (pk, finds) in wanted.iter().filter(|(pk, _)| own.contains(pk)) {
            // What looked like the old name may be the new one, and the other way round.
            let update = self
                .tx_update(Key::room_name(pk))
                .condition_expression("room = :room")
                .expression_attribute_names("#alike", ALIKE)
                .expression_attribute_values(":room", s(room.to_string()));
            let update = if *finds {
                update.update_expression("REMOVE #alike")
            } else {
                let alike = AttributeValue::Bool(true);
                update
                    .update_expression("SET #alike = :alike")
                    .expression_attribute_values(":alike", alike)
            };
            writes.push(update.write()?);
        }
        Ok((writes, self.reserve_name(room, name, own)?))
    }

    /// Which reservations of a name are the room's own: a room of an earlier rule has fewer.
    pub(super) async fn own_reservations(
        &self,
        room: RoomId,
        name: &RoomName,
    ) -> Result<Vec<String>, Error> {
        let mut pks: Vec<_> =
            places(&name.keys(), keys::room_name_pk).into_iter().map(|(pk, _)| pk).collect();
        let as_made = keys::room_name_pk(&name.folded());
        if !pks.contains(&as_made) {
            pks.push(as_made);
        }
        let items = self.reservations(&pks, keys::ROOM, "look up a room's name").await?;
        let own = items
            .iter()
            .filter(|item| text(item, "room").is_ok_and(|owner| owner == room.to_string()));
        own.map(|item| text(item, keys::PK)).collect()
    }

    /// The writes that free reservations of a room.
    pub(super) fn free_reservations(
        &self,
        room: RoomId,
        pks: &[String],
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        let deletions = pks.iter().map(|pk| {
            self.tx_delete(Key::room_name(pk))
                .condition_expression("attribute_not_exists(pk) OR room = :room")
                .expression_attribute_values(":room", s(room.to_string()))
                .write()
        });
        deletions.collect()
    }
}
