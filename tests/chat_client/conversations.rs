//! The conversations of somebody at a terminal, and who has read what is said there.

use serde_json::json;

use super::client::{Client, does, prints};
use crate::support::{Chat, in_time};

/// Somebody says something over HTTP, while they are nowhere.
pub(super) async fn says(chat: &Chat, from: &str, to: &str, content: &str) {
    let said = json!({ "sender_id": from, "receiver_id": to, "content": content });
    assert_eq!(chat.post("/api/send_message", said).await.status, 200);
}

#[tokio::test]
async fn conversations_are_listed_with_what_is_unread() {
    let chat = Chat::start().await;
    for from in ["bob", "carol", "dave"] {
        says(&chat, from, "alice", "hello").await;
    }
    let settings = [
        ("bob", json!({ "pinned": true, "muted": "all", "user_id": "alice" })),
        ("carol", json!({ "hidden": true, "user_id": "alice" })),
    ];
    for (with, change) in settings {
        let path = format!("/api/conversations/dm:alice:{with}/settings");
        assert_eq!(chat.patch(&path, change).await.status, 200);
    }
    let mut alice = Client::start_in_a_terminal(&chat.websocket_url(), "--user alice --to dave");
    prints(&mut alice, "dave: hello").await;
    let listed = async || {
        let list =
            chat.get("/api/conversations", &[("user_id", "alice"), ("unread", "true")]).await;
        list.body.as_array().unwrap().len()
    };
    in_time(async { while listed().await != 1 {} }).await;
    does(&mut alice, "/chats", "  @bob  pinned, muted, 1 unread  bob: hello").await;
    assert_eq!(alice.prints().await, "  @dave  dave: hello");
    does(&mut alice, "/chats all", "  @bob").await;
    prints(&mut alice, "  @carol  hidden, 1 unread").await;
    does(&mut alice, "/chats unread", "  @bob").await;
    does(&mut alice, "hello", "alice: hello").await;
    let mut frank = Client::start_in_a_terminal(&chat.websocket_url(), "--user frank");
    does(&mut frank, "/chats unread", "— you have read everything").await;
    does(&mut frank, "/chats", "— you have talked to nobody yet: /to USER, /join ROOM").await;
}

#[tokio::test]
async fn it_is_told_who_has_read_a_message() {
    let chat = Chat::start().await;
    let url = chat.websocket_url();
    let mut alice = Client::start_in_a_terminal(&url, "--user alice --room tea --create");
    prints(&mut alice, "in #tea").await;
    does(&mut alice, "anybody?", "alice: anybody?").await;
    does(&mut alice, "/readers", "— there is nobody else to read it").await;
    assert_eq!(chat.post("/api/rooms/tea/join", json!({ "user_id": "carol" })).await.status, 200);
    let mut bob = Client::start_in_a_terminal(&url, "--user bob --room tea");
    prints(&mut alice, "bob joined").await;
    does(&mut alice, "tea at four", "alice: tea at four").await;
    prints(&mut bob, "alice: tea at four").await;
    let seq = {
        let said = chat.get("/api/rooms/tea/messages", &[("user_id", "alice")]).await.body;
        said.as_array().unwrap().last().unwrap()["seq"].to_string()
    };
    let room = chat.get("/api/rooms/tea", &[("user_id", "alice")]).await.body;
    let conversation = room["conversation"].as_str().unwrap().to_owned();
    let readers = format!("/api/conversations/{conversation}/readers");
    let query = [("user_id", "alice"), ("seq", seq.as_str())];
    let has_read = async || {
        let read = chat.get(&readers, &query).await.body;
        read.as_array().unwrap().iter().any(|it| it["user"] == "bob")
    };
    in_time(async { while !has_read().await {} }).await;
    does(&mut alice, "/readers", "  read by: bob").await;
    assert_eq!(alice.prints().await, "  not read by: carol");
    does(&mut bob, "/readers ^1", "  not read by: carol").await;
}
