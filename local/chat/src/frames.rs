//! The frames a client reads, as far as this one looks into them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A frame of the server.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Frame {
    /// The connection stands.
    Welcome {
        server_time: String,
        #[serde(default)]
        more_waiting: bool,
    },
    /// More conversations wait than the server lists.
    MoreWaiting,
    /// The message is kept.
    Ack(Ack),
    /// Somebody said something.
    Message(Message),
    /// Part of a conversation.
    History { conversation: String, messages: Vec<Message>, id: Option<String> },
    /// Everything after the cursors has been sent, as far as this says.
    Synced { conversations: BTreeMap<String, Synced> },
    /// Messages were delivered to somebody, or read by them.
    Receipt { conversation: String, user: String, delivered: Option<u64>, read: Option<u64> },
    /// Somebody is typing.
    Typing {
        user: String,
        conversation: String,
        #[serde(default = "yes")]
        typing: bool,
        expires_in_ms: Option<u64>,
    },
    /// Somebody came or went.
    Presence { user: String, status: Presence },
    /// One is in the room now.
    Joined { room: Room, conversation: String, messages: Vec<Message>, id: Option<String> },
    /// One is not in the room any more.
    Left { conversation: String, reason: Option<String> },
    /// A room is not what it was.
    Room { room: Room, conversation: String, by: String },
    /// One may enter a room.
    Invited { room: Room, by: String },
    /// One may not any more.
    Uninvited { room: String, reason: String },
    /// Somebody is called otherwise, or is no more.
    Profile { user: String, username: Option<String>, deleted: bool },
    /// A frame could not be served.
    Error(Refusal),
    /// API Gateway's own words: some frame failed, and may succeed if it is sent again.
    #[serde(skip)]
    Failure,
    /// What only shows that the connection lives.
    #[serde(other)]
    Other,
}

/// What became of a send.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Ack {
    pub(crate) id: String,
    pub(crate) conversation: String,
    pub(crate) seq: u64,
    pub(crate) timestamp: String,
    pub(crate) delivered: bool,
}

/// How far a conversation has been sent after a `sync`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Synced {
    pub(crate) upto: u64,
    pub(crate) complete: bool,
    pub(crate) more: bool,
    pub(crate) error: Option<String>,
}

/// Why a frame was refused.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Refusal {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) id: Option<String>,
    pub(crate) retry_after_ms: Option<u64>,
}

fn yes() -> bool {
    true
}

/// Whether somebody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Presence {
    Online,
    Offline,
}

/// A room, over WebSocket and HTTP alike.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Room {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) topic: Option<String>,
    pub(crate) members: u64,
}

/// What was said, or a notice of what happened, over WebSocket and HTTP alike.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) conversation: String,
    pub(crate) seq: u64,
    pub(crate) kind: String,
    pub(crate) from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) about: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) room: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) content: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<String>,
    pub(crate) timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<Status>,
}

/// How far a message got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Sent,
    Delivered,
    Read,
}

impl Frame {
    /// Understands a frame; nothing if it is none that a server of this protocol sends.
    pub(crate) fn read(value: &Value) -> Option<Self> {
        if value.get("type").is_none() && value.get("requestId").is_some() {
            return Some(Self::Failure);
        }
        Self::deserialize(value).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_failure_of_the_cloud_has_no_type() {
        let frame =
            json!({ "message": "Internal server error", "connectionId": "c", "requestId": "r" });
        assert!(matches!(Frame::read(&frame), Some(Frame::Failure)));
    }

    #[test]
    fn what_a_later_server_may_send_is_passed_over() {
        assert!(matches!(Frame::read(&json!({ "type": "dance" })), Some(Frame::Other)));
        assert!(Frame::read(&json!({ "type": "ack" })).is_none());
        assert!(Frame::read(&json!([1])).is_none());
    }
}
