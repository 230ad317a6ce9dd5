//! Frames that clients receive: one JSON object each, told apart by `type`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    ErrorCode, Limits, MessageView, Reason, Refusal, RoomView, Seq, SettingsChanged, Timestamp,
    unknown,
};

/// Any frame that the server sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ServerFrame {
    /// The connection stands.
    Welcome(Welcome),
    /// More conversations wait than the server has listed: look which, and sync.
    MoreWaiting,
    /// The message is kept.
    Ack(Ack),
    /// Somebody said something, or something happened in a room.
    Message(MessageView),
    /// The same of several messages of a conversation at once.
    Messages(Messages),
    /// A page of a conversation.
    History(History),
    /// Everything after one's cursors has been sent.
    Synced {
        /// How far, for each conversation.
        conversations: BTreeMap<String, Synced>,
    },
    /// Messages were delivered to somebody, or read by them.
    Receipt(Receipt),
    /// Somebody is typing, or has stopped.
    Typing(Typing),
    /// Somebody came or went.
    Presence {
        /// Who.
        user: String,
        /// Which of both.
        status: Presence,
        /// When they last went.
        last_seen: Option<Timestamp>,
    },
    /// One is in the room now.
    Joined(Joined),
    /// One is not in the room any more.
    Left(Left),
    /// A room that one is in has changed.
    Room(RoomChange),
    /// One is asked to join a room.
    Invited(RoomChange),
    /// One is not asked any more.
    Uninvited(Uninvited),
    /// One has decided something else about a conversation, perhaps on another device.
    Settings(SettingsChanged),
    /// Somebody shows something else of themselves, or their account is no more.
    Profile(Profile),
    /// A frame could not be served.
    Error(Refusal),
    /// The connection goes on with a fresh token.
    Renewed {
        /// When the connection ends, by the token or by API Gateway.
        expires_at: Timestamp,
    },
    /// The answer to `ping`.
    Pong {
        /// The server's clock.
        server_time: Timestamp,
    },
    /// What only a later server sends.
    #[serde(other)]
    Unknown,
}

/// The fields of a `welcome` frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Who the server takes the client for.
    pub user: String,
    /// The connection's name.
    pub connection_id: String,
    /// The server's clock.
    pub server_time: Timestamp,
    /// When API Gateway will end the connection, or its token is over.
    pub expires_at: Timestamp,
    /// What the server accepts.
    pub limits: Limits,
    /// Whether more conversations wait than the server has listed: look which, and sync.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more_waiting: bool,
    /// Whether the user keeps order in the lobby: deletes and pins there what others said.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lobby_moderator: bool,
}

/// The fields of an `ack` frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// Always `ok`; a refusal is an `error` frame.
    pub status: String,
    /// The message's id, the server's choice if the sender gave none.
    pub id: String,
    /// Where it was said.
    pub conversation: String,
    /// Its place there.
    pub seq: Seq,
    /// The message that it is about, if it is an event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Seq>,
    /// When it was stored.
    pub timestamp: Timestamp,
    /// Whether a connection of a recipient took it; absent if it is on its way to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<bool>,
    /// Whether it was stored by an earlier send already.
    pub duplicate: bool,
}

/// The fields of a `messages` frame: what waited, or a `sync` asked for. Each stands for a `message` frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Messages {
    /// Which conversation.
    pub conversation: String,
    /// The messages, oldest first.
    pub messages: Vec<MessageView>,
    /// Whether more was said before them that is not sent: `history` before the first of them has it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

impl Messages {
    /// The most bytes of messages in one frame: every 32 KB that API Gateway carries are paid for as one
    /// message (<https://aws.amazon.com/api-gateway/pricing/>), and some are left for the rest of the frame.
    pub const MAX_BYTES: usize = 32 * 1024 - 512;
}

/// The fields of a `history` frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// Which conversation.
    pub conversation: String,
    /// The messages, oldest first.
    pub messages: Vec<MessageView>,
    /// Ask `before` this seq for the page before, if there is one.
    pub before: Option<Seq>,
    /// Ask `after` this seq for the page after, if there is one.
    pub after: Option<Seq>,
}

impl History {
    /// The most bytes of messages in one frame: API Gateway carries no more than 128 KB
    /// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>).
    pub const MAX_BYTES: usize = 100 * 1024;
}

/// How far a conversation has been sent after a `sync`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Synced {
    /// The last message sent, or the cursor if there was none.
    pub upto: Seq,
    /// Whether nothing between the cursor and here is missing.
    pub complete: bool,
    /// Whether there is more: sync again from `upto`.
    pub more: bool,
    /// Why the conversation could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorCode>,
    /// Why it may not be read, if it is forbidden.
    #[serde(default, deserialize_with = "unknown::skip", skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

impl Synced {
    /// Nothing has been sent after `cursor`, and nothing is missing.
    pub fn at(cursor: Seq) -> Self {
        Self { upto: cursor, complete: true, more: false, error: None, reason: None }
    }
}

/// The fields of a `receipt` frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Which conversation.
    pub conversation: String,
    /// By whom.
    pub user: String,
    /// Everything up to here was delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<Seq>,
    /// Everything up to here was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<Seq>,
}

/// The fields of a `typing` frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typing {
    /// Who.
    pub user: String,
    /// Where.
    pub conversation: String,
    /// Whether they are typing, or have stopped.
    pub typing: bool,
    /// How long to show it if nothing more is said of it.
    pub expires_in_ms: u64,
}

/// Whether somebody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// At least one connection stands.
    Online,
    /// The last connection has gone.
    Offline,
}

/// The fields of a `joined` frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The room.
    pub room: RoomView,
    /// Its conversation.
    pub conversation: String,
    /// What was said last, oldest first.
    pub messages: Vec<MessageView>,
    /// Ask `before` this seq for the page before, if there is one.
    pub before: Option<Seq>,
}

/// The fields of a `left` frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// The room's id.
    pub room: String,
    /// Its conversation.
    pub conversation: String,
    /// Why, if one did not want to.
    #[serde(default, deserialize_with = "unknown::skip", skip_serializing_if = "Option::is_none")]
    pub reason: Option<Removal>,
}

/// How somebody was put out of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Removal {
    /// They may come again.
    Kicked,
    /// They may not.
    Banned,
    /// The room is no more.
    Deleted,
}

/// The fields of `room` and `invited` frames.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomChange {
    /// The room as it is now.
    pub room: RoomView,
    /// Its conversation.
    pub conversation: String,
    /// Who changed it, or invites.
    pub by: String,
}

/// The fields of an `uninvited` frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uninvited {
    /// The room's id.
    pub room: String,
    /// Its conversation.
    pub conversation: String,
    /// Why.
    pub reason: Withdrawal,
}

/// How an invitation ended that was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Withdrawal {
    /// It was taken back.
    Withdrawn,
    /// It was turned down.
    Declined,
    /// The room is no more.
    Deleted,
}

/// The fields of a `profile` frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Profile {
    /// What somebody shows of themselves now.
    Shown {
        /// Who.
        user: String,
        /// What they are addressed by, if not by the id.
        // Never left out, which tells it from the other.
        #[serde(deserialize_with = "Option::deserialize")]
        username: Option<String>,
        /// What they like to be called.
        display_name: Option<String>,
        /// Whatever the application keeps with them.
        metadata: Option<Map<String, Value>>,
        /// Always false.
        deleted: bool,
    },
    /// The account is no more.
    Deleted {
        /// Whose.
        user: String,
        /// Always true.
        deleted: bool,
    },
}

impl ServerFrame {
    /// What frames may say in `type`; the last stands for what only a later server sends.
    pub const TYPES: &[&str] = <Self as strum::VariantNames>::VARIANTS;

    /// The frame as it is pushed.
    pub fn encode(&self) -> EncodedFrame {
        EncodedFrame::of(self)
    }

    /// The frame as it answers a request that has this `id`, if it has one.
    pub fn answer(&self, id: Option<&str>) -> EncodedFrame {
        EncodedFrame::of(&Answer { frame: self, id })
    }
}

/// A frame with the `id` of the request that it answers.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    frame: &'a ServerFrame,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
}

/// A frame ready to be pushed; it holds message text, so it does not print itself.
#[derive(Clone)]
pub struct EncodedFrame(String);

impl EncodedFrame {
    fn of(frame: &impl Serialize) -> Self {
        Self(serde_json::to_string(frame).expect("frames have text keys and serialise"))
    }

    /// The JSON text as bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The JSON text.
    pub fn into_string(self) -> String {
        self.0
    }
}
