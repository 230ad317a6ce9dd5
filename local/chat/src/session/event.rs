//! What a session tells.

use std::time::Duration;

use super::asks::Wish;
use crate::frames::{Message, Presence, Room};

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
    /// Somebody is typing for so long from now on, or has stopped.
    Typing { conversation: String, lasts: Duration },
    /// Somebody shows by what they do that they are there.
    Seen { user: String },
    /// A room is not what it was.
    RoomChanged { room: Room, by: String },
    /// One may enter a room.
    Invited { room: Room, by: String },
    /// One may not any more.
    Uninvited { room: String, reason: String },
    /// Somebody is called otherwise.
    Renamed { user: String, username: Option<String> },
    /// More waits than the server lists.
    MoreWaiting,
    /// Somebody came or went.
    Presence { user: String, status: Presence },
    /// The server complained about no frame in particular.
    Complaint { reason: String },
}
