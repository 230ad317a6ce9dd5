//! Saying something without a socket.

use serde_json::json;

use crate::support::Chat;

#[tokio::test]
async fn the_answer_is_the_ack() {
    let chat = Chat::start().await;
    let mut bob = chat.joined_by("bob").await;
    let body = json!({ "receiver_id": "bob", "content": "Hello", "sender_id": "alice", "id": "1" });
    let sent = chat.post("/api/send_message", body.clone()).await;
    assert_eq!(sent.status, 200);
    assert_eq!((&sent.body["type"], &sent.body["status"]), (&"ack".into(), &"ok".into()));
    assert_eq!((&sent.body["delivered"], &sent.body["duplicate"]), (&true.into(), &false.into()));
    bob.hears("alice", "Hello").await;

    let again = chat.post("/api/send_message", body).await;
    assert_eq!((&again.body["seq"], &again.body["duplicate"]), (&sent.body["seq"], &true.into()));
    let other = json!({ "receiver_id": "bob", "content": "Bye", "sender_id": "alice", "id": "1" });
    assert_eq!(chat.post("/api/send_message", other).await.status, 409);
}

#[tokio::test]
async fn whoever_does_not_say_is_anonymous() {
    let chat = Chat::start().await;
    let body = json!({ "receiver_id": "2", "content": "Hello" });
    assert_eq!(chat.post("/api/send_message", body).await.body["conversation"], "dm:2:anonymous");
    assert_eq!(chat.messages("anonymous", "2").await.len(), 1);
}

#[tokio::test]
async fn rooms_can_be_spoken_to() {
    let chat = Chat::start().await;
    chat.room_of("alice", "general").await;
    let mut alice = chat.joined_by("alice").await;
    alice.sees_a("message").await;
    let body = json!({ "room": "general", "content": "deployed", "user_id": "alice" });
    assert_eq!(chat.post("/api/send_message", body).await.status, 200);
    alice.hears("alice", "deployed").await;
    let messages = chat.get("/api/rooms/general/messages", &[("user_id", "alice")]).await;
    assert_eq!(messages.body.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let chat = Chat::start().await;
    for body in [
        json!({}),
        json!([]),
        json!("x"),
        json!({ "content": "x" }),
        json!({ "receiver_id": "b" }),
        json!({ "receiver_id": "b", "content": "" }),
        json!({ "receiver_id": "", "content": "x" }),
        json!({ "receiver_id": 2, "content": "x" }),
        json!({ "receiver_id": "b", "room": "r", "content": "x" }),
        json!({ "receiver_id": "b", "content": "x", "id": "" }),
        json!({ "receiver_id": "b", "content": "x", "sender_id": "x".repeat(65) }),
    ] {
        let answer = chat.post("/api/send_message", body.clone()).await;
        assert_eq!(
            (answer.status, &answer.body["error"]["code"]),
            (400, &"bad_request".into()),
            "{body}"
        );
    }
    let long = json!({ "receiver_id": "b", "content": "x".repeat(4097) });
    assert_eq!(chat.post("/api/send_message", long).await.status, 413);
}

#[tokio::test]
async fn a_hasty_sender_is_told_when_to_come_back() {
    let chat =
        Chat::start_in_standing_time(|options| options.settings.set("RATE_LIMIT", "3")).await;
    let mut alice = chat.joined_by("alice").await;
    for content in ["one", "two", "three"] {
        alice.says("bob", content).await;
    }
    alice.sends(&json!({ "action": "message", "to": "bob", "content": "four", "id": "4" })).await;
    let refused = alice.is_told("rate_limited").await;
    assert!(refused["retry_after_ms"].as_u64().is_some_and(|wait| (1..=1000).contains(&wait)));
    assert_eq!(refused["id"], "4");
    let body = json!({ "receiver_id": "bob", "content": "four", "sender_id": "alice" });
    let answer = chat.post("/api/send_message", body).await;
    assert_eq!((answer.status, &answer.body["error"]["code"]), (429, &"rate_limited".into()));

    // Elsewhere she is as hasty; others, and what is said later, are no part of it.
    alice.sends(&json!({ "action": "message", "to": "carol", "content": "one" })).await;
    alice.is_told("rate_limited").await;
    let mut bob = chat.joined_by("bob").await;
    for content in ["one", "two", "three"] {
        bob.hears("alice", content).await;
    }
    bob.says("alice", "one").await;
    chat.time.advance(std::time::Duration::from_secs(1));
    alice.sends(&json!({ "action": "message", "to": "bob", "content": "four" })).await;
    alice.sees_in_time("ack").await;
}
