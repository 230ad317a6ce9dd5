//! Rooms keep what is said for a time of their own, and their numbers never fall.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::Chat;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn makes_a_room(chat: &Chat, retention_days: Value) -> String {
    let asked = json!({ "name": "tea", "user_id": "alice", "retention_days": retention_days });
    let made = chat.post("/api/rooms", asked).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    assert_eq!(made.body["retention_days"], retention_days);
    made.body["id"].as_str().unwrap().to_owned()
}

async fn keeps_for(chat: &Chat, room: &str, days: Value) {
    let change = json!({ "user_id": "alice", "retention_days": days });
    let changed = chat.patch(&format!("/api/rooms/{room}"), change).await;
    assert_eq!((changed.status, &changed.body["retention_days"]), (200, &days));
}

async fn says(chat: &Chat, room: &str, content: &str) -> u64 {
    let said = json!({ "room": room, "content": content, "sender_id": "alice" });
    let said = chat.post("/api/send_message", said).await;
    said.body["seq"].as_u64().unwrap_or_else(|| panic!("{:?}", said.body))
}

async fn reads(chat: &Chat, room: &str) -> Vec<String> {
    let page = chat.get(&format!("/api/rooms/{room}/messages"), &[("user_id", "alice")]).await;
    let messages = page.body.as_array().unwrap().iter();
    messages.filter_map(|message| message["content"].as_str().map(str::to_owned)).collect()
}

/// DynamoDB deletes what has expired, some day.
async fn deletes(chat: &Chat, room: &str, seq: u64) {
    chat.removes(&format!("CONV#room:{room}"), &format!("MSG#{seq:016}")).await;
}

#[tokio::test]
async fn a_room_keeps_what_is_said_for_its_own_time() {
    let chat = Chat::start_with(|options| options.settings.set("RETENTION_DAYS", "7")).await;
    let room = makes_a_room(&chat, json!(2)).await;
    says(&chat, &room, "soon gone").await;
    keeps_for(&chat, &room, Value::Null).await;
    says(&chat, &room, "kept longer").await;
    chat.time.advance(3 * DAY);
    assert_eq!(reads(&chat, &room).await, ["kept longer"]);
    chat.time.advance(5 * DAY);
    assert_eq!(reads(&chat, &room).await, [""; 0]);
}

#[tokio::test]
async fn no_room_keeps_longer_than_all_do_nor_for_no_time() {
    let chat = Chat::start_with(|options| options.settings.set("RETENTION_DAYS", "7")).await;
    let room = makes_a_room(&chat, json!(7)).await;
    for days in [0, 8, 40_000] {
        let change = json!({ "user_id": "alice", "retention_days": days });
        let changed = chat.patch(&format!("/api/rooms/{room}"), change).await;
        assert_eq!(changed.status, 400);
        assert_eq!(
            changed.body["error"]["message"], "`retention_days` is 1 to 7",
            "{:?}",
            changed.body
        );
        let asked = json!({ "name": "b", "user_id": "alice", "retention_days": days });
        assert_eq!(chat.post("/api/rooms", asked).await.status, 400);
    }
}

#[tokio::test]
async fn no_number_is_given_out_again_when_the_end_of_a_log_expires_before_the_rest() {
    let chat = Chat::start().await;
    let room = makes_a_room(&chat, Value::Null).await;
    let old = says(&chat, &room, "kept for ever").await;
    keeps_for(&chat, &room, json!(1)).await;
    let new = says(&chat, &room, "kept for a day").await;
    let newer = says(&chat, &room, "this too").await;
    assert_eq!([new, newer], [old + 1, old + 2]);

    chat.time.advance(2 * DAY);
    deletes(&chat, &room, new).await;
    deletes(&chat, &room, newer).await;
    let next = says(&chat, &room, "after that").await;
    assert!(next > newer, "{next} comes after {newer}");
    assert_eq!(says(&chat, &room, "and on").await, next + 1);

    // The same when messages are kept for ever again.
    chat.time.advance(2 * DAY);
    deletes(&chat, &room, next).await;
    deletes(&chat, &room, next + 1).await;
    keeps_for(&chat, &room, Value::Null).await;
    let last = says(&chat, &room, "for ever").await;
    assert!(last > next + 1, "{last} comes after {}", next + 1);
    assert_eq!(says(&chat, &room, "again").await, last + 1);
    assert_eq!(reads(&chat, &room).await, ["kept for ever", "for ever", "again"]);
}

#[tokio::test]
async fn a_shorter_time_for_all_gives_out_no_number_again() {
    let chat = Chat::start().await;
    let send =
        |content: &str| json!({ "receiver_id": "bob", "content": content, "sender_id": "alice" });
    let old = chat.post("/api/send_message", send("kept")).await.body["seq"].as_u64().unwrap();
    let (dynamodb, table) = chat.dynamodb();
    let after = Chat::start_with(|options| {
        (options.memory, options.dynamodb, options.table) = (false, Some(dynamodb), table);
        options.settings.set("RETENTION_DAYS", "1");
    })
    .await;
    let new = after.post("/api/send_message", send("not kept")).await.body["seq"].as_u64().unwrap();
    assert_eq!(new, old + 1);
    after.removes("CONV#dm:alice:bob", &format!("MSG#{new:016}")).await;
    let next = after.post("/api/send_message", send("next")).await.body["seq"].as_u64().unwrap();
    assert!(next > new, "{next} comes after {new}");
}

#[tokio::test]
async fn no_number_is_given_out_again_when_the_newest_is_deleted_before_the_rest() {
    let chat = Chat::start_with(|options| options.settings.set("RETENTION_DAYS", "1")).await;
    let room = makes_a_room(&chat, Value::Null).await;
    says(&chat, &room, "one").await;
    let newest = says(&chat, &room, "two").await;
    chat.time.advance(2 * DAY);
    // What has expired is deleted in any order.
    deletes(&chat, &room, newest).await;
    let next = says(&chat, &room, "three").await;
    assert!(next > newest, "{next} comes after {newest}");
    assert_eq!(says(&chat, &room, "four").await, next + 1);
}
