//! Rooms, their names, and who is in them.
//!
//! What must agree is written in one transaction: a room with its name and its first member; a
//! member with the listing among the user's conversations and both counts. So limits are exact, and
//! doing something twice changes nothing.

mod change;
mod deletion;
mod departure;
mod members;
mod names;
mod non_members;
mod turnover;
mod user_in_room;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::TransactWriteItem;

use crate::store::key::{Key, keys_of};
use crate::store::transaction::Write;

pub use change::{Change, Changed};
pub use departure::{Departure, Removed};
pub use members::Entered;
pub use non_members::{Banned, Invited};

use super::item::{Item, n, number, parse_number, s, text};
use super::{Store, keys};
use crate::Error;
use crate::domain::{Access, Member, Role, Room, RoomHistory, RoomId, RoomName, Timestamp, UserId};
use crate::error::storage;

/// The most that one user and one room may have.
#[derive(Clone, Copy, Debug)]
pub struct RoomLimits {
    /// Rooms that one user may be in.
    pub rooms_per_user: usize,
    /// People that one room may have.
    pub members_per_room: usize,
}

/// Some items of a list, and where the next page begins if there is one.
#[derive(Debug)]
pub struct ListPage<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to read after.
    pub next: Option<String>,
}

impl Store {
    /// Makes a room with its creator in it; a conflict if its name is taken.
    pub async fn create_room(&self, room: &Room, limits: RoomLimits) -> Result<(), Error> {
        let describe = storage("describe a room");
        let writes = match self.creation(room, limits) {
            Ok(writes) => writes,
            Err(error) => return Err(describe(error)),
        };
        let names = room.name.keys().count();
        match self.transact(writes, "create a room").await? {
            None => Ok(()),
            Some(place) if place < names => {
                Err(Error::Conflict("there is a room of this name, or one that looks like it"))
            }
            Some(_) if self.is_closed(&room.creator).await? => Err(Error::DELETED),
            Some(_) => Err(Error::Conflict("you are in too many rooms")),
        }
    }

    /// The room, unless there is none or it is being deleted.
    pub async fn room(&self, id: RoomId) -> Result<Option<Room>, Error> {
        let item = self.room_item(id).await?;
        item.filter(|item| !item.contains_key("deleted")).map(|item| decode(&item)).transpose()
    }

    /// The room of this id or name.
    pub async fn find_room(&self, id_or_name: &str) -> Result<Room, Error> {
        let unknown = Error::NotFound("room");
        let id = self.find_room_id(id_or_name).await?;
        self.room(id).await?.ok_or(unknown)
    }

    /// Public rooms by name, the first of them `after` a place in this list.
    pub async fn rooms(&self, after: Option<&str>, limit: usize) -> Result<ListPage<Room>, Error> {
        let page = self
            .query_directory()
            .key_condition_expression("dir_pk = :rooms AND dir_sk > :after")
            .expression_attribute_values(":rooms", s(keys::ROOMS_DIRECTORY))
            // A sort key is never empty, so this is before every name.
            .expression_attribute_values(":after", s(after.unwrap_or(" ")))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await;
        let page = page.map_err(storage("list rooms"))?;
        let last = page.items().last().map(|item| text(item, keys::DIRECTORY_SK)).transpose()?;
        let next = last.filter(|_| page.last_evaluated_key().is_some());
        let ids = page.items().iter().map(|item| text(item, keys::PK));
        let ids = ids.map(|pk| Ok(RoomId::parse(pk?.trim_start_matches("CONV#room:"))));
        let ids: Vec<_> = ids.collect::<Result<Vec<_>, Error>>()?.into_iter().flatten().collect();
        Ok(ListPage { items: self.rooms_of(&ids).await?, next })
    }

    /// Those of these rooms that there are, at most a hundred, by name.
    pub async fn rooms_of(&self, ids: &[RoomId]) -> Result<Vec<Room>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let keys = keys_of(ids.iter().map(|id| Key::room(*id)));
        let found = self.batch(keys, "list rooms").await?;
        let rooms = found.iter().filter(|item| !item.contains_key("deleted")).map(decode);
        let mut items = rooms.collect::<Result<Vec<_>, _>>()?;
        items.sort_by_key(|room| room.name.folded());
        Ok(items)
    }

    async fn room_item(&self, id: RoomId) -> Result<Option<Item>, Error> {
        self.item(Key::room(id), "look up a room").await
    }

    fn creation(
        &self,
        room: &Room,
        limits: RoomLimits,
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        let item =
            self.tx_put(encode(room)).condition_expression("attribute_not_exists(pk)").write()?;
        let mut writes = self.reserve_name(room.id, &room.name, &[])?;
        writes.push(item);
        if room.retention_days.is_some() {
            writes.push(self.keep_for(&room.conversation(), room.retention_days)?);
        }
        let (user, joined_at) = (room.creator.clone(), room.created_at);
        let owner = Member { user, role: Role::Owner, joined_at, mute: None, reads_from: None };
        writes.extend(self.entry(room.id, &owner, limits)?);
        Ok(writes)
    }
}

/// How a room's item says that newcomers read nothing of what was said before.
const SINCE_JOINING: &str = "since_joining";

fn encode(room: &Room) -> Item {
    let mut item = Key::room(room.id).with([
        ("room", s(room.id.to_string())),
        ("name", s(room.name.as_str())),
        ("creator", s(room.creator.as_str())),
        ("created_at", n(room.created_at.as_millis())),
        ("members", n(room.members)),
        ("owners", n(room.members)),
    ]);
    match room.access {
        Access::Public => {
            item.insert(keys::DIRECTORY_PK.into(), s(keys::ROOMS_DIRECTORY));
            item.insert(keys::DIRECTORY_SK.into(), s(room.name.folded()));
        }
        Access::Private => {
            item.insert("access".into(), s("private"));
        }
    }
    if room.history == RoomHistory::SinceJoining {
        item.insert("history".into(), s(SINCE_JOINING));
    }
    if let Some(days) = room.retention_days {
        item.insert("retention_days".into(), n(days));
    }
    if let Some(topic) = &room.topic {
        item.insert("topic".into(), s(topic));
    }
    if let Some(metadata) = &room.metadata {
        item.insert("metadata".into(), s(serde_json::Value::Object(metadata.clone()).to_string()));
    }
    item
}

fn decode(item: &Item) -> Result<Room, Error> {
    let metadata = item.get("metadata").and_then(|metadata| metadata.as_s().ok());
    let metadata = metadata.map(|metadata| serde_json::from_str(metadata)).transpose();
    let history = if item.contains_key("history") {
        RoomHistory::SinceJoining
    } else {
        RoomHistory::Everything
    };
    Ok(Room {
        history,
        hidden: item.get("hidden_upto").and_then(parse_number),
        id: RoomId::parse(&text(item, "room")?).ok_or(Error::Corrupt("room"))?,
        name: RoomName::stored(text(item, "name")?),
        retention_days: item.get("retention_days").and_then(parse_number),
        topic: text(item, "topic").ok(),
        metadata: metadata.map_err(|_| Error::Corrupt("metadata"))?,
        access: if item.contains_key("access") { Access::Private } else { Access::Public },
        creator: UserId::parse(&text(item, "creator")?)?,
        created_at: Timestamp::from_millis(number(item, "created_at")?),
        members: item.get("members").and_then(parse_number).unwrap_or(0),
        told_at: item.get(turnover::TOLD_AT).and_then(parse_number).map(Timestamp::from_millis),
    })
}
