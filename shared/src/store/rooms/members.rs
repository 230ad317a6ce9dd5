//! Who is in a room, in both directions: its members, and what each member is in.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::TransactWriteItem;

use super::turnover;
use super::user_in_room::{decode_member, encode_mute, role_value};
use super::{ListPage, RoomLimits};
use crate::Error;
use crate::domain::{
    Access, ConversationId, Member, Mute, Role, RoomHistory, RoomId, Seq, Timestamp, UserId,
    UserInRoom,
};
use crate::error::storage;
use crate::store::item::{n, s};
use crate::store::key::{Key, keys_of};
use crate::store::pages::Span;
use crate::store::transaction::Write;
use crate::store::{Store, keys};

/// What became of an attempt to enter a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// The user is in it now.
    Yes,
    /// Something was not as it had been read: read again.
    Stale,
    /// The user is in too many rooms.
    TooManyRooms,
}

impl Store {
    /// Puts somebody into a room who is not in it, if the room and they are still as they were read.
    ///
    /// Their invitation is used up by it. Whoever enters an empty room owns it. `reads_from` is the first
    /// message that they may read, unless they may read all of them; in a room whose past is not for
    /// newcomers there must be no such message yet. They are `counted` if the room is told later how many came.
    pub async fn add_member(
        &self,
        seen: &UserInRoom,
        reads_from: Option<Seq>,
        (counted, now): (bool, Timestamp),
        limits: RoomLimits,
    ) -> Result<Entered, Error> {
        let writes = self.entrance(seen, reads_from, (counted, now), limits);
        let writes = writes.map_err(storage("describe a member"))?;
        Ok(match self.transact(writes, "join a room").await? {
            None => Entered::Yes,
            Some(1) if self.is_closed(&seen.user).await? => return Err(Error::DELETED),
            Some(1) => Entered::TooManyRooms,
            Some(_) => Entered::Stale,
        })
    }

    /// `user` as a member of a room, strongly consistent.
    pub async fn member(&self, room: RoomId, user: &UserId) -> Result<Option<Member>, Error> {
        let item = self.item(Key::member(room, user), "look up a member").await?;
        item.as_ref().map(decode_member).transpose()
    }

    /// Those of `users` who are members of a room, strongly consistent.
    pub async fn members_among(
        &self,
        room: RoomId,
        users: &BTreeSet<UserId>,
    ) -> Result<Vec<Member>, Error> {
        let wanted = keys_of(users.iter().map(|user| Key::member(room, user)));
        let items = self.batch(wanted.consistent_read(true), "look up members").await?;
        items.iter().map(decode_member).collect()
    }

    /// Members of a room by id, the first of them `after` one; strongly consistent.
    pub async fn members(
        &self,
        room: RoomId,
        after: Option<&UserId>,
        limit: Option<usize>,
    ) -> Result<ListPage<Member>, Error> {
        let pk = &keys::conversation_pk(&ConversationId::Room(room));
        let span = Span { pk, prefix: "MEMBER", having: None, action: "list members" };
        let (items, next) = self.span(span, after.map(UserId::encoded), limit).await?;
        let items = items.iter().map(decode_member).collect::<Result<Vec<_>, _>>()?;
        Ok(ListPage { items, next })
    }

    /// Mutes a member, or ends that; false if they are a member of this role no more.
    pub async fn set_mute(
        &self,
        room: RoomId,
        member: &Member,
        mute: Option<Mute>,
    ) -> Result<bool, Error> {
        let update = self
            .update(Key::member(room, &member.user))
            .condition_expression("#role = :role")
            .expression_attribute_names("#role", "role")
            .expression_attribute_values(":role", role_value(member.role));
        let update = match mute {
            Some(mute) => update
                .update_expression("SET muted = :muted")
                .expression_attribute_values(":muted", encode_mute(mute)),
            None => update.update_expression("REMOVE muted"),
        };
        let Err(error) = update.send().await else { return Ok(true) };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
            _ => Err(storage("mute a member")(error)),
        }
    }

    fn entrance(
        &self,
        seen: &UserInRoom,
        reads_from: Option<Seq>,
        (counted, now): (bool, Timestamp),
        limits: RoomLimits,
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        let room = seen.room.id;
        let empty = seen.room.members == 0;
        let (owner, people) = if empty { (", owners :one", "=") } else { ("", ">") };
        let counted = if counted { turnover::ONE_JOINED } else { "" };
        let private = seen.room.access == Access::Private;
        let is = |known: bool| if known { "attribute_exists" } else { "attribute_not_exists" };
        let since_joining = seen.room.history == RoomHistory::SinceJoining;
        let hidden = match seen.room.hidden {
            Some(_) => "hidden_upto = :hidden",
            None => "attribute_not_exists(hidden_upto)",
        };
        let count = self
            .tx_update(Key::room(room))
            .update_expression(format!("ADD members :one{owner}{counted}"))
            .condition_expression(format!(
                "attribute_exists(pk) AND attribute_not_exists(deleted) AND {}(#access) \
                 AND {}(history) AND {hidden} AND members {people} :zero AND members < :most",
                is(private),
                is(since_joining),
            ))
            .expression_attribute_names("#access", "access")
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":zero", n(0))
            .expression_attribute_values(":most", n(count(limits.members_per_room)));
        let count = match seen.room.hidden {
            Some(hidden) => count.expression_attribute_values(":hidden", n(hidden)),
            None => count,
        };
        let mut writes = vec![count.write()?];
        let role = if empty { Role::Owner } else { Role::Member };
        let mute = seen.non_member.mute.filter(|mute| role == Role::Member && mute.holds(now));
        let user = seen.user.clone();
        let member = Member { user, role, joined_at: now, mute, reads_from };
        writes.extend(self.entry(room, &member, limits)?);
        writes.extend(self.non_member_joins(seen)?);
        if let Some(next) = reads_from.filter(|_| since_joining) {
            writes.push(self.nothing_said(room, next)?);
        }
        Ok(writes)
    }

    /// That a room has no message of this number, yet.
    pub(super) fn nothing_said(
        &self,
        room: RoomId,
        seq: Seq,
    ) -> Result<TransactWriteItem, BuildError> {
        self.tx_check(Key::message(&ConversationId::Room(room), seq))
            .condition_expression("attribute_not_exists(pk)")
            .write()
    }

    /// The writes that put a user into a room, but for the room's own count; first the count of the
    /// user's rooms.
    pub(super) fn entry(
        &self,
        room: RoomId,
        member: &Member,
        limits: RoomLimits,
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        let conversation = ConversationId::Room(room);
        let joined_at = n(member.joined_at.as_millis());
        let rooms = self.tx_update(Key::room_count(&member.user))
            .update_expression("ADD members :one")
            .condition_expression(
                "(attribute_not_exists(members) OR members < :most) AND attribute_not_exists(closed)",
            )
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":most", n(count(limits.rooms_per_user)))
            .write()?;
        let mut item = self
            .tx_put(Key::member(room, &member.user).into())
            .item("user", s(member.user.as_str()))
            .item("role", role_value(member.role))
            .item("joined_at", joined_at.clone())
            .condition_expression("attribute_not_exists(pk)");
        if let Some(mute) = member.mute {
            item = item.item("muted", encode_mute(mute));
        }
        if let Some(reads_from) = member.reads_from {
            item = item.item("reads_from", n(reads_from));
        }
        let membership = self
            .tx_put(Key::membership(&member.user, &conversation).into())
            .item("joined_at", joined_at)
            .write()?;
        Ok(vec![rooms, item.write()?, membership])
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
