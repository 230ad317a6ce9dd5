//! What comes over a client's WebSocket: a frame of the server's, or API Gateway's own words.

use serde::Deserialize;
use serde_json::Value;

use crate::ServerFrame;

/// What a client hears over its WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A frame of the server.
    Frame {
        /// The frame.
        frame: Box<ServerFrame>,
        /// The `id` of the request that it answers, if it answers one that had an id.
        answers: Option<String>,
    },
    /// API Gateway's own words: some frame failed, and may succeed if it is sent again
    /// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-websocket-api-route-keys-connect-disconnect.html>).
    Failure,
}

impl Received {
    /// Understands a frame; nothing if it is none that a server of this protocol sends.
    pub fn read(text: &str) -> Option<Self> {
        Self::from_value(serde_json::from_str(text).ok()?)
    }

    /// The same for a frame that is JSON already.
    pub fn from_value(value: Value) -> Option<Self> {
        if value.get("type").is_none() && value.get("requestId").is_some() {
            return Some(Self::Failure);
        }
        let answers = value.get("id").and_then(Value::as_str).map(str::to_owned);
        let frame = ServerFrame::deserialize(value).ok()?;
        let answers = answers.filter(|_| !matches!(frame, ServerFrame::Message(_)));
        Some(Self::Frame { frame: frame.into(), answers })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Left, MessageView};

    #[test]
    fn a_failure_of_the_cloud_has_no_type() {
        let frame =
            json!({ "message": "Internal server error", "connectionId": "c", "requestId": "r" });
        assert_eq!(Received::from_value(frame), Some(Received::Failure));
    }

    #[test]
    fn what_a_later_server_may_send_is_passed_over() {
        let unknown = Received::from_value(json!({ "type": "dance" }));
        let expected = Received::Frame { frame: ServerFrame::Unknown.into(), answers: None };
        assert_eq!(unknown, Some(expected));
        assert_eq!(Received::from_value(json!({ "type": "ack" })), None);
        assert_eq!(Received::read("[1]"), None);
    }

    #[test]
    fn an_answer_has_the_id_of_its_request_and_comes_back() {
        let frame = ServerFrame::Left(Left {
            room: "r".into(),
            conversation: "room:r".into(),
            reason: None,
        });
        let answer = frame.answer(Some("7")).into_string();
        assert_eq!(answer, r#"{"type":"left","room":"r","conversation":"room:r","id":"7"}"#);
        let expected = Received::Frame { frame: frame.into(), answers: Some("7".into()) };
        assert_eq!(Received::read(&answer), Some(expected));
    }

    #[test]
    fn a_kind_of_message_that_is_not_known_has_its_number() {
        let frame = json!({
            "type": "message", "kind": "dance", "id": "1", "conversation": "lobby", "seq": 7,
            "from": "a", "timestamp": "2026-01-01T00:00:00.000Z", "steps": 3,
        });
        let message = MessageView::deserialize(frame).unwrap();
        assert_eq!((message.seq, message.body), (7, crate::Body::Unknown));
    }
}
