//! What a client tells whoever uses it.

use std::time::Duration;

use protocol::{ErrorCode, MessageView, Presence, RoomView, SettingsView};

use crate::outbox::NewEvent;
use crate::requests::Request;

/// Something to be shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The next message of its conversation, or the next notice.
    Message(Box<MessageView>),
    /// A message that was shown looks otherwise now: it was edited or deleted, people react to it, or
    /// something became of the one that it answers.
    Changed(Box<MessageView>),
    /// A conversation is open; what was said last has been shown.
    Opened {
        /// Which.
        conversation: String,
    },
    /// One is in a room.
    Joined {
        /// The room.
        room: Box<RoomView>,
    },
    /// One is not in a room any more.
    Left {
        /// Its conversation.
        conversation: String,
        /// Why, in a word, if one did not want to.
        reason: Option<String>,
    },
    /// A message is not kept.
    NotSent {
        /// Its id.
        id: String,
        /// What was to be said.
        content: String,
        /// What kind of mistake it was.
        code: ErrorCode,
        /// Why, in words.
        reason: String,
    },
    /// Something did not become of a message.
    NotChanged {
        /// In which conversation.
        conversation: String,
        /// What.
        event: NewEvent,
        /// What kind of mistake it was.
        code: ErrorCode,
        /// Why, in words.
        reason: String,
    },
    /// A request is not granted.
    Refused {
        /// Which.
        request: Request,
        /// What kind of mistake it was.
        code: ErrorCode,
        /// Why, in words.
        reason: String,
    },
    /// Something between two messages is gone.
    Gone {
        /// In which conversation.
        conversation: String,
    },
    /// More was said before the next message than is shown; the history has it.
    Skipped {
        /// In which conversation.
        conversation: String,
    },
    /// Somebody is typing for so long from now on, or has stopped.
    Typing {
        /// Where.
        conversation: String,
        /// How long to show it.
        lasts: Duration,
    },
    /// Somebody shows by what they do that they are there.
    Seen {
        /// Who.
        user: String,
    },
    /// A room is not what it was.
    RoomChanged {
        /// The room as it is now.
        room: Box<RoomView>,
        /// Who changed it.
        by: String,
    },
    /// One may enter a room.
    Invited {
        /// The room.
        room: Box<RoomView>,
        /// Who asks.
        by: String,
    },
    /// One may not any more.
    Uninvited {
        /// The room's id.
        room: String,
        /// Why, in a word.
        reason: String,
    },
    /// One has decided something about a conversation, here or on another device. What was decided while there
    /// was no connection is not told: `GET /api/conversations` has it.
    Settings {
        /// Which.
        conversation: String,
        /// All of it, as it is now.
        settings: SettingsView,
    },
    /// Somebody is called otherwise.
    Renamed {
        /// Who.
        user: String,
        /// How.
        username: Option<String>,
    },
    /// More waits than the server lists.
    MoreWaiting,
    /// Somebody came or went.
    Presence {
        /// Who.
        user: String,
        /// Which of both.
        status: Presence,
    },
    /// The server complained about no request in particular.
    Complaint {
        /// In words.
        reason: String,
    },
}
