//! Frames that clients send: one JSON object each, told apart by `action`.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::Seq;

/// A frame of a client, without the `id` that its answer repeats.
#[derive(Clone, Debug, Serialize, Deserialize, strum::VariantNames)]
#[serde(tag = "action", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ClientFrame {
    /// Say something to somebody or in a room.
    Message(SendRequest),
    /// Say something to everybody.
    Broadcast(BroadcastRequest),
    /// Say something else than before.
    Edit(EditRequest),
    /// Take something back that was said.
    Delete(DeleteRequest),
    /// React to something, or do not any more.
    React(ReactRequest),
    /// Pin something, or do not let it be pinned any more.
    Pin(PinRequest),
    /// Read a page of a conversation.
    History(HistoryRequest),
    /// Get everything after one's cursors.
    Sync(SyncRequest),
    /// Say how far one has read.
    Read(ReadRequest),
    /// Show that one is typing.
    Typing(TypingRequest),
    /// Enter a room.
    Join(RoomRequest),
    /// Leave a room.
    Leave(RoomRequest),
    /// Keep the connection from idling out.
    Ping,
    /// Go on with a fresh token.
    Renew(RenewRequest),
}

impl ClientFrame {
    /// What frames may say in `action`.
    pub const ACTIONS: &[&str] = <Self as strum::VariantNames>::VARIANTS;

    /// The frame as it is sent, with the `id` that its answer is to repeat: that of the message in
    /// `message` and `broadcast`.
    pub fn encode(&self, id: Option<&str>) -> String {
        serde_json::to_string(&Identified { frame: self, id })
            .expect("frames have text keys and serialise")
    }
}

#[derive(Serialize)]
struct Identified<'a> {
    #[serde(flatten)]
    frame: &'a ClientFrame,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
}

/// The fields of a `message` frame.
#[derive(Clone, Serialize, Deserialize)]
pub struct SendRequest {
    /// The user it is for, unless it is for a room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The room it is for, by id or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// What is said.
    pub content: String,
    /// The message that it answers, of the same conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    /// Whom it calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
    /// Whether it calls everybody.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mentions_everyone: bool,
    /// What the sender's program keeps with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Map<String, Value>>,
}

/// The fields of a `broadcast` frame.
#[derive(Clone, Serialize, Deserialize)]
pub struct BroadcastRequest {
    /// What is said.
    pub content: String,
    /// The message that it answers, of the same conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    /// Whom it calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
    /// Whether it calls everybody.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mentions_everyone: bool,
    /// What the sender's program keeps with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Map<String, Value>>,
}

/// A field that may be left out, or null.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    field: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(field).map(Some)
}

/// The fields of an `edit` frame: what is left out stays as it is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditRequest {
    /// Which conversation.
    pub conversation: String,
    /// Which message.
    pub seq: Seq,
    /// What is said instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Whom it calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mentions: Option<Vec<String>>,
    /// Whether it calls everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mentions_everyone: Option<bool>,
    /// What the sender's program keeps with it; null for nothing.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub data: Option<Option<Map<String, Value>>>,
}

/// The fields of a `delete` frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteRequest {
    /// Which conversation.
    pub conversation: String,
    /// Which message.
    pub seq: Seq,
}

/// The fields of a `react` frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactRequest {
    /// Which conversation.
    pub conversation: String,
    /// Which message.
    pub seq: Seq,
    /// With what: an emoji, or a short name.
    pub key: String,
    /// Whether one does, or does not any more.
    #[serde(default = "yes")]
    pub on: bool,
}

/// The fields of a `pin` frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinRequest {
    /// Which conversation.
    pub conversation: String,
    /// Which message.
    pub seq: Seq,
    /// Whether it is to be pinned, or not any more.
    #[serde(default = "yes")]
    pub on: bool,
}

/// The fields of a `history` frame.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct HistoryRequest {
    /// The other person of a direct conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
    /// A room by its id or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// A conversation by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// Only messages before this seq.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Seq>,
    /// Only messages after this seq.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Seq>,
    /// How many messages at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// The fields of a `sync` frame.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SyncRequest {
    /// The last message without a gap before it, for each conversation.
    pub since: BTreeMap<String, Seq>,
}

/// The fields of a `read` frame.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReadRequest {
    /// Which conversation.
    pub conversation: String,
    /// The last message that was read.
    pub seq: Seq,
}

/// The fields of a `typing` frame.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TypingRequest {
    /// The user who is to see it, unless a room is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The room that is to see it, by id or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// Whether one is typing, or has stopped.
    #[serde(default = "yes")]
    pub typing: bool,
}

fn yes() -> bool {
    true
}

/// The fields of `join` and `leave` frames.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RoomRequest {
    /// The room by its id or name.
    pub room: String,
}

/// The fields of a `renew` frame.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RenewRequest {
    /// A token that is good for longer than the last.
    #[serde(serialize_with = "expose")]
    pub token: SecretString,
}

fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

/// Message text never reaches a log, so only its length shows.
impl std::fmt::Debug for SendRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { to, room, content, .. } = self;
        write!(f, "SendRequest({to:?}, {room:?}, {} bytes)", content.len())
    }
}

/// Message text never reaches a log, so only its length shows.
impl std::fmt::Debug for EditRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { conversation, seq, content, .. } = self;
        let bytes = content.as_ref().map(String::len);
        write!(f, "EditRequest({conversation:?}, {seq}, {bytes:?} bytes)")
    }
}

/// Message text never reaches a log, so only its length shows.
impl std::fmt::Debug for BroadcastRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BroadcastRequest({} bytes)", self.content.len())
    }
}
