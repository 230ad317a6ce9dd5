//! Where one talks.

use shared::domain::{ConversationId, UserId};

use crate::session::Address;

/// A conversation one can say something in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) conversation: String,
    pub(crate) address: Address,
    pub(crate) name: String,
}

impl Place {
    /// The conversation with somebody.
    pub(crate) fn with(me: &str, other: &str, name: &str) -> anyhow::Result<Self> {
        let (one, another) = (UserId::parse(me)?, UserId::parse(other)?);
        let conversation = ConversationId::direct(&one, &another).to_string();
        Ok(Self { conversation, address: Address::Person(other.into()), name: name.into() })
    }

    /// A room.
    pub(crate) fn room(id: String, name: &str, conversation: String) -> Self {
        Self { conversation, address: Address::Room(id), name: format!("#{name}") }
    }
}

/// Where one wants to talk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// With somebody, by name.
    Person(String),
    /// In a room, by name or id.
    Room(String),
}

/// Somebody's presence as it was told last.
pub(super) type Presences = std::collections::HashMap<String, crate::frames::Presence>;
