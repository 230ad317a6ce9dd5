//! Members go, or get another role; a room with people in it always has an owner.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::TransactWriteItem;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;

use super::turnover;
use super::user_in_room::{encode_mute, role_value};
use crate::Error;
use crate::domain::{ConversationId, Decision, Member, Role, RoomId, UserId};
use crate::error::storage;
use crate::store::Store;
use crate::store::item::{n, s};
use crate::store::key::Key;
use crate::store::transaction::Write;

/// Why somebody goes.
#[derive(Clone, Debug)]
pub enum Departure {
    /// They want to, or are put out.
    Out,
    /// They want to; the room is told later how many went.
    Counted,
    /// They are put out and may not come again.
    Banned(Decision),
    /// The room comes to its end.
    Closing,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It is done.
    Yes,
    /// The member was not as they had been read: read again.
    Stale,
    /// The room would have had people and no owner.
    LastOwner,
}

impl Store {
    /// Takes a member out of a room, if they are still as they were read.
    ///
    /// The member comes first among the writes: a try that is repeated after it was done is `Stale`.
    pub async fn remove_member(
        &self,
        room: RoomId,
        member: &Member,
        departure: &Departure,
    ) -> Result<Removed, Error> {
        let writes = self.exit(room, member, departure).map_err(storage("describe a departure"))?;
        Ok(match self.transact(writes, "leave a room").await? {
            None => Removed::Yes,
            Some(1) if member.role == Role::Owner => Removed::LastOwner,
            Some(_) => Removed::Stale,
        })
    }

    /// Gives a member another role, if they are still as they were read; above a member's, it ends a
    /// mute.
    pub async fn set_role(
        &self,
        room: RoomId,
        member: &Member,
        role: Role,
    ) -> Result<Removed, Error> {
        let owners = match (member.role, role) {
            (Role::Owner, _) => {
                Some(self.one_owner_less(room, "ADD owners :less", "owners > :one"))
            }
            (_, Role::Owner) => Some(self.one_owner_more(room)),
            _ => None,
        };
        let unmuted = if role > Role::Member { " REMOVE muted" } else { "" };
        let appointment = self
            .tx_update(Key::member(room, &member.user))
            .update_expression(format!("SET #role = :new{unmuted}"))
            .condition_expression("#role = :role")
            .expression_attribute_names("#role", "role")
            .expression_attribute_values(":role", role_value(member.role))
            .expression_attribute_values(":new", role_value(role));
        let writes = std::iter::once(appointment).chain(owners);
        let writes = writes.map(Write::write);
        let writes = writes.collect::<Result<Vec<_>, BuildError>>();
        let writes = writes.map_err(storage("describe an appointment"))?;
        Ok(match self.transact(writes, "give somebody a role").await? {
            None => Removed::Yes,
            Some(1) if member.role == Role::Owner => Removed::LastOwner,
            Some(_) => Removed::Stale,
        })
    }

    fn exit(
        &self,
        room: RoomId,
        member: &Member,
        departure: &Departure,
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        let owner = member.role == Role::Owner;
        let closing = matches!(departure, Departure::Closing);
        let is_counted = matches!(departure, Departure::Counted);
        let counted = if is_counted { turnover::ONE_LEFT } else { "" };
        let count = match (owner, closing) {
            (true, false) => {
                let rule = "owners > :one OR members = :one";
                let change = format!("ADD owners :less, members :less{counted}");
                self.one_owner_less(room, &change, rule)
            }
            (false, _) if is_counted => {
                let update = self.less(Key::room(room));
                let update = update.update_expression(format!("ADD members :less{counted}"));
                update.expression_attribute_values(":one", n(1))
            }
            _ => self.less(Key::room(room)),
        };
        let muted = if member.mute.is_some() { "" } else { " AND attribute_not_exists(muted)" };
        let item = self
            .tx_delete(Key::member(room, &member.user))
            .condition_expression(format!("#role = :role{muted}"))
            .expression_attribute_names("#role", "role")
            .expression_attribute_values(":role", role_value(member.role))
            .write()?;
        let membership =
            self.tx_delete(Key::membership(&member.user, &ConversationId::Room(room))).write()?;
        let rooms = self.less(Key::room_count(&member.user)).write()?;
        let mut writes = vec![item, count.write()?, membership, rooms];
        if let Some(kept) = self.kept(room, member, departure) {
            writes.push(kept.write()?);
        }
        Ok(writes)
    }

    /// What the room keeps of whoever goes: a ban, and a mute, so that leaving does not end it.
    fn kept(&self, room: RoomId, member: &Member, departure: &Departure) -> Option<UpdateBuilder> {
        let mut sets = vec!["#user = :user"];
        let mut update = self.update_non_member(room, &member.user);
        if let Some(mute) = member.mute {
            sets.push("muted = :muted");
            update = update.expression_attribute_values(":muted", encode_mute(mute));
        }
        if let Departure::Banned(Decision { by, at }) = departure {
            sets.push("banned_by = :by, banned_at = :at");
            update = update
                .expression_attribute_values(":by", s(by.as_str()))
                .expression_attribute_values(":at", n(at.as_millis()));
        }
        if sets.len() == 1 || matches!(departure, Departure::Closing) {
            return None;
        }
        Some(update.update_expression(format!("SET {}", sets.join(", "))))
    }

    /// An update of what a room keeps of somebody who is not in it; it says who that is.
    pub(super) fn update_non_member(&self, room: RoomId, user: &UserId) -> UpdateBuilder {
        self.tx_update(Key::non_member(room, user))
            .expression_attribute_names("#user", "user")
            .expression_attribute_values(":user", s(user.as_str()))
    }

    /// One less of what an item counts.
    fn less(&self, key: Key) -> UpdateBuilder {
        self.tx_update(key)
            .update_expression("ADD members :less")
            .expression_attribute_values(":less", n(-1))
    }

    fn one_owner_less(&self, room: RoomId, change: &str, rule: &str) -> UpdateBuilder {
        let update = self.less(Key::room(room)).update_expression(change);
        update.condition_expression(rule).expression_attribute_values(":one", n(1))
    }

    fn one_owner_more(&self, room: RoomId) -> UpdateBuilder {
        self.tx_update(Key::room(room))
            .update_expression("ADD owners :one")
            .expression_attribute_values(":one", n(1))
    }
}
