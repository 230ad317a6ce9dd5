//! What it costs to read.

use serde_json::{Value, json};

use super::{costs, is_promised, present};
use crate::support::{Chat, Person};

/// alice and bob, who has heard sixty short messages of hers, and the last one's number.
async fn of_sixty(chat: &Chat) -> (Person, Person, u64) {
    let mut alice = present(chat, "alice").await;
    let mut bob = present(chat, "bob").await;
    let mut last = Value::Null;
    for number in 0..60 {
        last = alice.says("bob", &format!("short message {number}")).await["seq"].clone();
        bob.sees_a("message").await;
    }
    chat.meter.take();
    (alice, bob, last.as_u64().unwrap())
}

#[tokio::test]
async fn a_page_by_http_costs_the_page_and_the_receipts() {
    let chat = Chat::start().await;
    let _people = of_sixty(&chat).await;
    assert_eq!(chat.messages("alice", "bob").await.len(), 50);
    is_promised("| `GET /messages`, 50 short ones | 0 | 0 | 3 | 5 | 1 |", 0, &chat.meter.take());
}

#[tokio::test]
async fn a_page_in_a_frame_costs_the_page_and_who_asks() {
    let chat = Chat::start().await;
    let (_alice, mut bob, _) = of_sixty(&chat).await;
    bob.sends(&json!({ "action": "history", "with": "alice" })).await;
    bob.sees_a("history").await;
    is_promised("| `history`, 50 short messages | 0 | 0 | 2 | 3 | 1 |", 0, &chat.meter.take());
}

#[tokio::test]
async fn a_sync_reads_the_log_and_who_asks() {
    let chat = Chat::start().await;
    let (_alice, mut bob, last) = of_sixty(&chat).await;
    for (new, since) in [(0, last), (10, last - 10)] {
        bob.sends(&json!({ "action": "sync", "since": { "dm:alice:bob": since } })).await;
        for _ in 0..new {
            bob.sees_a("message").await;
        }
        assert_eq!(bob.sees_a("synced").await["conversations"]["dm:alice:bob"]["upto"], last);
        let row = "| `sync` of a conversation, up to ten new | 0 | 0 | 2 | 2 | 1 |";
        is_promised(row, 0, &chat.meter.take());
    }
}

#[tokio::test]
async fn reading_costs_one_write() {
    let chat = Chat::start().await;
    let (_alice, mut bob, last) = of_sixty(&chat).await;
    let frame = json!({ "action": "read", "conversation": "dm:alice:bob", "seq": last });
    bob.sends(&frame).await;
    bob.sees_in_time("receipt").await;
    is_promised("| `read` | 1 | 1 | 3 | 3 | 3 |", 0, &chat.meter.take());

    // The write that finds it done is refused, but asked for.
    bob.sends(&frame).await;
    bob.sees_in_time("receipt").await;
    costs("| `read` of what is read | 1 | 1 | 2 | 2 | 2 |", 0, &chat.meter.take());
}

#[tokio::test]
async fn conversations_cost_a_read_each_and_their_list() {
    let chat = Chat::start().await;
    let mut alice = present(&chat, "alice").await;
    for friend in ["bob", "carol", "dave"] {
        alice.says(friend, "hi").await;
    }
    chat.meter.take();
    let answer = chat.get("/api/conversations", &[("user_id", "alice")]).await;
    assert_eq!(answer.body.as_array().unwrap().len(), 3);
    let row = "| `GET /api/conversations`, N of two people | 0 | 0 | 1 + N | 1 + N | 2 |";
    is_promised(row, 3, &chat.meter.take());
}

#[tokio::test]
async fn which_friends_are_there_costs_their_list_and_their_inboxes() {
    let chat = Chat::start().await;
    let mut alice = present(&chat, "alice").await;
    for friend in ["bob", "carol", "dave"] {
        alice.says(friend, "hi").await;
    }
    chat.meter.take();
    let answer = chat.get("/api/presence", &[("user_id", "alice")]).await;
    assert_eq!(answer.body.as_array().unwrap().len(), 3);
    let row = "| `GET /api/presence`, N of two people | 0 | 0 | 2 | 2 + N | 2 |";
    is_promised(row, 3, &chat.meter.take());
}

#[tokio::test]
async fn a_room_among_the_conversations_costs_a_look_at_it_and_at_its_member() {
    let chat = Chat::start().await;
    chat.room_of("alice", "general").await;
    chat.meter.take();
    let answer = chat.get("/api/conversations", &[("user_id", "alice")]).await;
    assert_eq!(answer.body[0]["room"]["name"], "general");
    costs("| `GET /api/conversations`, a room | 0 | 0 | 4 | 4 | 3 |", 0, &chat.meter.take());
}

#[tokio::test]
async fn reading_in_a_room_costs_its_members_and_their_inboxes() {
    let chat = Chat::start().await;
    let mut alice = present(&chat, "alice").await;
    let mut bob = present(&chat, "bob").await;
    let room = chat.room_of("alice", "general").await;
    bob.joins(&room).await;
    let last = alice.says_in(&room, "hi").await["seq"].clone();
    bob.catches_up().await;
    chat.meter.take();
    let conversation = format!("room:{room}");
    bob.sends(&json!({ "action": "read", "conversation": conversation, "seq": last })).await;
    bob.sees_in_time("receipt").await;
    let row = "| `read` in a room of N | 1 | 1 | 5 | 2 + N + N/30 | 5 |";
    is_promised(row, 2, &chat.meter.take());
}

/// alice, whose three friends have said something that she has read.
async fn with_friends(chat: &Chat) -> Person {
    let mut alice = present(chat, "alice").await;
    for friend in ["bob", "carol", "dave"] {
        alice.says(friend, "hi").await;
    }
    chat.meter.take();
    alice
}

#[tokio::test]
async fn lists_cost_a_look_at_each_conversation_and_by_what_happened_last_another() {
    let chat = Chat::start().await;
    let _alice = with_friends(&chat).await;
    let list = async |query: &str| {
        let path = format!("/api/conversations?user_id=alice&{query}");
        let answer = chat.get(&path, &[]).await;
        answer.body.as_array().unwrap().len()
    };
    assert_eq!(list("unread=true").await, 0);
    let row = "| the same, `unread=true`, N of two people, all read | 0 | 0 | 1 + N | 1 + N | 2 |";
    is_promised(row, 3, &chat.meter.take());
    assert_eq!(list("order=recent").await, 3);
    let row = "| the same, `order=recent`, N of two people, all on the page | 0 | 0 | 2 + 2N | 2 + 2N | 4 |";
    is_promised(row, 3, &chat.meter.take());
}

#[tokio::test]
async fn settings_cost_one_write_and_who_is_to_see_it() {
    let chat = Chat::start().await;
    let _alice = with_friends(&chat).await;
    let path = "/api/conversations/dm:alice:bob/settings";
    assert_eq!(chat.get(path, &[("user_id", "alice")]).await.status, 200);
    is_promised("| `GET …/settings` | 0 | 0 | 1 | 1 | 1 |", 0, &chat.meter.take());
    let change = async |change| assert_eq!(chat.patch(path, change).await.status, 200);
    change(json!({ "pinned": true, "muted": "all", "muted_until": "2050-01-01T00:00:00Z", "user_id": "alice" })).await;
    let row = "| `PATCH …/settings` of two people | 1 | 1 | 1 | 1 | 2 |";
    is_promised(row, 0, &chat.meter.take());
    for asked in ["hidden", "unread_from"] {
        let value = match asked {
            "hidden" => json!(true),
            _ => chat.messages("alice", "bob").await[0]["seq"].clone(),
        };
        chat.meter.take();
        change(json!({ asked: value, "user_id": "alice" })).await;
        if asked == "hidden" {
            let row = "| `PATCH …/settings`, hidden or unread | 1 | 1 | 2 | 2 | 3 |";
            is_promised(row, 0, &chat.meter.take());
        } else {
            let row = "| `PATCH …/settings`, unread while it is hidden | 1 | 1 | 3 | 3 | 4 |";
            costs(row, 0, &chat.meter.take());
        }
    }
    change(json!({ "hidden": false, "unread_from": null, "draft": "x".repeat(4096), "user_id": "alice" })).await;
    let row = "| `PATCH …/settings` of a draft of 4 KB | 1 | 5 | 1 | 1 | 2 |";
    is_promised(row, 0, &chat.meter.take());
}

#[tokio::test]
async fn readers_of_a_room_cost_their_list_and_their_listings() {
    let chat = Chat::start().await;
    let mut bob = present(&chat, "bob").await;
    let room = chat.room_of("alice", "general").await;
    bob.joins(&room).await;
    bob.catches_up().await;
    chat.meter.take();
    let path = format!("/api/conversations/room:{room}/readers");
    let answer = chat.get(&path, &[("user_id", "bob")]).await;
    assert_eq!(answer.body.as_array().unwrap().len(), 2);
    let row = "| `GET …/readers` of a room of N | 0 | 0 | 3 | 1 + N/2 + N/30 | 3 |";
    is_promised(row, 2, &chat.meter.take());
}
