//! Whatever comes in gets a clear answer, and the connection lives on where the platform keeps it.

use serde_json::{Value, json};

use crate::support::{Chat, Person};

/// Every line is answered by an error with this code, and the connection still works.
async fn refused(lines: &[&str], code: &str) {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    for line in lines {
        alice.types(*line).await;
        let error = alice.is_told(code).await;
        let message = error["message"].as_str().unwrap();
        assert!(message.len() > 5, "{line:?} is answered by {message:?}");
        alice.hears_nothing(&chat).await;
    }
}

#[tokio::test]
async fn what_is_no_frame_is_refused() {
    let lines = ["hello", "", " ", "[]", "[{\"action\":\"ping\"}]", "null", "5", "\"ping\"", "{"];
    refused(&lines, "bad_request").await;
}

#[tokio::test]
async fn a_frame_without_a_proper_action_is_refused() {
    let lines = ["{}", r#"{"action":null}"#, r#"{"action":5}"#, r#"{"Action":"ping"}"#];
    refused(&lines, "bad_request").await;
    refused(&[r#"{"action":"dance"}"#, r#"{"action":""}"#], "unknown_action").await;
}

#[tokio::test]
async fn routes_of_api_gateway_cannot_be_reached_by_name() {
    let lines = [r#"{"action":"$connect"}"#, r#"{"action":"$disconnect"}"#];
    refused(&lines, "unknown_action").await;
}

#[tokio::test]
async fn a_message_needs_a_recipient() {
    let lines = [
        r#"{"action":"message","content":"x"}"#,
        r#"{"action":"message","to":"","content":"x"}"#,
        r#"{"action":"message","to":null,"content":"x"}"#,
        r#"{"action":"message","to":5,"content":"x"}"#,
        r#"{"action":"message","to":["b"],"content":"x"}"#,
        r#"{"action":"message","to":"a\u0000b","content":"x"}"#,
        r#"{"action":"message","to":"a\ud800b","content":"x"}"#,
    ];
    refused(&lines, "bad_request").await;
    let long = json!({ "action": "message", "to": "x".repeat(65), "content": "x" }).to_string();
    refused(&[&long], "bad_request").await;
}

#[tokio::test]
async fn a_message_needs_content() {
    let lines = [
        r#"{"action":"message","to":"b"}"#,
        r#"{"action":"message","to":"b","content":""}"#,
        r#"{"action":"message","to":"b","content":null}"#,
        r#"{"action":"message","to":"b","content":7}"#,
        r#"{"action":"message","to":"b","content":{"text":"x"}}"#,
    ];
    refused(&lines, "bad_request").await;
}

#[tokio::test]
async fn content_has_a_limit_in_bytes() {
    let frame = |content: String| json!({"action": "message", "to": "b", "content": content});
    refused(&[&frame("x".repeat(4097)).to_string()], "too_large").await;
    refused(&[&frame("ü".repeat(2049)).to_string()], "too_large").await;

    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    alice.says("b", &"x".repeat(4096)).await;
    alice.says("b", &"ü".repeat(2048)).await;
}

#[tokio::test]
async fn an_id_is_short_text() {
    let frame =
        |id: Value| json!({"action": "message", "to": "b", "content": "x", "id": id}).to_string();
    let lines =
        [frame(json!(5)), frame(json!("")), frame(json!("x".repeat(129))), frame(json!("a\nb"))];
    refused(&lines.each_ref().map(String::as_str), "bad_request").await;

    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    for id in ["💬", "a b", "#:/%", "MSG#1", &"é".repeat(128)] {
        assert_eq!(alice.says_as("b", "x", id).await["id"], id);
    }
}

#[tokio::test]
async fn an_error_names_the_frame_that_caused_it() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    alice.types(r#"{"action":"message","id":"seven"}"#).await;
    assert_eq!(alice.is_told("bad_request").await["id"], "seven");
    alice.types(r#"{"action":"dance","id":7}"#).await;
    assert_eq!(alice.is_told("unknown_action").await.get("id"), None);
}

#[tokio::test]
async fn history_says_what_is_wrong_with_a_request() {
    let lines = [
        r#"{"action":"history"}"#,
        r#"{"action":"history","with":"b","conversation":"dm:alice:b"}"#,
        r#"{"action":"history","with":""}"#,
        r#"{"action":"history","with":"b","limit":0}"#,
        r#"{"action":"history","with":"b","limit":101}"#,
        r#"{"action":"history","with":"b","limit":"ten"}"#,
        r#"{"action":"history","with":"b","before":-1}"#,
        r#"{"action":"history","with":"b","after":1.5}"#,
        r#"{"action":"history","with":"b","after":18446744073709551616}"#,
    ];
    refused(&lines, "bad_request").await;
    let unknown = [
        r#"{"action":"history","conversation":"nonsense"}"#,
        r#"{"action":"history","conversation":"dm:b:alice"}"#,
    ];
    refused(&unknown, "not_found").await;
}

#[tokio::test]
async fn cursors_at_the_ends_of_the_world_find_nothing_or_everything() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    alice.says("b", "x").await;
    for (cursor, value, count) in
        [("before", 0, 0), ("before", u64::MAX, 1), ("after", 0, 1), ("after", u64::MAX, 0)]
    {
        let mut frame = json!({ "action": "history", "with": "b" });
        frame[cursor] = value.into();
        alice.sends(&frame).await;
        let page = alice.sees_a("history").await;
        assert_eq!(page["messages"].as_array().unwrap().len(), count, "{cursor}={value}");
    }
}

#[tokio::test]
async fn http_says_what_is_wrong_with_a_request() {
    let chat = Chat::start().await;
    let long = "x".repeat(65);
    let ab = ("user1", "a");
    let cursor = chat.get("/api/conversations", &[("user_id", "a"), ("after", "0")]).await;
    assert_eq!(cursor.status, 400);
    let array = serde_json::json!(["hall", null, null, "a", null]);
    assert_eq!(chat.post("/api/rooms", array).await.status, 400);
    for (path, query) in [
        ("/messages", vec![]),
        ("/messages", vec![ab]),
        ("/messages", vec![ab, ("user2", "")]),
        ("/messages", vec![ab, ("user2", long.as_str())]),
        ("/messages", vec![ab, ("user2", "b\n")]),
        ("/messages", vec![ab, ("user2", "b"), ("limit", "0")]),
        ("/messages", vec![ab, ("user2", "b"), ("limit", "many")]),
        ("/messages", vec![ab, ("user2", "b"), ("before", "-1")]),
        ("/messages", vec![ab, ("user2", "b"), ("user2", "c")]),
        ("/api/messages", vec![]),
        ("/api/messages", vec![("user_id", "a")]),
        ("/api/messages", vec![("with", "a")]),
        ("/api/messages", vec![("user_id", &long), ("with", "b")]),
    ] {
        let answer = chat.get(path, &query).await;
        assert_eq!(answer.status, 400, "{path} {query:?}");
        let error = &answer.body["error"];
        assert_eq!(error["code"], "bad_request", "{path} {query:?}");
        assert!(error["message"].as_str().is_some_and(|it| it.len() > 5), "{path} {query:?}");
    }
}

#[tokio::test]
async fn a_frame_that_is_too_large_closes_the_connection_and_harms_no_other() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;
    alice.types("x".repeat(32 * 1024 + 1)).await;
    assert_eq!(alice.sees_the_end().await.0, 1009);
    bob.hears_nothing(&chat).await;
}

#[tokio::test]
async fn a_hasty_client_that_leaves_at_once_leaves_nothing_behind() {
    let chat = Chat::start().await;
    for _ in 0..5 {
        Person::connects(&chat.websocket_url(), "bob").await.anyhow().leaves().await;
    }
    let mut alice = chat.joined_by("alice").await;
    assert_eq!(alice.says("bob", "there?").await["delivered"], false);
    let mut bob = chat.joined_by("bob").await;
    bob.hears("alice", "there?").await;
}
