//! Frames that clients send: one JSON object each, told apart by `action`.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Error;
use crate::domain::Seq;

/// The longest `id` that an error frame repeats, in bytes.
const LONGEST_ECHO: usize = 512;

/// A frame as it was understood.
#[derive(Debug)]
pub enum ClientFrame {
    /// `message`: say something to somebody or in a room.
    Message(SendRequest),
    /// `broadcast`: say something to everybody.
    Broadcast(BroadcastRequest),
    /// `history`: read a page of a conversation.
    History(HistoryRequest),
    /// `sync`: get everything after one's cursors.
    Sync(SyncRequest),
    /// `read`: say how far one has read.
    Read(ReadRequest),
    /// `typing`: show that one is typing.
    Typing(TypingRequest),
    /// `join`: enter a room.
    Join(RoomRequest),
    /// `leave`: leave a room.
    Leave(RoomRequest),
    /// `ping`: keep the connection from idling out.
    Ping,
    /// `renew`: go on with a fresh token.
    Renew(RenewRequest),
}

/// The fields of a `message` frame.
#[derive(Debug, Deserialize)]
pub struct SendRequest {
    /// The user it is for, unless it is for a room.
    pub to: Option<String>,
    /// The room it is for, by id or name.
    pub room: Option<String>,
    /// What is said.
    pub content: String,
    /// The sender's name for it.
    pub id: Option<String>,
}

/// The fields of a `broadcast` frame.
#[derive(Debug, Deserialize)]
pub struct BroadcastRequest {
    /// What is said.
    pub content: String,
    /// The sender's name for it.
    pub id: Option<String>,
}

/// The fields of a `history` frame.
#[derive(Debug, Deserialize)]
pub struct HistoryRequest {
    /// The other person of a direct conversation.
    pub with: Option<String>,
    /// A room by its id or name.
    pub room: Option<String>,
    /// A conversation by its id.
    pub conversation: Option<String>,
    /// Only messages before this seq.
    pub before: Option<Seq>,
    /// Only messages after this seq.
    pub after: Option<Seq>,
    /// How many messages at most.
    pub limit: Option<u64>,
}

/// The fields of a `sync` frame.
#[derive(Debug, Deserialize)]
pub struct SyncRequest {
    /// The last message without a gap before it, for each conversation.
    pub since: BTreeMap<String, Seq>,
}

/// The fields of a `read` frame.
#[derive(Debug, Deserialize)]
pub struct ReadRequest {
    /// Which conversation.
    pub conversation: String,
    /// The last message that was read.
    pub seq: Seq,
}

/// The fields of a `typing` frame.
#[derive(Debug, Deserialize)]
pub struct TypingRequest {
    /// The user who is to see it, unless a room is.
    pub to: Option<String>,
    /// The room that is to see it, by id or name.
    pub room: Option<String>,
    /// Whether one is typing, or has stopped.
    #[serde(default = "yes")]
    pub typing: bool,
}

fn yes() -> bool {
    true
}

/// The fields of `join` and `leave` frames.
#[derive(Debug, Deserialize)]
pub struct RoomRequest {
    /// The room by its id or name.
    pub room: String,
}

/// The fields of a `renew` frame.
#[derive(Debug, Deserialize)]
pub struct RenewRequest {
    /// A token that is good for longer than the last.
    pub token: SecretString,
}

/// Why a frame was not understood, and its `id` if it had one.
#[derive(Debug)]
pub struct FrameError {
    /// What is wrong with it.
    pub error: Error,
    /// Its `id`, so that the sender knows which frame failed.
    pub id: Option<String>,
}

impl ClientFrame {
    /// Reads a frame; its `id`, if it is text, comes back beside the outcome for the reply.
    pub fn parse(text: &str) -> Result<(Self, Option<String>), FrameError> {
        let value: Value = serde_json::from_str(text).map_err(|error| FrameError {
            error: Error::Invalid(format!("the frame is not JSON: {error}")),
            id: None,
        })?;
        let id = value.get("id").and_then(Value::as_str).filter(|id| id.len() <= LONGEST_ECHO);
        let id = id.map(str::to_owned);
        match Self::from_value(value) {
            Ok(frame) => Ok((frame, id)),
            Err(error) => Err(FrameError { error, id }),
        }
    }

    fn from_value(value: Value) -> Result<Self, Error> {
        let Value::Object(fields) = &value else {
            return Err(Error::Invalid("a frame is a JSON object".into()));
        };
        let action = match fields.get("action") {
            Some(Value::String(action)) => action.clone(),
            Some(_) => return Err(Error::Invalid("`action` is not text".into())),
            None => return Err(Error::Invalid("the frame has no `action`".into())),
        };
        match action.as_str() {
            "message" => Ok(Self::Message(fields_of(value)?)),
            "broadcast" => Ok(Self::Broadcast(fields_of(value)?)),
            "history" => Ok(Self::History(fields_of(value)?)),
            "sync" => Ok(Self::Sync(fields_of(value)?)),
            "read" => Ok(Self::Read(fields_of(value)?)),
            "typing" => Ok(Self::Typing(fields_of(value)?)),
            "join" => Ok(Self::Join(fields_of(value)?)),
            "leave" => Ok(Self::Leave(fields_of(value)?)),
            "ping" => Ok(Self::Ping),
            "renew" => Ok(Self::Renew(fields_of(value)?)),
            _ => Err(Error::UnknownAction(action.chars().take(64).collect())),
        }
    }
}

fn fields_of<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_path_to_error::deserialize(value).map_err(Error::unreadable)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn refused(text: &str, reason: &str) {
        let refused = ClientFrame::parse(text).expect_err(text);
        assert_eq!(refused.error.to_string(), reason, "{text}");
    }

    #[test]
    fn a_frame_that_is_not_understood_says_why() {
        refused("[]", "a frame is a JSON object");
        refused("\"ping\"", "a frame is a JSON object");
        refused("{}", "the frame has no `action`");
        refused(r#"{"action":5}"#, "`action` is not text");
        refused(r#"{"action":"dance"}"#, "there is no action \"dance\"");
        refused(r#"{"action":"join"}"#, "missing field `room`");
        refused(r#"{"action":"message","to":"b"}"#, "missing field `content`");
        refused(
            r#"{"action":"message","to":"b","content":5}"#,
            "`content`: invalid type: integer `5`, expected a string",
        );
        refused(
            r#"{"action":"history","with":"b","limit":-1}"#,
            "`limit`: invalid value: integer `-1`, expected u64",
        );
        assert!(ClientFrame::parse("{").unwrap_err().error.to_string().contains("not JSON"));
        assert!(ClientFrame::parse(r#"{"action":"message","to":"b","content":"\ud800"}"#).is_err());
    }

    #[test]
    fn a_refusal_is_short_however_long_the_frame() {
        let long = "\u{7f}".repeat(100_000);
        for frame in [
            json!({ "action": "read", "conversation": "lobby", "seq": long }),
            json!({ "action": "sync", "since": { long.as_str(): "1" } }),
            json!({ "action": "sync", "since": { format!("dm:token{long}"): "1" } }),
        ] {
            let refused = ClientFrame::parse(&frame.to_string()).unwrap_err();
            let told = refused.error.to_string();
            assert!(told.len() < 2048 && !told.contains("is text"), "{told}");
        }
    }

    #[test]
    fn unknown_fields_are_ignored() {
        assert!(ClientFrame::parse(r#"{"action":"ping","mood":"good"}"#).is_ok());
    }

    #[test]
    fn the_id_of_a_bad_frame_is_known() {
        let refused = ClientFrame::parse(r#"{"action":"message","id":"7"}"#).unwrap_err();
        assert_eq!(refused.id.as_deref(), Some("7"));
    }
}
