//! What rooms cost, with the notice that the members hear.

use serde_json::json;

use super::{costs, is_promised, present};
use crate::support::{Chat, Person};

/// alice's room, empty but for her, and bob, who is there too.
async fn with_one(chat: &Chat) -> (String, Person, Person) {
    let alice = present(chat, "alice").await;
    let bob = present(chat, "bob").await;
    let room = chat.room_of("alice", "general").await;
    (room, alice, bob)
}

#[tokio::test]
async fn a_new_room_costs_two_transactions_and_what_is_read() {
    let chat = Chat::start().await;
    let _people = with_one(&chat).await;
    is_promised("| `POST /api/rooms` | 3 | 18 | 3 | 3 | 6 |", 0, &chat.meter.take());
}

#[tokio::test]
async fn joining_and_leaving_cost_a_transaction_and_the_notice() {
    let chat = Chat::start().await;
    let (room, _alice, _bob) = with_one(&chat).await;
    let body = json!({ "user_id": "bob" });
    let (join, leave) = (format!("/api/rooms/{room}/join"), format!("/api/rooms/{room}/leave"));
    chat.meter.take();

    assert_eq!(chat.post(&join, body.clone()).await.status, 200);
    let row = "| `POST …/join`, then a room of N | 3 | 12 | 4 | 4 + N + N/30 | 7 |";
    is_promised(row, 2, &chat.meter.take());
    assert_eq!(chat.post(&leave, body.clone()).await.status, 204);
    let row = "| `POST …/leave`, then a room of N | 2 | 9 | 4 | 4 + N + N/30 | 6 |";
    is_promised(row, 1, &chat.meter.take());
    assert_eq!(chat.post(&leave, body).await.status, 204);
    costs("| `POST …/leave` again | 0 | 0 | 1 | 3 | 1 |", 0, &chat.meter.take());
}

#[tokio::test]
async fn joining_by_a_frame_costs_the_recent_history_more() {
    let chat = Chat::start().await;
    let (room, _alice, mut bob) = with_one(&chat).await;
    chat.meter.take();
    bob.joins(&room).await;
    costs("| `join`, then a room of N | 3 | 12 | 7 | 7 + N + N/30 | 10 |", 2, &chat.meter.take());
    bob.sends(&json!({ "action": "leave", "room": room })).await;
    bob.sees_in_time("left").await;
    costs("| `leave`, then a room of N | 2 | 9 | 5 | 5 + N + N/30 | 7 |", 1, &chat.meter.take());
}

#[tokio::test]
async fn deleting_a_room_costs_a_transaction_a_member_and_a_write_a_message() {
    let chat = Chat::start().await;
    let (room, _alice, _bob) = with_one(&chat).await;
    let body = json!({ "user_id": "bob" });
    assert_eq!(chat.post(&format!("/api/rooms/{room}/join"), body).await.status, 200);
    chat.meter.take();
    let path = format!("/api/rooms/{room}");
    assert_eq!(chat.delete(&path, &[("user_id", "alice")]).await.status, 204);
    // The log has a notice of every member, and where it starts.
    let row = "| `DELETE /api/rooms/{room}` of N | 3 + 2N | 9 + 9N | 6 | 8 + N | 9 + N |";
    is_promised(row, 2, &chat.meter.take());
}

#[tokio::test]
async fn frames_about_a_room_cost_a_look_whether_one_is_in_it() {
    let chat = Chat::start().await;
    let (room, _alice, mut bob) = with_one(&chat).await;
    bob.joins(&room).await;
    chat.meter.take();
    bob.sends(&json!({ "action": "history", "room": room })).await;
    bob.sees_in_time("history").await;
    costs("| `history` of a room | 0 | 0 | 3 | 3 | 2 |", 0, &chat.meter.take());

    bob.sends(&json!({ "action": "typing", "room": room })).await;
    bob.hears_nothing(&chat).await;
    // With the ping's own read.
    costs("| `typing` in a room of N | 0 | 0 | 5 | 3 + N | 4 |", 2, &chat.meter.take());
}

#[tokio::test]
async fn coming_and_going_in_a_large_room_costs_the_same_however_many_are_there() {
    let chat = Chat::start_with(|options| options.settings.set("FAN_OUT_MEMBERS", "2")).await;
    let (room, _alice, _bob) = with_one(&chat).await;
    let (join, leave) = (format!("/api/rooms/{room}/join"), format!("/api/rooms/{room}/leave"));
    for user in ["bob", "carol"] {
        assert_eq!(chat.post(&join, json!({ "user_id": user })).await.status, 200);
    }
    chat.has_served_the_stream().await;
    chat.meter.take();
    let dave = json!({ "user_id": "dave" });
    assert_eq!(chat.post(&join, dave.clone()).await.status, 200);
    let row = "| `POST …/join` of a large room, told later | 2 | 11 | 2 | 4 | 4 |";
    costs(row, 0, &chat.meter.take());
    assert_eq!(chat.post(&leave, dave).await.status, 204);
    costs(
        "| `POST …/leave` of a large room, told later | 1 | 8 | 1 | 3 | 2 |",
        0,
        &chat.meter.take(),
    );
}
