//! What one user is to a room, in one read.

use aws_sdk_dynamodb::types::AttributeValue;

use super::decode;
use crate::Error;
use crate::domain::{
    Decision, Member, Mute, NonMember, Role, RoomId, Timestamp, UserId, UserInRoom,
};
use crate::store::item::{Item, n, number, parse_number, s, text};
use crate::store::key::{Key, keys_of};
use crate::store::{Inbox, Store, keys};

impl Store {
    /// The room and what `user` is to it, strongly consistent; `not_found` if there is no such room,
    /// or it is being deleted.
    pub async fn user_in_room(&self, room: RoomId, user: &UserId) -> Result<UserInRoom, Error> {
        let wanted = [Key::room(room), Key::member(room, user), Key::non_member(room, user)];
        let wanted = keys_of(wanted).consistent_read(true);
        let (mut found, mut member, mut non_member) = (None, None, NonMember::default());
        for item in self.batch(wanted, "look up who somebody is to a room").await? {
            match text(&item, keys::SK)? {
                sk if sk == keys::ROOM => found = Some(item),
                sk if sk.starts_with("MEMBER#") => member = Some(decode_member(&item)?),
                _ => non_member = decode_non_member(&item)?,
            }
        }
        let room = found.filter(|item| !item.contains_key("deleted"));
        let room = decode(&room.ok_or(Error::NotFound("room"))?)?;
        Ok(UserInRoom { room, user: user.clone(), member, non_member })
    }

    /// What `user` is to the room if they are its member, and their inbox: one request, strongly consistent.
    pub async fn member_and_inbox(
        &self,
        room: RoomId,
        user: &UserId,
    ) -> Result<(Option<Member>, Inbox), Error> {
        let wanted = keys_of([Key::member(room, user), Key::inbox(user)]).consistent_read(true);
        let (mut member, mut inbox) = (None, Inbox::default());
        for item in self.batch(wanted, "look up a member and their inbox").await? {
            if text(&item, keys::SK)?.starts_with("MEMBER#") {
                member = Some(decode_member(&item)?);
            } else {
                inbox = Inbox::decode(&item);
            }
        }
        Ok((member, inbox))
    }
}

pub(super) fn encode_mute(mute: Mute) -> AttributeValue {
    match mute {
        Mute::Open => AttributeValue::Bool(true),
        Mute::Until(until) => n(until.as_millis()),
    }
}

fn decode_mute(item: &Item) -> Option<Mute> {
    let value = item.get("muted")?;
    let until = parse_number(value).map(|until| Mute::Until(Timestamp::from_millis(until)));
    Some(until.unwrap_or(Mute::Open))
}

pub(super) fn decode_member(item: &Item) -> Result<Member, Error> {
    Ok(Member {
        user: UserId::parse(&text(item, "user")?)?,
        role: Role::parse(&text(item, "role")?),
        joined_at: Timestamp::from_millis(number(item, "joined_at")?),
        mute: decode_mute(item),
        reads_from: item.get("reads_from").and_then(parse_number),
    })
}

pub(super) fn decode_non_member(item: &Item) -> Result<NonMember, Error> {
    Ok(NonMember {
        ban: decision(item, "banned_by", "banned_at")?,
        invitation: decision(item, "invited_by", "invited_at")?,
        mute: decode_mute(item),
    })
}

/// Who decided, and when, if these attributes are there.
pub(super) fn decision(
    item: &Item,
    by: &'static str,
    at: &'static str,
) -> Result<Option<Decision>, Error> {
    if !item.contains_key(at) {
        return Ok(None);
    }
    let by = UserId::parse(&text(item, by)?)?;
    Ok(Some(Decision { by, at: Timestamp::from_millis(number(item, at)?) }))
}

pub(super) fn role_value(role: Role) -> AttributeValue {
    s(role.as_str())
}
