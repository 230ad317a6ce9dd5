//! Who does something in a room.

use super::permissions::Relationship;
use super::{Role, Timestamp, UserId, UserInRoom};

/// Somebody who does something in a room, and by what right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub user: UserId,
    right: Right,
}

/// By what right somebody acts in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    /// What they are to the room says what they may.
    Own,
    /// They may what an owner may, whatever they are to the room.
    OfOwner,
}

impl Actor {
    /// The bot of a backend that may in every room what an owner may.
    pub fn as_owner(bot: UserId) -> Self {
        Self { user: bot, right: Right::OfOwner }
    }

    /// Whether what they are to a room does not matter.
    pub fn is_as_owner(&self) -> bool {
        self.right == Right::OfOwner
    }

    /// As what they act in a room to which they are this.
    pub fn relationship(&self, to_room: &UserInRoom, now: Timestamp) -> Relationship {
        if self.is_as_owner() { Relationship::Owner } else { to_room.relationship(now) }
    }

    /// Whom they outrank there.
    pub fn role(&self, to_room: &UserInRoom) -> Role {
        match &to_room.member {
            _ if self.is_as_owner() => Role::Owner,
            Some(member) => member.role,
            None => Role::Member,
        }
    }
}

impl From<UserId> for Actor {
    fn from(user: UserId) -> Self {
        Self { user, right: Right::Own }
    }
}

impl From<&UserId> for Actor {
    fn from(user: &UserId) -> Self {
        user.clone().into()
    }
}

impl From<&Self> for Actor {
    fn from(actor: &Self) -> Self {
        actor.clone()
    }
}
