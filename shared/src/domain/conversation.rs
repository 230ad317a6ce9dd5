//! Where something is said.

use std::fmt;

use protocol::ids;
use serde::{Serialize, Serializer};

use super::{RoomId, UserId};
use crate::Error;

/// A conversation: a log of messages and the people who share it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConversationId {
    /// Two people, or one with themselves; the ids are sorted, so that both name it alike.
    Direct(UserId, UserId),
    /// Whoever has joined.
    Room(RoomId),
    /// Everybody who is online.
    Lobby,
}

impl ConversationId {
    /// The conversation of two people, whoever of them asks.
    pub fn direct(one: &UserId, other: &UserId) -> Self {
        let (first, second) = if one <= other { (one, other) } else { (other, one) };
        Self::Direct(first.clone(), second.clone())
    }

    /// Reads an id as [`Display`](fmt::Display) writes it; any other spelling is refused.
    pub fn parse(id: &str) -> Result<Self, Error> {
        let unknown = Error::NotFound("conversation");
        let parsed = match id.split(':').collect::<Vec<_>>()[..] {
            ["dm", first, second] => {
                Self::direct(&UserId::from_encoded(first)?, &UserId::from_encoded(second)?)
            }
            ["room", room] => Self::Room(RoomId::parse(room).ok_or(unknown)?),
            ["lobby"] => Self::Lobby,
            _ => return Err(unknown),
        };
        if parsed.to_string() != id {
            return Err(Error::NotFound("conversation"));
        }
        Ok(parsed)
    }

    /// The two people of a direct conversation, each once; nobody for the others, whose people the
    /// table knows.
    pub fn pair(&self) -> Vec<UserId> {
        match self {
            Self::Direct(first, second) if first == second => vec![first.clone()],
            Self::Direct(first, second) => vec![first.clone(), second.clone()],
            Self::Room(_) | Self::Lobby => Vec::new(),
        }
    }

    /// The other person of a direct conversation: who a message of `from` is addressed to.
    pub fn addressee(&self, from: &UserId) -> Option<&UserId> {
        match self {
            Self::Direct(first, second) => Some(if from == first { second } else { first }),
            Self::Room(_) | Self::Lobby => None,
        }
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct(first, second) => {
                f.write_str(&ids::direct(first.as_str(), second.as_str()))
            }
            Self::Room(room) => write!(f, "room:{room}"),
            Self::Lobby => f.write_str(ids::LOBBY),
        }
    }
}

impl Serialize for ConversationId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: &str) -> UserId {
        UserId::parse(id).unwrap()
    }

    #[test]
    fn both_people_name_it_alike() {
        let there = ConversationId::direct(&user("b"), &user("a"));
        assert_eq!(there, ConversationId::direct(&user("a"), &user("b")));
        assert_eq!(there.to_string(), "dm:a:b");
    }

    #[test]
    fn odd_ids_cannot_be_mistaken_for_others() {
        let colon = ConversationId::direct(&user("a:b"), &user("c"));
        assert_eq!(colon.to_string(), "dm:a%3Ab:c");
        assert_ne!(colon, ConversationId::direct(&user("a"), &user("b:c")));
        assert_eq!(ConversationId::parse("dm:a%3Ab:c").unwrap(), colon);
    }

    #[test]
    fn only_the_one_spelling_is_read() {
        for id in [
            "dm:b:a", "dm:a", "dm:a:b:c", "dm:%61:b", "room", "", "dm::", "DM:a:b", "room:x",
            "lobby:",
        ] {
            assert!(ConversationId::parse(id).is_err(), "{id}");
        }
    }
}
