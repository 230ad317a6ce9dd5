//! What every action may cost, counted request by request and unit by unit.
//!
//! Units are those the embedded engine reports, which follow AWS; DynamoDB Local's are rough, so there
//! only requests are held.

use crate::support::{Chat, Person, Usage};

fn units_count() -> bool {
    std::env::var_os("CONFAB_TEST_DYNAMODB").is_none()
}

/// Somebody who is there, with everything that their coming costs already counted and forgotten: two
/// writes, the lobby's history, and whom to show it.
async fn present(chat: &Chat, user: &str) -> Person {
    let person = chat.joined_by(user).await;
    chat.meter.take_after(4).await;
    person
}

#[track_caller]
fn check(usage: &Usage, writes: usize, most_reads: f64, most_round_trips: usize) {
    assert_eq!(usage.writes, writes, "{usage:?}");
    assert!(usage.round_trips <= most_round_trips, "{usage:?}");
    if units_count() {
        let units = f64::from(u32::try_from(writes).unwrap());
        assert!(usage.write_units <= units, "{usage:?}");
        assert!(usage.read_units <= most_reads, "{usage:?}");
    }
}

#[tokio::test]
async fn connecting_and_being_greeted_cost_a_write_each_and_a_look_into_the_lobby() {
    let chat = Chat::start().await;
    chat.meter.take();
    let _alice = chat.joined_by("alice").await;
    // The index takes a write unit of its own; the reads are the lobby's history, and whom to show
    // that alice is there.
    let usage = chat.meter.take_after(4).await;
    assert_eq!((usage.writes, usage.reads), (2, 2), "{usage:?}");
    if units_count() {
        assert!(usage.write_units <= 3.0 && usage.read_units <= 2.0, "{usage:?}");
    }
}

#[tokio::test]
async fn leaving_costs_one_write() {
    let chat = Chat::start().await;
    let alice = present(&chat, "alice").await;
    alice.leaves().await;
    // The write is all that $disconnect does; deliver then looks whom to show it.
    let usage = chat.meter.take_after(3).await;
    assert_eq!((usage.writes, usage.reads), (1, 2), "{usage:?}");
    if units_count() {
        assert!(usage.write_units <= 2.0 && usage.read_units <= 2.0, "{usage:?}");
    }
}

#[tokio::test]
async fn a_message_to_somebody_there_costs_one_write() {
    let chat = Chat::start().await;
    let mut alice = present(&chat, "alice").await;
    let mut bob = present(&chat, "bob").await;
    for _ in 0..15 {
        alice.says("bob", "to begin with").await;
        bob.hears("alice", "to begin with").await;
    }
    chat.meter.take();
    alice.says("bob", "hi").await;
    check(&chat.meter.take(), 1, 3.0, 3);
}

#[tokio::test]
async fn the_first_message_of_two_people_is_a_transaction_of_four_items() {
    let chat = Chat::start().await;
    let mut alice = present(&chat, "alice").await;
    let _bob = present(&chat, "bob").await;
    chat.meter.take();
    alice.says("bob", "hi").await;
    let usage = chat.meter.take();
    assert_eq!((usage.writes, usage.round_trips), (1, 3), "{usage:?}");
    if units_count() {
        assert!(usage.write_units <= 8.0 && usage.read_units <= 3.0, "{usage:?}");
    }
}

#[tokio::test]
async fn a_message_to_somebody_newly_away_costs_a_mark_more() {
    let chat = Chat::start().await;
    let mut alice = present(&chat, "alice").await;
    alice.says("alice", "unrelated").await;
    let mut bob = present(&chat, "bob").await;
    alice.says("bob", "to begin with").await;
    bob.hears("alice", "to begin with").await;
    chat.meter.take();
    bob.leaves().await;
    // The write, and what showing alice that bob has gone costs.
    chat.meter.take_after(4).await;
    assert_eq!(alice.says("bob", "hi").await["delivered"], false);
    check(&chat.meter.take(), 2, 3.0, 4);

    alice.says("bob", "still away").await;
    check(&chat.meter.take(), 1, 3.0, 3);
}

#[tokio::test]
async fn a_repeat_costs_no_write() {
    let chat = Chat::start().await;
    let mut alice = present(&chat, "alice").await;
    let _bob = present(&chat, "bob").await;
    let id = uuid::Uuid::now_v7().to_string();
    alice.says_as("bob", "hi", &id).await;
    chat.meter.take();
    alice.says_as("bob", "hi", &id).await;
    check(&chat.meter.take(), 0, 3.0, 2);
}

#[tokio::test]
async fn a_page_of_fifty_short_messages_costs_at_most_three_units_beside_receipts() {
    let chat = Chat::start().await;
    let mut alice = present(&chat, "alice").await;
    let mut bob = present(&chat, "bob").await;
    for number in 0..60 {
        alice.says("bob", &format!("short message {number}")).await;
        bob.sees_a("message").await;
    }
    chat.meter.take();
    assert_eq!(chat.messages("alice", "bob").await.len(), 50);
    check(&chat.meter.take(), 0, 3.0 + 2.0, 2);

    bob.sends(&serde_json::json!({ "action": "history", "with": "alice" })).await;
    bob.sees_a("history").await;
    check(&chat.meter.take(), 0, 3.0, 1);
}

#[tokio::test]
async fn handing_over_a_backlog_costs_a_lease_and_its_end() {
    let chat = Chat::start().await;
    let mut alice = present(&chat, "alice").await;
    for _ in 0..3 {
        alice.says("bob", "hi").await;
    }
    chat.meter.take();
    let mut bob = chat.joined_by("bob").await;
    for _ in 0..3 {
        bob.hears("alice", "hi").await;
    }
    // The mark is gone once history says so.
    while chat.messages("alice", "bob").await[2]["status"] != "delivered" {}
    let usage = chat.meter.take();
    assert_eq!(usage.writes, 4, "connect, greet, lease, finish: {usage:?}");
}

#[tokio::test]
async fn a_ping_costs_one_read() {
    let chat = Chat::start().await;
    let mut alice = present(&chat, "alice").await;
    chat.meter.take();
    alice.hears_nothing().await;
    check(&chat.meter.take(), 0, 1.0, 1);
}
