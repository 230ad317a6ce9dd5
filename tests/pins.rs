//! What is pinned in a room: by whom, for whom, for how long, and how much of it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Chat, Person};

/// alice, the owner of a room, bob, who is in it, its id and the number of what bob has said there.
async fn room(chat: &Chat) -> (Person, Person, String, u64) {
    let room = chat.room_of("alice", "club").await;
    let alice = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;
    bob.joins(&room).await;
    let seq = bob.says_in(&room, "the rules").await["seq"].as_u64().unwrap();
    (alice, bob, room, seq)
}

async fn pins_over(person: &mut Person, conversation: &str, seq: u64, on: bool) -> Value {
    let frame = json!({ "action": "pin", "conversation": conversation, "seq": seq, "on": on });
    person.sends(&frame).await;
    loop {
        let frame = person.sees().await;
        if ["ack", "error"].iter().any(|kind| frame["type"] == *kind) {
            return frame;
        }
    }
}

/// What is pinned, as somebody reads it: the status, and the messages.
async fn pinned(chat: &Chat, conversation: &str, user: &str) -> (u16, Vec<Value>) {
    let path = format!("/api/conversations/{conversation}/pins");
    let answer = chat.get(&path, &[("user_id", user)]).await;
    (answer.status, answer.body.as_array().cloned().unwrap_or_default())
}

async fn contents(chat: &Chat, conversation: &str, user: &str) -> Vec<Value> {
    let (status, messages) = pinned(chat, conversation, user).await;
    assert_eq!(status, 200);
    messages.into_iter().map(|message| message["content"].clone()).collect()
}

#[tokio::test]
async fn everybody_in_a_room_sees_what_is_pinned_until_it_is_not_any_more() {
    let chat = Chat::start().await;
    let (mut alice, mut bob, room, seq) = room(&chat).await;
    let conversation = format!("room:{room}");
    assert_eq!(contents(&chat, &conversation, "bob").await, [] as [&str; 0]);
    let ack = pins_over(&mut alice, &conversation, seq, true).await;
    assert_eq!((&ack["of"], &ack["seq"]), (&json!(seq), &json!(seq + 1)));
    let event = loop {
        let event = bob.sees_a("message").await;
        if event["kind"] == "pinned" {
            break event;
        }
    };
    assert_eq!(
        (&event["from"], &event["of"], &event["on"]),
        (&json!("alice"), &json!(seq), &json!(true))
    );
    let (_, messages) = pinned(&chat, &conversation, "bob").await;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["content"], "the rules");
    assert_eq!(
        (&messages[0]["pinned_by"], &messages[0]["pinned_at"]),
        (&json!("alice"), &ack["timestamp"])
    );
    let again = pins_over(&mut alice, &conversation, seq, true).await;
    assert_eq!((&again["seq"], &again["duplicate"]), (&json!(seq), &json!(true)));
    // What is pinned is still what it was: it is edited, and reacted to.
    let path = format!("/api/conversations/{conversation}/messages/{seq}");
    let edited = chat.patch(&path, json!({ "content": "the new rules", "user_id": "bob" })).await;
    assert_eq!(edited.status, 200);
    assert_eq!(contents(&chat, &conversation, "bob").await, ["the new rules"]);
    let unpinned = chat.delete(&format!("{path}/pin"), &[("user_id", "alice")]).await;
    assert_eq!(unpinned.status, 200);
    assert_eq!(contents(&chat, &conversation, "bob").await, [] as [&str; 0]);
    let link = chat.get(&path, &[("user_id", "bob")]).await.body;
    assert!(link.get("pinned_at").is_none() && link.get("pinned_by").is_none(), "{link}");
}

#[tokio::test]
async fn what_was_pinned_last_is_first_however_long_ago_it_was_said() {
    let chat = Chat::start().await;
    let (mut alice, _bob, room, first) = room(&chat).await;
    let conversation = format!("room:{room}");
    let second = alice.says_in(&room, "the place").await["seq"].as_u64().unwrap();
    for seq in [second, first] {
        chat.time.advance(Duration::from_secs(60));
        pins_over(&mut alice, &conversation, seq, true).await;
    }
    assert_eq!(contents(&chat, &conversation, "bob").await, ["the rules", "the place"]);
}

#[tokio::test]
async fn what_is_deleted_is_not_pinned_any_more_and_nothing_deleted_is_pinned() {
    let chat = Chat::start().await;
    let (mut alice, mut bob, room, seq) = room(&chat).await;
    let conversation = format!("room:{room}");
    pins_over(&mut alice, &conversation, seq, true).await;
    bob.sends(&json!({ "action": "delete", "conversation": conversation, "seq": seq })).await;
    bob.sees_in_time("ack").await;
    assert_eq!(contents(&chat, &conversation, "bob").await, [] as [&str; 0]);
    let path = format!("/api/conversations/{conversation}/messages/{seq}");
    let link = chat.get(&path, &[("user_id", "bob")]).await.body;
    assert!(link.get("pinned_at").is_none() && link["deleted_by"] == "bob", "{link}");
    for on in [true, false] {
        let refused = pins_over(&mut alice, &conversation, seq, on).await;
        assert_eq!(refused["code"], "conflict", "{refused}");
    }
}

#[tokio::test]
async fn fifty_messages_are_pinned_at_most_of_which_none_has_expired() {
    let chat = Chat::start_with(|options| {
        options.settings.set("RATE_LIMIT", "0");
        options.settings.set("RETENTION_DAYS", "1");
    })
    .await;
    let (_, _, room, first) = room(&chat).await;
    let conversation = format!("room:{room}");
    chat.time.advance(Duration::from_secs(3600));
    let (mut alice, mut bob) = (chat.joined_by("alice").await, chat.joined_by("bob").await);
    let mut last = 0;
    for number in 0..50 {
        last = bob.says_in(&room, &format!("rule {number}")).await["seq"].as_u64().unwrap();
        if number < 49 {
            let ack = pins_over(&mut alice, &conversation, last, true).await;
            assert_eq!(ack["type"], "ack", "{ack}");
        }
    }
    assert_eq!(pins_over(&mut alice, &conversation, first, true).await["type"], "ack");
    let refused = pins_over(&mut alice, &conversation, last, true).await;
    assert_eq!(refused["code"], "conflict", "{refused}");
    assert_eq!(pinned(&chat, &conversation, "bob").await.1.len(), 50);
    // What has expired takes no place, whether the table has dropped it yet or not.
    chat.time.advance(Duration::from_secs(86_400 - 1800));
    assert_eq!(pinned(&chat, &conversation, "bob").await.1.len(), 49);
    let path = format!("/api/conversations/{conversation}/messages/{last}/pin");
    assert_eq!(chat.put(&path, json!({ "user_id": "alice" })).await.status, 200);
    assert_eq!(pinned(&chat, &conversation, "bob").await.1.len(), 50);
}

#[tokio::test]
async fn what_is_pinned_is_for_those_who_may_read_it() {
    let chat = Chat::start().await;
    let made = json!({ "name": "since", "history": "since_joining", "user_id": "alice" });
    let made = chat.post("/api/rooms", made).await.body;
    let room = made["id"].as_str().unwrap().to_owned();
    let conversation = format!("room:{room}");
    let mut alice = chat.joined_by("alice").await;
    let before = alice.says_in(&room, "before").await["seq"].as_u64().unwrap();
    pins_over(&mut alice, &conversation, before, true).await;
    assert_eq!(pinned(&chat, &conversation, "bob").await.0, 403);
    let mut bob = chat.joined_by("bob").await;
    bob.joins(&room).await;
    let after = alice.says_in(&room, "after").await["seq"].as_u64().unwrap();
    pins_over(&mut alice, &conversation, after, true).await;
    assert_eq!(contents(&chat, &conversation, "bob").await, ["after"]);
    assert_eq!(contents(&chat, &conversation, "alice").await, ["after", "before"]);
    for (seq, status) in [(before, 404), (after, 200)] {
        let path = format!("/api/conversations/{conversation}/messages/{seq}/versions");
        assert_eq!(chat.get(&path, &[("user_id", "bob")]).await.status, status);
    }
}

#[tokio::test]
async fn nothing_is_left_of_what_was_pinned_or_said_before_in_a_room_that_is_deleted() {
    let chat = Chat::start_with(|options| options.settings.set("EDIT_VERSIONS", "1")).await;
    let (mut alice, _bob, room, seq) = room(&chat).await;
    let conversation = format!("room:{room}");
    pins_over(&mut alice, &conversation, seq, true).await;
    let path = format!("/api/conversations/{conversation}/messages/{seq}");
    let edited = chat.patch(&path, json!({ "content": "the new rules", "user_id": "bob" })).await;
    assert_eq!(edited.status, 200);
    let deleted = chat.delete(&format!("/api/rooms/{room}"), &[("user_id", "alice")]).await;
    assert_eq!(deleted.status, 204);
    chat.has_served_the_stream().await;
    let (table, name) = chat.table();
    let all = table.scan().table_name(name).consistent_read(true).send().await.unwrap();
    let all = format!("{:?}", all.items());
    for gone in ["PINS", "EARLIER#", "rules"] {
        assert!(!all.contains(gone), "{gone} in {all}");
    }
}

#[tokio::test]
async fn in_the_lobby_those_pin_who_keep_order_there_and_they_are_told_so() {
    let chat = Chat::start_with(|options| options.settings.set("LOBBY_MODERATORS", "alice")).await;
    let mut alice = Person::connects(&chat.websocket_url(), "alice").await.anyhow();
    assert_eq!(alice.sees_a("welcome").await["lobby_moderator"], true);
    let mut bob = Person::connects(&chat.websocket_url(), "bob").await.anyhow();
    assert!(bob.sees_a("welcome").await.get("lobby_moderator").is_none());
    bob.sends(&json!({ "action": "broadcast", "content": "hi all" })).await;
    let seq = bob.sees_in_time("ack").await["seq"].as_u64().unwrap();
    let refused = pins_over(&mut bob, "lobby", seq, true).await;
    assert_eq!((&refused["code"], &refused["reason"]), (&json!("forbidden"), &json!("role")));
    assert_eq!(pins_over(&mut alice, "lobby", seq, true).await["type"], "ack");
    assert_eq!(contents(&chat, "lobby", "bob").await, ["hi all"]);
}
