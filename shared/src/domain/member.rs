//! People in a room, and people it knows who are not in it.

use super::permissions::Relationship;
use super::{Role, Room, Seq, Timestamp, UserId};

/// For how long somebody may not speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mute {
    /// Until it is ended.
    Open,
    /// Until then.
    Until(Timestamp),
}

impl Mute {
    /// Whether it still holds at `now`.
    pub fn holds(self, now: Timestamp) -> bool {
        match self {
            Self::Open => true,
            Self::Until(until) => until > now,
        }
    }
}

/// Somebody who is in a room.
#[derive(Clone, Debug)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub joined_at: Timestamp,
    /// For how long they may not speak; it may be over.
    pub mute: Option<Mute>,
    /// The first message they may read, unless they may read all of them.
    pub reads_from: Option<Seq>,
}

impl Member {
    /// Whether a message is not from before their time.
    pub fn may_read(&self, seq: Seq) -> bool {
        self.reads_from.is_none_or(|first| first <= seq)
    }

    /// The mute, if it still holds at `now`.
    pub fn muted(&self, now: Timestamp) -> Option<Mute> {
        self.mute.filter(|mute| mute.holds(now))
    }

    /// What the member is to the room.
    pub fn relationship(&self, now: Timestamp) -> Relationship {
        if self.muted(now).is_some() {
            return Relationship::Muted;
        }
        match self.role {
            Role::Owner => Relationship::Owner,
            Role::Moderator => Relationship::Moderator,
            Role::Member => Relationship::Member,
        }
    }
}

/// Who decided something about somebody, and when.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Who.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

/// What a room keeps of somebody who is not in it.
#[derive(Clone, Debug, Default)]
pub struct NonMember {
    /// They may not join.
    pub ban: Option<Decision>,
    /// They are asked to join.
    pub invitation: Option<Decision>,
    /// They were muted when they left.
    pub mute: Option<Mute>,
}

/// A room, and what one user is to it.
#[derive(Clone, Debug)]
pub struct UserInRoom {
    /// The room.
    pub room: Room,
    /// The user.
    pub user: UserId,
    /// The user as a member.
    pub member: Option<Member>,
    /// What is kept of the user while they are none.
    pub non_member: NonMember,
}

impl UserInRoom {
    /// What the user is to the room.
    pub fn relationship(&self, now: Timestamp) -> Relationship {
        let private = self.room.access == super::Access::Private;
        match (&self.member, &self.non_member) {
            (Some(member), _) => member.relationship(now),
            (None, NonMember { ban: Some(_), .. }) if !private => Relationship::Banned,
            (None, NonMember { ban: None, invitation: Some(_), .. }) => Relationship::Invited,
            (None, _) if private => Relationship::NonMemberOfPrivate,
            (None, _) => Relationship::NonMember,
        }
    }
}
