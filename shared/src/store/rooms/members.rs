//! Who is in a room, in both directions: its members, and what each member is in.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem, Update};

use super::{Listed, RoomLimits};
use crate::Error;
use crate::chat::{ConversationId, Member, Role, RoomId, Timestamp, UserId};
use crate::error::storage;
use crate::store::item::{Item, n, number, s, text};
use crate::store::{Store, keys};

impl Store {
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
        let pk = keys::conversation_pk(&ConversationId::Room(room));
        let item = self.item(pk, keys::member_sk(user), "look up a member").await?;
        item.as_ref().map(decode_member).transpose()
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

    /// The writes that put a user into a room, but for the room's own count.
    pub(super) fn entry(
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
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn decode_member(item: &Item) -> Result<Member, Error> {
    let role = if text(item, "role")? == "owner" { Role::Owner } else { Role::Member };
    Ok(Member {
        user: UserId::parse(&text(item, "user")?)?,
        role,
        joined_at: Timestamp::from_millis(number(item, "joined_at")?),
    })
}
