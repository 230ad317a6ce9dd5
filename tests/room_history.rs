//! What people who join a room may read of what was said before.

use serde_json::{Value, json};

use crate::support::{Chat, Person};

async fn makes_a_room(chat: &Chat, mut about: Value) -> String {
    about["name"] = "general".into();
    about["user_id"] = "alice".into();
    let made = chat.post("/api/rooms", about).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    made.body["id"].as_str().unwrap().to_owned()
}

async fn says(chat: &Chat, room: &str, content: &str) -> u64 {
    let said = json!({ "room": room, "content": content, "sender_id": "alice" });
    chat.post("/api/send_message", said).await.body["seq"].as_u64().unwrap()
}

fn said(messages: &Value) -> Vec<String> {
    let messages = messages.as_array().unwrap().iter().filter(|it| it["kind"] == "message");
    messages.map(|message| message["content"].as_str().unwrap().to_owned()).collect()
}

/// What somebody reads of a room, whichever way they ask.
async fn reads(chat: &Chat, person: &mut Person, room: &str) -> Vec<String> {
    let name = person.name.clone();
    let (path, asks) = (format!("/api/rooms/{room}/messages"), [("user_id", name.as_str())]);
    let by_http = chat.get(&path, &asks).await;
    assert_eq!((by_http.status, by_http.link), (200, None));
    let by_http = said(&by_http.body);
    let upwards = chat.get(&path, &[asks[0], ("after", "0")]).await;
    assert_eq!(said(&upwards.body), by_http);
    person.sends(&json!({ "action": "history", "room": room })).await;
    let page = person.sees_in_time("history").await;
    assert_eq!((said(&page["messages"]), &page["before"]), (by_http.clone(), &Value::Null));
    let conversation = format!("room:{room}");
    person.sends(&json!({ "action": "sync", "since": { &conversation: 0 } })).await;
    let (mut synced, mut pages) = (Value::Null, Vec::new());
    while synced.is_null() {
        match person.sees_now().await {
            frame if frame["type"] == "message" && frame["conversation"] == *conversation => {
                pages.extend(said(&json!([frame])));
            }
            frame if frame["type"] == "synced" => synced = frame,
            _ => {}
        }
    }
    assert_eq!(pages, by_http);
    assert_eq!(synced["conversations"][&conversation]["complete"], true);
    by_http
}

#[tokio::test]
async fn whoever_joins_since_then_reads_nothing_of_before() {
    let chat = Chat::start().await;
    let room = makes_a_room(&chat, json!({ "history": "since_joining" })).await;
    let first = says(&chat, &room, "before").await;
    let mut bob = chat.joined_by("bob").await;
    let joined = bob.joins(&room).await;
    assert_eq!((said(&joined["messages"]), &joined["before"]), (vec![], &Value::Null));
    assert_eq!(joined["room"]["history"], "since_joining");
    says(&chat, &room, "after").await;
    assert_eq!(reads(&chat, &mut bob, &room).await, ["after"]);
    let mut alice = chat.joined_by("alice").await;
    assert_eq!(reads(&chat, &mut alice, &room).await, ["before", "after"]);

    // Whoever leaves and comes again joins anew, and is told that something is missing.
    bob.sends(&json!({ "action": "leave", "room": room })).await;
    bob.sees_in_time("left").await;
    says(&chat, &room, "meanwhile").await;
    bob.joins(&room).await;
    says(&chat, &room, "again").await;
    assert_eq!(reads(&chat, &mut bob, &room).await, ["again"]);
    let conversation = format!("room:{room}");
    bob.sends(&json!({ "action": "sync", "since": { &conversation: first } })).await;
    let synced = bob.sees_in_time("synced").await;
    assert_eq!(synced["conversations"][&conversation]["complete"], false);
    let listed = chat.get("/api/conversations", &[("user_id", "bob")]).await.body;
    assert_eq!(
        (&listed[0]["unread"], &listed[0]["last_message"]["content"]),
        (&1.into(), &"again".into())
    );
}

#[tokio::test]
async fn what_was_said_in_private_stays_so_when_the_room_becomes_public() {
    let chat = Chat::start().await;
    let room = makes_a_room(&chat, json!({ "access": "private" })).await;
    says(&chat, &room, "secret").await;
    let path = format!("/api/rooms/{room}");
    let open = json!({ "access": "public", "user_id": "alice" });
    let changed = chat.patch(&path, open).await;
    assert_eq!(
        (&changed.body["access"], &changed.body["history"]),
        (&"public".into(), &"everything".into())
    );
    says(&chat, &room, "open").await;
    let mut bob = chat.joined_by("bob").await;
    let joined = bob.joins(&room).await;
    assert_eq!(said(&joined["messages"]), ["open"]);
    assert_eq!(reads(&chat, &mut bob, &room).await, ["open"]);
    let mut alice = chat.joined_by("alice").await;
    assert_eq!(reads(&chat, &mut alice, &room).await, ["secret", "open"]);

    // An owner may say otherwise, for those who join from then on.
    let everything = json!({ "history": "everything", "user_id": "alice" });
    assert_eq!(chat.patch(&path, everything).await.status, 200);
    let mut carol = chat.joined_by("carol").await;
    carol.joins(&room).await;
    assert_eq!(reads(&chat, &mut carol, &room).await, ["secret", "open"]);
    assert_eq!(reads(&chat, &mut bob, &room).await, ["open"]);
}

#[tokio::test]
async fn what_waits_of_before_is_not_handed_over_to_whoever_comes_again() {
    let chat = Chat::start().await;
    let room = makes_a_room(&chat, json!({ "history": "since_joining" })).await;
    let path = format!("/api/rooms/{room}");
    let (join, leave) = (format!("{path}/join"), format!("{path}/leave"));
    let bob = json!({ "user_id": "bob" });
    assert_eq!(chat.post(&join, bob.clone()).await.status, 200);
    says(&chat, &room, "waits").await;
    assert_eq!(chat.post(&leave, bob.clone()).await.status, 204);
    says(&chat, &room, "meanwhile").await;
    assert_eq!(chat.post(&join, bob).await.status, 200);
    says(&chat, &room, "again").await;
    let mut bob = chat.joined_by("bob").await;
    let mut heard = Vec::new();
    while heard.last().is_none_or(|last| last != "again") {
        let message = bob.sees_in_time("message").await;
        if message["kind"] == "message" {
            heard.push(message["content"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(heard, ["again"]);
}
