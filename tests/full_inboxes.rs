//! Somebody for whom more waits than their inbox can list: nobody else notices, and they are told.

use local::faults::{Fault, Plan, Scenario};
use serde_json::{Value, json};

use crate::support::{Chat, Person};

/// Fills bob's inbox as if many with long names had written to him; alice's first words wait there.
async fn fill(chat: &Chat, alice: &mut Person) {
    alice.says("bob", "first").await;
    let mut inbox = chat.item("USER#bob", "INBOX").await;
    for number in 0..170 {
        let stranger = format!("{}{number}", "x".repeat(900));
        let mark = inbox["wait:dm:alice:bob"].clone();
        inbox.insert(format!("wait:dm:bob:{stranger}"), mark);
    }
    chat.puts(inbox).await;
}

/// bob connects; his welcome.
async fn returns(chat: &Chat) -> (Person, Value) {
    let mut bob = Person::connects(&chat.websocket_url(), "bob").await.anyhow();
    let welcome = bob.sees_a("welcome").await;
    (bob, welcome)
}

async fn statuses(chat: &Chat, one: &str, other: &str) -> Vec<Value> {
    chat.messages(one, other).await.iter().map(|message| message["status"].clone()).collect()
}

#[tokio::test]
async fn a_full_inbox_holds_up_nobody_and_its_owner_is_told_that_more_waits() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let room = chat.room_of("alice", "general").await;
    alice.sees_a("message").await;
    let mut eve = chat.joined_by("eve").await;
    fill(&chat, &mut alice).await;
    for member in ["bob", "eve"] {
        let path = format!("/api/rooms/{room}/join");
        assert_eq!(chat.post(&path, json!({ "user_id": member })).await.status, 200);
    }

    assert_eq!(eve.says_in(&room, "everybody?").await["delivered"], true);
    eve.sends(&json!({ "action": "message", "to": "bob", "content": "no room" })).await;
    assert_eq!(eve.sees_in_time("ack").await["delivered"], false);
    assert_eq!(statuses(&chat, "bob", "eve").await, ["sent"]);
    alice.sends(&json!({ "action": "message", "to": "bob", "content": "second" })).await;
    alice.sees_in_time("ack").await;

    let (mut bob, welcome) = returns(&chat).await;
    assert_eq!(welcome["more_waiting"], true);
    bob.hears("alice", "first").await;
    bob.hears("alice", "second").await;
    let listed = chat.get("/api/conversations", &[("user_id", "bob")]).await.body;
    let unread = listed.as_array().unwrap().iter().filter(|it| it["unread"] != 0);
    assert_eq!(unread.count(), 3, "{listed}");
    bob.sends(&json!({ "action": "sync", "since": { "dm:bob:eve": 0 } })).await;
    assert_eq!(bob.sees_in_time("message").await["content"], "no room");
    bob.leaves().await;

    let (_bob, welcome) = returns(&chat).await;
    assert_eq!(welcome["more_waiting"], Value::Null, "it was told");
}

#[tokio::test]
async fn whoever_is_there_is_told_as_soon_as_something_gets_through() {
    let scenario = Scenario::parse(r#"{"latency_ms": 0, "chances": {}}"#).unwrap();
    let chat = Chat::start_with(|options| options.faults = Some(scenario)).await;
    let mut nothing_passes = Plan::none(std::time::Duration::ZERO);
    nothing_passes.set(Fault::PushFailed, 10_000);
    let (mut bob, welcome) = returns(&chat).await;
    assert_eq!(welcome["more_waiting"], Value::Null);
    bob.hears_nothing(&chat).await;

    fill_with_blocks(&chat).await;
    chat.faults().change(nothing_passes);
    let body = json!({ "receiver_id": "bob", "content": "no room", "sender_id": "eve" });
    let sent = chat.post("/api/send_message", body).await;
    assert_eq!((sent.status, &sent.body["delivered"]), (200, &json!(false)), "{:?}", sent.body);
    chat.faults().change(Plan::none(std::time::Duration::ZERO));
    bob.sees_in_time("more_waiting").await;
}

/// Fills bob's inbox with what does not wait, and so is never delivered.
async fn fill_with_blocks(chat: &Chat) {
    let mut inbox = chat.item("USER#bob", "INBOX").await;
    for number in 0..170 {
        let mark = inbox["latest"].clone();
        inbox.insert(format!("blocked:{}{number}", "x".repeat(1_500)), mark);
    }
    chat.puts(inbox).await;
}
