//! Where one talks.

use client::Target;
use protocol::{RoomView, ids};

/// A conversation one can say something in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) conversation: String,
    pub(crate) target: Target,
    pub(crate) name: String,
}

impl Place {
    /// The conversation with somebody.
    pub(crate) fn with(me: &str, other: &str, name: &str) -> Self {
        let conversation = ids::direct(me, other);
        Self { conversation, target: Target::Person(other.into()), name: name.into() }
    }

    /// A room.
    pub(crate) fn room(room: &RoomView) -> Self {
        let (conversation, id) = (room.conversation.clone(), room.id.clone());
        Self { conversation, target: Target::Room(id), name: format!("#{}", room.name) }
    }
}

/// Where one wants to talk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// With somebody, by name.
    Person(String),
    /// In a room, by name or id.
    Room(String),
}

/// Somebody's presence as it was told last.
pub(super) type Presences = std::collections::HashMap<String, protocol::Presence>;
