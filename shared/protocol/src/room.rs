//! Rooms and who is in them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Timestamp;

/// Who may find a room and join it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Everybody who is not banned.
    #[default]
    Public,
    /// Who is invited; nobody else is told that there is such a room.
    Private,
}

/// What people who join a room may read of what was said before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomHistory {
    /// All of it that is not hidden.
    #[default]
    Everything,
    /// Nothing.
    SinceJoining,
}

/// What somebody may do in a room; a higher role is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Speaks and hears.
    Member,
    /// Keeps order among members.
    Moderator,
    /// Decides what the room is, and who keeps order.
    Owner,
}

impl Role {
    /// The name that the table and the protocol use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Owner => "owner",
        }
    }

    /// Reads a name back; unknown ones are members.
    pub fn parse(name: &str) -> Self {
        match name {
            "owner" => Self::Owner,
            "moderator" => Self::Moderator,
            _ => Self::Member,
        }
    }
}

/// A room as clients see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub topic: Option<String>,
    /// Whatever its creator keeps with it.
    pub metadata: Option<Map<String, Value>>,
    /// Who may find and join it.
    pub access: Access,
    /// What people who join may read of what was said before.
    pub history: RoomHistory,
    /// How many days what is said in it is kept, if it has a rule of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// Who made it.
    pub creator: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many people are in it.
    pub members: u64,
    /// Its conversation.
    pub conversation: String,
}

/// A member of a room as clients see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberView {
    /// Who.
    pub user: String,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub joined_at: Timestamp,
    /// Whether they may not speak.
    pub muted: bool,
    /// When that ends by itself, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<Timestamp>,
}
