//! What a session tells.

use super::asks::Wish;
use crate::frames::{Message, Presence};

/// Something to be shown.
#[derive(Debug, PartialEq)]
pub(crate) enum Event {
    /// The next message of its conversation.
    Said(Message),
    /// A conversation is open; what was said last has been shown.
    Opened { conversation: String },
    /// One is in a room.
    Joined { id: String, name: String, topic: Option<String>, conversation: String },
    /// One is not in a room any more.
    Left { conversation: String, reason: Option<String> },
    /// Something said is not kept.
    NotSaid { content: String, reason: String },
    /// A wish is not granted.
    NotGranted { wish: Wish, code: String, reason: String },
    /// Something between two messages is gone.
    Gone { conversation: String },
    /// Somebody is typing.
    Typing { conversation: String, user: String },
    /// Somebody came or went.
    Presence { user: String, status: Presence },
    /// The server complained about no frame in particular.
    Complaint { reason: String },
}
