//! What it costs to come, to stay and to go.

use super::{COMING, costs, is_promised, present};
use crate::support::Chat;

#[tokio::test]
async fn connecting_and_being_greeted_cost_a_write_each_and_a_look_into_the_lobby() {
    let chat = Chat::start().await;
    chat.meter.take();
    let _alice = chat.joined_by("alice").await;
    chat.meter.has_answered(&COMING).await;
    // The inbox is looked at when the stream is faster than the handshake.
    chat.meter.forget("Get");
    // The index takes a write unit of its own; the reads are the lobby's history, and whom to show
    // that alice is there.
    let row = "| connecting and being welcomed | 2 | 3 | 2 | 2 | 4 |";
    is_promised(row, 0, &chat.meter.take());
}

#[tokio::test]
async fn leaving_costs_one_write() {
    let chat = Chat::start().await;
    let alice = present(&chat, "alice").await;
    alice.leaves().await;
    // The write is all that $disconnect does; deliver then looks whom to show it.
    let usage = chat.meter.take_after(&["Update", "Get", "Query"]).await;
    is_promised("| disconnecting | 1 | 2 | 2 | 2 | 3 |", 0, &usage);
}

#[tokio::test]
async fn friends_cost_a_read_each_when_one_comes_and_goes() {
    let chat = Chat::start().await;
    let mut alice = present(&chat, "alice").await;
    for friend in ["bob", "carol", "dave"] {
        alice.says(friend, "hi").await;
    }
    alice.leaves().await;
    let going = ["Update", "Get", "Query", "BatchGet"];
    // Every hello read two inboxes at once.
    let hellos = ["BatchGet"; 3];
    chat.meter.take_after(&[&going[..], &hellos].concat()).await;

    let alice = chat.joined_by("alice").await;
    chat.meter.has_answered(&[&COMING[..], &["BatchGet"]].concat()).await;
    chat.meter.forget("Get");
    let row = "| connecting and being welcomed, N friends | 2 | 3 | 3 | 2 + N | 5 |";
    costs(row, 3, &chat.meter.take());
    alice.leaves().await;
    let usage = chat.meter.take_after(&going).await;
    costs("| disconnecting, N friends | 1 | 2 | 3 | 2 + N | 4 |", 3, &usage);
}

#[tokio::test]
async fn a_ping_costs_one_read() {
    let chat = Chat::start().await;
    let mut alice = present(&chat, "alice").await;
    alice.hears_nothing(&chat).await;
    is_promised("| `ping` | 0 | 0 | 1 | 1 | 1 |", 0, &chat.meter.take());
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
    // Connect, welcome, lease, finish.
    chat.has_delivered_everything("alice", "bob").await;
    let usage = chat.meter.take_after(&["Update"; 4]).await;
    assert_eq!(usage.writes, 4, "{usage:?}");
}

#[tokio::test]
async fn who_is_online_is_read_from_the_index() {
    let chat = Chat::start().await;
    let _alice = present(&chat, "alice").await;
    let _bob = present(&chat, "bob").await;
    assert_eq!(chat.get("/api/online_users", &[]).await.body.as_array().unwrap().len(), 2);
    let row = "| `GET /api/online_users`, N there | 0 | 0 | 9 | 4 + N | 2 |";
    is_promised(row, 2, &chat.meter.take());
}
