//! Who is not in a room and yet known to it: people who are invited, and people who are banned.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::TransactWriteItem;
use aws_sdk_dynamodb::types::builders::DeleteBuilder;

use super::ListPage;
use super::user_in_room::decision;
use crate::Error;
use crate::domain::{ConversationId, Decision, RoomId, UserId, UserInRoom};
use crate::error::storage;
use crate::store::item::{Item, n, s, text};
use crate::store::key::Key;
use crate::store::pages::Span;
use crate::store::transaction::Write;
use crate::store::{Store, keys};

/// Somebody who may not join a room.
#[derive(Clone, Debug)]
pub struct Banned {
    /// Who.
    pub user: UserId,
    /// Who banned them, and when.
    pub decision: Decision,
}

/// A room that somebody is asked to join.
#[derive(Clone, Debug)]
pub struct Invited {
    /// Which.
    pub room: RoomId,
    /// Who asked, and when.
    pub decision: Decision,
}

impl Store {
    /// Bans somebody who is not in the room; an invitation is withdrawn by it. False if they were not
    /// as they had been read.
    pub async fn ban_non_member(
        &self,
        seen: &UserInRoom,
        decision: &Decision,
    ) -> Result<bool, Error> {
        let describe = || -> Result<Vec<TransactWriteItem>, BuildError> {
            let non_member = self
                .update_non_member(seen.room.id, &seen.user)
                .update_expression(
                    "SET #user = :user, banned_by = :by, banned_at = :at \
                     REMOVE invited_by, invited_at",
                )
                .expression_attribute_values(":by", s(decision.by.as_str()))
                .expression_attribute_values(":at", n(decision.at.as_millis()))
                .write()?;
            let invitation = self.delete_invitation(seen)?;
            Ok(vec![self.no_member(seen)?, non_member, invitation])
        };
        let writes = describe().map_err(storage("describe a ban"))?;
        Ok(self.transact(writes, "ban somebody").await?.is_none())
    }

    /// Invites somebody who is not in the room; false if they were not as they had been read.
    pub async fn invite(&self, seen: &UserInRoom, decision: &Decision) -> Result<bool, Error> {
        let (by, at) = (s(decision.by.as_str()), n(decision.at.as_millis()));
        let describe = || -> Result<Vec<TransactWriteItem>, BuildError> {
            let non_member = self
                .update_non_member(seen.room.id, &seen.user)
                .update_expression("SET #user = :user, invited_by = :by, invited_at = :at")
                .condition_expression("attribute_not_exists(banned_at)")
                .expression_attribute_values(":by", by.clone())
                .expression_attribute_values(":at", at.clone())
                .write()?;
            let invitation = self
                .tx_put(Key::invitation(&seen.user, seen.room.id).into())
                .item("by", by)
                .item("at", at)
                .write()?;
            let room = self
                .tx_check(Key::room(seen.room.id))
                .condition_expression("attribute_exists(pk) AND attribute_not_exists(deleted)")
                .write()?;
            // An account that is being deleted is not invited any more.
            let open = self
                .tx_check(Key::room_count(&seen.user))
                .condition_expression("attribute_not_exists(closed)")
                .write()?;
            Ok(vec![self.no_member(seen)?, open, room, non_member, invitation])
        };
        let writes = describe().map_err(storage("describe an invitation"))?;
        match self.transact(writes, "invite somebody").await? {
            Some(1) => Err(Error::NotFound("user")),
            failed => Ok(failed.is_none()),
        }
    }

    /// Ends an invitation; nothing to do if there is none.
    pub async fn end_invitation(&self, seen: &UserInRoom) -> Result<(), Error> {
        let describe = || -> Result<Vec<TransactWriteItem>, BuildError> {
            Ok(vec![
                self.forget(seen, "invited_by, invited_at", seen.non_member.mute.is_some())?,
                self.delete_invitation(seen)?,
            ])
        };
        let writes = describe().map_err(storage("describe the end of an invitation"))?;
        self.transact(writes, "end an invitation").await.map(drop)
    }

    /// Ends a ban; false if there is none.
    pub async fn unban(&self, seen: &UserInRoom) -> Result<bool, Error> {
        let write = self.forget(seen, "banned_by, banned_at", seen.non_member.mute.is_some());
        let write = write.map_err(storage("describe the end of a ban"))?;
        Ok(self.transact(vec![write], "end a ban").await?.is_none())
    }

    /// Ends the mute that would await somebody who left with one.
    pub async fn unmute_non_member(&self, seen: &UserInRoom) -> Result<(), Error> {
        let known = seen.non_member.ban.is_some() || seen.non_member.invitation.is_some();
        let write = self.forget(seen, "muted", known);
        let write = write.map_err(storage("describe the end of a mute"))?;
        self.transact(vec![write], "end a mute").await.map(drop)
    }

    /// Who is banned from a room, by id, the first of them `after` one.
    pub async fn bans(
        &self,
        room: RoomId,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<ListPage<Banned>, Error> {
        let pk = &keys::conversation_pk(&ConversationId::Room(room));
        let having = Some("banned_at");
        let span = Span { pk, prefix: "GUEST", having, action: "list who is banned" };
        let (items, next) = self.span(span, after.map(UserId::encoded), Some(limit)).await?;
        let banned = |item: &Item| {
            let decision = decision(item, "banned_by", "banned_at")?;
            let decision = decision.ok_or(Error::Corrupt("banned_at"))?;
            Ok(Banned { user: UserId::parse(&text(item, "user")?)?, decision })
        };
        Ok(ListPage { items: items.iter().map(banned).collect::<Result<_, Error>>()?, next })
    }

    /// Whether anybody is invited to a room.
    pub async fn has_invitations(&self, room: RoomId) -> Result<bool, Error> {
        let pk = &keys::conversation_pk(&ConversationId::Room(room));
        let having = Some("invited_at");
        let span = Span { pk, prefix: "GUEST", having, action: "list who is invited" };
        Ok(!self.span(span, None, Some(1)).await?.0.is_empty())
    }

    /// Where `user` is invited, by room, the first of them `after` one.
    pub async fn invitations(
        &self,
        user: &UserId,
        after: Option<RoomId>,
        limit: usize,
    ) -> Result<ListPage<Invited>, Error> {
        let pk = &keys::user_pk(user);
        let span = Span { pk, prefix: "INVITE", having: None, action: "list invitations" };
        let after = after.map(|room| room.to_string());
        let (items, next) = self.span(span, after, Some(limit)).await?;
        let invited = |item: &Item| {
            let sk = text(item, keys::SK)?;
            let room = sk.strip_prefix("INVITE#").and_then(RoomId::parse);
            let decision = decision(item, "by", "at")?.ok_or(Error::Corrupt("at"))?;
            Ok(Invited { room: room.ok_or(Error::Corrupt("sk"))?, decision })
        };
        Ok(ListPage { items: items.iter().map(invited).collect::<Result<_, Error>>()?, next })
    }

    /// The writes that make a guest a member, if the room knows of them what it knew when it was read.
    pub(super) fn non_member_joins(
        &self,
        seen: &UserInRoom,
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        let invited = seen.non_member.invitation.is_some();
        let is = |known: bool| if known { "attribute_exists" } else { "attribute_not_exists" };
        let as_seen = format!(
            "attribute_not_exists(banned_at) AND {}(invited_at) AND {}(muted)",
            is(invited),
            is(seen.non_member.mute.is_some()),
        );
        let non_member = self.delete_non_member(seen).condition_expression(as_seen);
        let mut writes = vec![non_member.write()?];
        if invited {
            writes.push(self.delete_invitation(seen)?);
        }
        Ok(writes)
    }

    /// Forgets these attributes of a guest, and the whole guest unless something else is known.
    fn forget(
        &self,
        seen: &UserInRoom,
        attributes: &str,
        known: bool,
    ) -> Result<TransactWriteItem, BuildError> {
        let condition =
            format!("attribute_exists({})", attributes.split(", ").last().unwrap_or(""));
        if known {
            let update = self.update_non_member(seen.room.id, &seen.user);
            let update = update
                .update_expression(format!("SET #user = :user REMOVE {attributes}"))
                .condition_expression(condition);
            return update.write();
        }
        self.delete_non_member(seen).condition_expression(condition).write()
    }

    fn delete_non_member(&self, seen: &UserInRoom) -> DeleteBuilder {
        self.tx_delete(Key::non_member(seen.room.id, &seen.user))
    }

    fn delete_invitation(&self, seen: &UserInRoom) -> Result<TransactWriteItem, BuildError> {
        self.tx_delete(Key::invitation(&seen.user, seen.room.id)).write()
    }

    fn no_member(&self, seen: &UserInRoom) -> Result<TransactWriteItem, BuildError> {
        self.tx_check(Key::member(seen.room.id, &seen.user))
            .condition_expression("attribute_not_exists(pk)")
            .write()
    }
}
