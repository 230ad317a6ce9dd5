//! People in a room, and people it knows who are not in it.

use super::permissions::Standing;
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
    pub fn standing(&self, now: Timestamp) -> Standing {
        if self.muted(now).is_some() {
            return Standing::Muted;
        }
        match self.role {
            Role::Owner => Standing::Owner,
            Role::Moderator => Standing::Moderator,
            Role::Member => Standing::Member,
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
pub struct Guest {
    /// They may not join.
    pub ban: Option<Decision>,
    /// They are asked to join.
    pub invitation: Option<Decision>,
    /// They were muted when they left.
    pub mute: Option<Mute>,
}

/// A room, and what one user is to it.
#[derive(Clone, Debug)]
pub struct Relation {
    /// The room.
    pub room: Room,
    /// The user.
    pub user: UserId,
    /// The user as a member.
    pub member: Option<Member>,
    /// What is kept of the user while they are none.
    pub guest: Guest,
}

impl Relation {
    /// What the user is to the room.
    pub fn standing(&self, now: Timestamp) -> Standing {
        let private = self.room.access == super::Access::Private;
        match (&self.member, &self.guest) {
            (Some(member), _) => member.standing(now),
            (None, Guest { ban: Some(_), .. }) if !private => Standing::Banned,
            (None, Guest { ban: None, invitation: Some(_), .. }) => Standing::Invited,
            (None, _) if private => Standing::Outsider,
            (None, _) => Standing::Stranger,
        }
    }
}
