//! Rooms, their names, and who is in them.
//!
//! What must agree is written in one transaction: a room with its name and its first member; a
//! member with the listing among the user's conversations and both counts. So limits are exact, and
//! doing something twice changes nothing.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, KeysAndAttributes, Put, TransactWriteItem, Update,
};

use futures::future::try_join_all;

use super::item::{Item, n, number, parse_number, s, text};
use super::{Store, keys};
use crate::Error;
use crate::chat::{ConversationId, Member, Role, Room, RoomId, RoomName, Timestamp, UserId};
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
pub struct Listed<T> {
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
        match self.transact(writes, "create a room").await? {
            None => Ok(()),
            Some(0) => Err(Error::Conflict("there is a room of this name already")),
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

    /// The id of the room of this id or name; an id is taken as it is, whether or not it exists.
    pub async fn find_room_id(&self, id_or_name: &str) -> Result<RoomId, Error> {
        if let Some(id) = RoomId::parse(id_or_name) {
            return Ok(id);
        }
        let Ok(name) = RoomName::parse(id_or_name) else { return Err(Error::NotFound("room")) };
        let request = self.db.get_item().table_name(&self.table).consistent_read(true);
        let request = request.key(keys::PK, s(keys::room_name_pk(&name)));
        let answer = request.key(keys::SK, s(keys::ROOM)).send().await;
        let answer = answer.map_err(storage("look up a room's name"))?;
        let id = answer.item().map(|item| text(item, "room")).transpose()?;
        id.and_then(|id| RoomId::parse(&id)).ok_or(Error::NotFound("room"))
    }

    /// Rooms by name, the first of them `after` a name in small letters.
    pub async fn rooms(
        &self,
        after: Option<&RoomName>,
        limit: usize,
    ) -> Result<Listed<Room>, Error> {
        let page = self
            .db
            .query()
            .table_name(&self.table)
            .index_name(keys::DIRECTORY)
            .key_condition_expression("dir_pk = :rooms AND dir_sk > :after")
            .expression_attribute_values(":rooms", s(keys::ROOMS_DIRECTORY))
            // A sort key is never empty, so this is before every name.
            .expression_attribute_values(
                ":after",
                s(after.map_or(" ".to_owned(), RoomName::folded)),
            )
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await;
        let page = page.map_err(storage("list rooms"))?;
        let last = page.items().last().map(|item| text(item, keys::DIRECTORY_SK)).transpose()?;
        let next = last.filter(|_| page.last_evaluated_key().is_some());
        let mut wanted = KeysAndAttributes::builder();
        for item in page.items() {
            let key = [keys::PK, keys::SK].map(|key| (key.to_owned(), item.get(key).cloned()));
            wanted = wanted
                .keys(key.into_iter().filter_map(|(key, value)| Some((key, value?))).collect());
        }
        if page.items().is_empty() {
            return Ok(Listed { items: Vec::new(), next: None });
        }
        let wanted = wanted.build().map_err(storage("describe a batch of rooms"))?;
        let found = self.batch(wanted).await?;
        let rooms = found.iter().filter(|item| !item.contains_key("deleted")).map(decode);
        let mut items = rooms.collect::<Result<Vec<_>, _>>()?;
        items.sort_by_key(|room| room.name.folded());
        Ok(Listed { items, next })
    }

    /// Puts `user` into a room; false if they were in it already.
    pub async fn add_member(
        &self,
        room: RoomId,
        user: &UserId,
        now: Timestamp,
        limits: RoomLimits,
    ) -> Result<bool, Error> {
        let count = Update::builder()
            .table_name(&self.table)
            .key(keys::PK, s(keys::conversation_pk(&ConversationId::Room(room))))
            .key(keys::SK, s(keys::ROOM))
            .update_expression("ADD members :one")
            .condition_expression(
                "attribute_exists(pk) AND attribute_not_exists(deleted) AND members < :most",
            )
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":most", n(count(limits.members_per_room)))
            .build()
            .map_err(storage("describe a room"))?;
        let mut writes = vec![TransactWriteItem::builder().update(count).build()];
        let entry = self.entry(room, user, Role::Member, now, limits);
        writes.extend(entry.map_err(storage("describe a member"))?);
        match self.transact(writes, "join a room").await? {
            None => Ok(true),
            _ if self.member(room, user).await?.is_some() => Ok(false),
            Some(0) if self.room(room).await?.is_none() => Err(Error::NotFound("room")),
            Some(0) => Err(Error::Conflict("the room is full")),
            Some(_) => Err(Error::Conflict("you are in too many rooms")),
        }
    }

    /// Takes `user` out of a room; false if they were not in it.
    pub async fn remove_member(&self, room: RoomId, user: &UserId) -> Result<bool, Error> {
        let conversation = ConversationId::Room(room);
        let one_less = |pk: String, sk: &str| {
            Update::builder()
                .table_name(&self.table)
                .key(keys::PK, s(pk))
                .key(keys::SK, s(sk))
                .update_expression("ADD members :less")
                .expression_attribute_values(":less", n(-1))
                .build()
        };
        let delete = |pk: String, sk: String| {
            Delete::builder().table_name(&self.table).key(keys::PK, s(pk)).key(keys::SK, s(sk))
        };
        let describe = || -> Result<Vec<TransactWriteItem>, BuildError> {
            let pk = keys::conversation_pk(&conversation);
            let member = delete(pk.clone(), keys::member_sk(user));
            let member = member.condition_expression("attribute_exists(pk)").build()?;
            let listing = delete(keys::user_pk(user), keys::listing_sk(&conversation)).build()?;
            Ok(vec![
                TransactWriteItem::builder().delete(member).build(),
                TransactWriteItem::builder().delete(listing).build(),
                TransactWriteItem::builder().update(one_less(pk, keys::ROOM)?).build(),
                TransactWriteItem::builder()
                    .update(one_less(keys::user_pk(user), keys::ROOM_COUNT)?)
                    .build(),
            ])
        };
        let writes = describe().map_err(storage("describe a departure"))?;
        Ok(self.transact(writes, "leave a room").await?.is_none())
    }

    /// `user` as a member of a room, strongly consistent.
    pub async fn member(&self, room: RoomId, user: &UserId) -> Result<Option<Member>, Error> {
        let request = self.db.get_item().table_name(&self.table).consistent_read(true);
        let pk = keys::conversation_pk(&ConversationId::Room(room));
        let request = request.key(keys::PK, s(pk)).key(keys::SK, s(keys::member_sk(user)));
        let answer = request.send().await.map_err(storage("look up a member"))?;
        answer.item().map(decode_member).transpose()
    }

    /// Members of a room by id, the first of them `after` one; strongly consistent.
    pub async fn members(
        &self,
        room: RoomId,
        after: Option<&UserId>,
        limit: Option<usize>,
    ) -> Result<Listed<Member>, Error> {
        let mut items = Vec::new();
        let mut after = after.map(keys::member_sk);
        loop {
            let left = limit.map(|limit| i32::try_from(limit - items.len()).unwrap_or(i32::MAX));
            let page = self
                .db
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("pk = :pk AND sk BETWEEN :after AND :last")
                .expression_attribute_values(
                    ":pk",
                    s(keys::conversation_pk(&ConversationId::Room(room))),
                )
                // A space follows the cursor itself, and precedes whatever else may follow it.
                .expression_attribute_values(
                    ":after",
                    s(after.as_deref().map_or("MEMBER#".to_owned(), |it| format!("{it} "))),
                )
                .expression_attribute_values(":last", s("MEMBER$"))
                .set_limit(left)
                .send()
                .await;
            let page = page.map_err(storage("list members"))?;
            for item in page.items() {
                items.push(decode_member(item)?);
            }
            let last = items.last().map(|member: &Member| member.user.encoded());
            if page.last_evaluated_key().is_none() {
                return Ok(Listed { items, next: None });
            }
            if limit.is_some_and(|limit| items.len() >= limit) {
                return Ok(Listed { items, next: last });
            }
            after = last.map(|last| format!("MEMBER#{last}"));
        }
    }

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

    async fn room_item(&self, id: RoomId) -> Result<Option<Item>, Error> {
        let request = self.db.get_item().table_name(&self.table).consistent_read(true);
        let pk = keys::conversation_pk(&ConversationId::Room(id));
        let request = request.key(keys::PK, s(pk)).key(keys::SK, s(keys::ROOM));
        Ok(request.send().await.map_err(storage("look up a room"))?.item)
    }

    fn creation(
        &self,
        room: &Room,
        limits: RoomLimits,
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        let name = Put::builder()
            .table_name(&self.table)
            .item(keys::PK, s(keys::room_name_pk(&room.name)))
            .item(keys::SK, s(keys::ROOM))
            .item("room", s(room.id.to_string()))
            .condition_expression("attribute_not_exists(pk)")
            .build()?;
        let item = Put::builder()
            .table_name(&self.table)
            .set_item(Some(encode(room)))
            .condition_expression("attribute_not_exists(pk)")
            .build()?;
        let mut writes = vec![
            TransactWriteItem::builder().put(name).build(),
            TransactWriteItem::builder().put(item).build(),
        ];
        writes.extend(self.entry(room.id, &room.creator, Role::Owner, room.created_at, limits)?);
        Ok(writes)
    }

    /// The writes that put a user into a room, but for the room's own count.
    fn entry(
        &self,
        room: RoomId,
        user: &UserId,
        role: Role,
        now: Timestamp,
        limits: RoomLimits,
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        let conversation = ConversationId::Room(room);
        let rooms = Update::builder()
            .table_name(&self.table)
            .key(keys::PK, s(keys::user_pk(user)))
            .key(keys::SK, s(keys::ROOM_COUNT))
            .update_expression("ADD members :one")
            .condition_expression("attribute_not_exists(members) OR members < :most")
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":most", n(count(limits.rooms_per_user)))
            .build()?;
        let member = Put::builder()
            .table_name(&self.table)
            .item(keys::PK, s(keys::conversation_pk(&conversation)))
            .item(keys::SK, s(keys::member_sk(user)))
            .item("user", s(user.as_str()))
            .item("role", s(if role == Role::Owner { "owner" } else { "member" }))
            .item("joined_at", n(now.as_millis()))
            .condition_expression("attribute_not_exists(pk)")
            .build()?;
        let listing = Put::builder()
            .table_name(&self.table)
            .item(keys::PK, s(keys::user_pk(user)))
            .item(keys::SK, s(keys::listing_sk(&conversation)))
            .item("joined_at", n(now.as_millis()))
            .build()?;
        Ok(vec![
            TransactWriteItem::builder().update(rooms).build(),
            TransactWriteItem::builder().put(member).build(),
            TransactWriteItem::builder().put(listing).build(),
        ])
    }

    /// Writes all or nothing; `Some` with the place of the first write whose condition did not hold.
    async fn transact(
        &self,
        writes: Vec<TransactWriteItem>,
        action: &'static str,
    ) -> Result<Option<usize>, Error> {
        for attempt in 0..TRANSACTION_ATTEMPTS {
            let request = self.db.transact_write_items().set_transact_items(Some(writes.clone()));
            let Err(error) = request.send().await else { return Ok(None) };
            let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
                error.as_service_error()
            else {
                return Err(storage(action)(error));
            };
            let reasons = canceled.cancellation_reasons();
            let of = |code| reasons.iter().position(|reason| reason.code() == Some(code));
            if let Some(place) = of("ConditionalCheckFailed") {
                return Ok(Some(place));
            }
            if of("TransactionConflict").is_none() {
                return Err(storage(action)(error));
            }
            // Somebody else joins or leaves at the same moment.
            tokio::time::sleep(std::time::Duration::from_millis(20 << attempt)).await;
        }
        Err(Error::Storage { action, source: "others kept writing at the same time".into() })
    }
}

/// How often a transaction is tried when another has its hands on the same items.
const TRANSACTION_ATTEMPTS: u32 = 6;

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn encode(room: &Room) -> Item {
    let mut item = Item::from([
        (keys::PK.into(), s(keys::conversation_pk(&room.conversation()))),
        (keys::SK.into(), s(keys::ROOM)),
        (keys::DIRECTORY_PK.into(), s(keys::ROOMS_DIRECTORY)),
        (keys::DIRECTORY_SK.into(), s(room.name.folded())),
        ("room".into(), s(room.id.to_string())),
        ("name".into(), s(room.name.as_str())),
        ("creator".into(), s(room.creator.as_str())),
        ("created_at".into(), n(room.created_at.as_millis())),
        ("members".into(), n(room.members)),
    ]);
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
    Ok(Room {
        id: RoomId::parse(&text(item, "room")?).ok_or(Error::Corrupt("room"))?,
        name: RoomName::parse(&text(item, "name")?)?,
        topic: text(item, "topic").ok(),
        metadata: metadata.map_err(|_| Error::Corrupt("metadata"))?,
        creator: UserId::parse(&text(item, "creator")?)?,
        created_at: Timestamp::from_millis(number(item, "created_at")?),
        members: item.get("members").and_then(parse_number).unwrap_or(0),
    })
}

fn decode_member(item: &Item) -> Result<Member, Error> {
    let role = if text(item, "role")? == "owner" { Role::Owner } else { Role::Member };
    Ok(Member {
        user: UserId::parse(&text(item, "user")?)?,
        role,
        joined_at: Timestamp::from_millis(number(item, "joined_at")?),
    })
}
