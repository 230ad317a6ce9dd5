//! What people see while the table has too much to do, or API Gateway takes nothing.

use std::time::Duration;

use local::faults::{Fault, Plan, Scenario};
use serde_json::json;

use crate::support::Chat;

const ALWAYS: u32 = 10_000;

async fn start() -> Chat {
    let calm = Scenario::parse(r#"{ "seed": 1, "latency_ms": 0, "chances": {} }"#).unwrap();
    Chat::start_with(|options| options.faults = Some(calm)).await
}

fn only(fault: Fault) -> Plan {
    let mut plan = Plan::none(Duration::ZERO);
    plan.set(fault, ALWAYS);
    plan
}

#[tokio::test]
async fn whoever_asks_a_busy_table_is_told_when_to_ask_again() {
    let chat = start().await;
    let mut alice = chat.joined_by("alice").await;
    alice.says("bob", "before").await;
    chat.faults().change(only(Fault::Throttled));
    let hello = json!({ "action": "message", "to": "bob", "content": "hello", "id": "1" });
    alice.sends(&hello).await;
    let refused = alice.is_told("rate_limited").await;
    assert_eq!((&refused["id"], &refused["retry_after_ms"]), (&json!("1"), &json!(1000)));
    let answer = chat.get("/messages", &[("user1", "alice"), ("user2", "bob")]).await;
    assert_eq!((answer.status, &answer.body["error"]["code"]), (429, &json!("rate_limited")));

    chat.faults().change(Plan::none(Duration::ZERO));
    alice.sends(&hello).await;
    assert_eq!(alice.sees_a("ack").await["duplicate"], false);
    let said = chat.messages("alice", "bob").await;
    assert_eq!(said.len(), 2, "{said:?}");
}

#[tokio::test]
async fn while_nothing_can_be_pushed_nobody_waits_for_each_push() {
    let chat = start().await;
    let mut listeners = Vec::new();
    for number in 0..30 {
        listeners.push(chat.joined_by(&format!("user{number}")).await);
    }
    chat.faults().change(only(Fault::PushFailed));
    for number in 0..30 {
        let to = format!("user{number}");
        let sent = json!({ "sender_id": "dave", "receiver_id": to, "content": "hello" });
        let sent = chat.post("/api/send_message", sent).await;
        assert_eq!((sent.status, &sent.body["delivered"]), (200, &json!(false)), "{:?}", sent.body);
    }
    // Each would be tried twice, and by `deliver` again.
    let pushes = chat.faults().fired()[Fault::PushFailed as usize];
    assert!(pushes < 60, "{pushes} pushes");
    for number in 0..30 {
        let said = chat.messages("dave", &format!("user{number}")).await;
        assert_eq!((said.len(), &said[0]["status"]), (1, &json!("sent")), "it waits");
    }
}
