//! Reading the frames of clients, so that whoever sends a bad one learns what is wrong with it.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::ClientFrame;
use crate::Error;

/// The longest `id` that an answer repeats, in bytes: that of a message may have 128 characters.
const LONGEST_ECHO: usize = 512;

/// Why a frame was not understood, and its `id` if it had one.
#[derive(Debug)]
pub struct FrameError {
    /// What is wrong with it.
    pub error: Error,
    /// Its `id`, so that the sender knows which frame failed.
    pub id: Option<String>,
}

/// Reads a frame; its `id`, if it has one, comes back beside the outcome for the answer.
pub fn read_frame(text: &str) -> Result<(ClientFrame, Option<String>), FrameError> {
    let value: Value = serde_json::from_str(text).map_err(|error| FrameError {
        error: Error::Invalid(format!("the frame is not JSON: {error}")),
        id: None,
    })?;
    let id = value.get("id").and_then(Value::as_str).filter(|id| id.len() <= LONGEST_ECHO);
    let id = id.map(str::to_owned);
    match read(value, id.is_some()) {
        Ok(frame) => Ok((frame, id)),
        Err(error) => Err(FrameError { error, id }),
    }
}

fn read(value: Value, has_id: bool) -> Result<ClientFrame, Error> {
    let Value::Object(fields) = &value else {
        return Err(Error::Invalid("a frame is a JSON object".into()));
    };
    let action = match fields.get("action") {
        Some(Value::String(action)) => action.clone(),
        Some(_) => return Err(Error::Invalid("`action` is not text".into())),
        None => return Err(Error::Invalid("the frame has no `action`".into())),
    };
    if !ClientFrame::ACTIONS.contains(&action.as_str()) {
        return Err(Error::UnknownAction(action.chars().take(64).collect()));
    }
    if !has_id && fields.get("id").is_some_and(|id| !id.is_null()) {
        return Err(Error::Invalid(format!("`id` is text of at most {LONGEST_ECHO} bytes")));
    }
    // One by one, because only so it is known where in the frame a mistake is.
    match action.as_str() {
        "message" => fields_of(value).map(ClientFrame::Message),
        "broadcast" => fields_of(value).map(ClientFrame::Broadcast),
        "edit" => fields_of(value).map(ClientFrame::Edit),
        "delete" => fields_of(value).map(ClientFrame::Delete),
        "react" => fields_of(value).map(ClientFrame::React),
        "pin" => fields_of(value).map(ClientFrame::Pin),
        "history" => fields_of(value).map(ClientFrame::History),
        "sync" => fields_of(value).map(ClientFrame::Sync),
        "read" => fields_of(value).map(ClientFrame::Read),
        "typing" => fields_of(value).map(ClientFrame::Typing),
        "join" => fields_of(value).map(ClientFrame::Join),
        "leave" => fields_of(value).map(ClientFrame::Leave),
        "ping" => Ok(ClientFrame::Ping),
        "renew" => fields_of(value).map(ClientFrame::Renew),
        _ => Err(Error::Corrupt("an action that is known")),
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
        let refused = read_frame(text).expect_err(text);
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
        assert!(read_frame("{").unwrap_err().error.to_string().contains("not JSON"));
        assert!(read_frame(r#"{"action":"message","to":"b","content":"\ud800"}"#).is_err());
    }

    #[test]
    fn a_refusal_is_short_however_long_the_frame() {
        let long = "\u{7f}".repeat(100_000);
        for frame in [
            json!({ "action": "read", "conversation": "lobby", "seq": long }),
            json!({ "action": "sync", "since": { long.as_str(): "1" } }),
            json!({ "action": "sync", "since": { format!("dm:token{long}"): "1" } }),
        ] {
            let refused = read_frame(&frame.to_string()).unwrap_err();
            let told = refused.error.to_string();
            assert!(told.len() < 2048 && !told.contains("is text"), "{told}");
        }
    }

    #[test]
    fn every_action_is_read() {
        for action in ClientFrame::ACTIONS {
            let read = read_frame(&json!({ "action": action }).to_string());
            let is_known = read.map_or_else(|it| !matches!(it.error, Error::Corrupt(_)), |_| true);
            assert!(is_known, "{action}");
        }
    }

    #[test]
    fn unknown_fields_are_ignored() {
        assert!(read_frame(r#"{"action":"ping","mood":"good"}"#).is_ok());
    }

    #[test]
    fn the_id_of_a_bad_frame_is_known() {
        let refused = read_frame(r#"{"action":"message","id":"7"}"#).unwrap_err();
        assert_eq!(refused.id.as_deref(), Some("7"));
    }
}
