//! Whoever has signed out speaks and hears nothing, also while API Gateway does not close sockets.

use std::time::Duration;

use local::faults::{Fault, Plan, Scenario};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::member::{Member, PASSWORD};
use crate::support::{Chat, Person};

/// A server with accounts on which things may go wrong, and for now do not.
async fn start() -> Chat {
    let scenario = Scenario::parse(r#"{"latency_ms": 0, "chances": {}}"#).unwrap();
    Chat::start_with(|options| {
        options.auth = local::options::Auth::Accounts;
        options.faults = Some(scenario);
    })
    .await
}

/// Whether `@connections` does what it is asked to.
fn let_pass(chat: &Chat, passes: bool) {
    let mut plan = Plan::none(Duration::ZERO);
    plan.set(Fault::PushFailed, if passes { 0 } else { 10_000 });
    chat.faults().change(plan);
}

/// alice, who has signed out and whose socket stands all the same.
async fn signed_out(chat: &Chat, alice: &Member) -> Person {
    let socket = chat.joined_by_member(alice).await;
    let_pass(chat, false);
    let everywhere = Some(json!({ "everywhere": true }));
    let out = chat.asks_as(&alice.access, Method::POST, "/api/logout", everywhere).await;
    assert_eq!(out.status, 204, "{:?}", out.body);
    socket
}

#[tokio::test]
async fn whoever_has_signed_out_does_nothing_over_a_socket_that_would_not_close() {
    let chat = start().await;
    let (alice, bob) = (chat.registers("alice").await, chat.registers("bob").await);
    let room = json!({ "name": "general" });
    chat.asks_as(&bob.access, Method::POST, "/api/rooms", Some(room)).await;
    let mut socket = signed_out(&chat, &alice).await;
    let conversation = format!("dm:{}:{}", alice.id, bob.id);
    let fresh = Member::of(&chat.logs_in("alice", PASSWORD).await);
    for frame in [
        json!({ "action": "message", "to": bob.id, "content": "still here" }),
        json!({ "action": "broadcast", "content": "still here" }),
        json!({ "action": "history", "with": bob.id }),
        json!({ "action": "sync", "since": { &conversation: 0 } }),
        json!({ "action": "read", "conversation": conversation, "seq": 0 }),
        json!({ "action": "typing", "to": bob.id }),
        json!({ "action": "join", "room": "general" }),
        json!({ "action": "leave", "room": "general" }),
        json!({ "action": "ping" }),
        json!({ "action": "renew", "token": fresh.access }),
        // What would be refused to anybody else in her place.
        json!({ "action": "message", "room": "general", "content": "still here" }),
        json!({ "action": "message", "to": "nobody", "content": "still here" }),
        json!({ "action": "history", "with": bob.id, "limit": 0 }),
    ] {
        socket.sends(&frame).await;
        let told = socket.is_told("unauthorized").await;
        assert_eq!(told["message"], "the session has ended", "{frame}");
    }
    let history = chat.gets_as(&bob.access, &format!("/api/messages?with={}", alice.id)).await;
    assert_eq!(history.body, json!([]));
    let members = chat.gets_as(&bob.access, "/api/rooms/general/members").await;
    assert_eq!(members.body.as_array().unwrap().len(), 1);

    let_pass(&chat, true);
    socket.sends(&json!({ "action": "ping" })).await;
    socket.sees_the_end().await;
}

#[tokio::test]
async fn whoever_has_signed_out_hears_nothing_and_the_socket_is_closed_when_it_can_be() {
    let chat = start().await;
    let (alice, bob) = (chat.registers("alice").await, chat.registers("bob").await);
    let socket = signed_out(&chat, &alice).await;
    let body = json!({ "receiver_id": alice.id, "content": "are you there?" });
    let sent = chat.asks_as(&bob.access, Method::POST, "/api/send_message", Some(body)).await;
    assert_eq!((sent.status, &sent.body["delivered"]), (200, &Value::Bool(false)));

    // The stream goes on trying, although nobody says anything.
    let_pass(&chat, true);
    let heard = socket.hears_until_the_end().await;
    assert!(heard.iter().all(|frame| frame["type"] == "error"), "{heard:?}");
    let alice = Member::of(&chat.logs_in("alice", PASSWORD).await);
    chat.joined_by_member(&alice).await.hears(&bob.id, "are you there?").await;
}
