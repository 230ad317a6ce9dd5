//! What people are shown besides what is said, and whose answer is whose.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::member::PASSWORD;
use crate::support::{Chat, Person};

/// The next frame of this type, which must not say that it answers a request.
async fn is_shown(person: &mut Person, kind: &str) -> Value {
    let frame = person.sees_in_time(kind).await;
    assert!(frame.get("id").is_none(), "{frame}");
    frame
}

/// A room of alice's with bob in it; its id.
async fn with_bob(chat: &Chat, name: &str) -> String {
    let room = chat.room_of("alice", name).await;
    let joined = chat.post(&format!("/api/rooms/{room}/join"), json!({ "user_id": "bob" })).await;
    assert_eq!(joined.status, 200);
    room
}

#[tokio::test]
async fn every_answer_names_the_request_it_answers() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    chat.room_of("bob", "general").await;
    let seq = alice.says_as("bob", "hello", "said").await["seq"].clone();
    let requests = [
        (json!({ "action": "message", "to": "bob", "content": "x" }), "ack"),
        (json!({ "action": "broadcast", "content": "x" }), "ack"),
        (json!({ "action": "history", "with": "bob" }), "history"),
        (json!({ "action": "sync", "since": { "dm:alice:bob": 0 } }), "synced"),
        (json!({ "action": "read", "conversation": "dm:alice:bob", "seq": seq }), "receipt"),
        (json!({ "action": "join", "room": "general" }), "joined"),
        (json!({ "action": "leave", "room": "general" }), "left"),
        (json!({ "action": "ping" }), "pong"),
        (json!({ "action": "leave", "room": "nowhere" }), "error"),
        (json!({ "action": "typing", "to": "bob", "typing": "perhaps" }), "error"),
    ];
    for (number, (mut request, answer)) in requests.into_iter().enumerate() {
        let id = format!("request {number}");
        request["id"] = id.as_str().into();
        alice.sends(&request).await;
        let mut frame = alice.sees_now().await;
        // A sync sends pages first, which answer nothing; a message has an id of its own.
        while frame["type"] != answer {
            assert!(frame["type"] == "message" || frame.get("id").is_none(), "{frame}");
            frame = alice.sees_now().await;
        }
        assert_eq!(frame["id"], id, "{frame}");
    }
}

#[tokio::test]
async fn what_other_devices_are_shown_answers_nothing() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let mut phone = chat.joined_by("alice").await;
    let seq = alice.says("bob", "hello").await["seq"].clone();
    let read = json!({ "action": "read", "conversation": "dm:alice:bob", "seq": seq, "id": "7" });
    alice.sends(&read).await;
    assert_eq!(alice.sees_in_time("receipt").await["id"], "7");
    assert_eq!(is_shown(&mut phone, "receipt").await["read"], seq);
}

#[tokio::test]
async fn members_see_what_becomes_of_their_room() {
    let chat = Chat::start().await;
    let room = with_bob(&chat, "general").await;
    let (mut alice, mut bob) = (chat.joined_by("alice").await, chat.joined_by("bob").await);
    let mut carol = chat.joined_by("carol").await;
    let path = format!("/api/rooms/{room}");
    let change = json!({ "topic": "tea", "metadata": {}, "history": "since_joining",
        "user_id": "alice" });
    let changed = chat.patch(&path, change.clone()).await;
    assert_eq!(changed.status, 200);
    for person in [&mut alice, &mut bob] {
        let frame = is_shown(person, "room").await;
        assert_eq!((&frame["room"], &frame["by"]), (&changed.body, &"alice".into()));
        assert_eq!(frame["conversation"], format!("room:{room}"));
    }
    assert_eq!(changed.body["topic"], "tea");
    assert_eq!(changed.body["metadata"], json!({}));
    assert_eq!(changed.body["history"], "since_joining");
    // The same again is nothing new.
    assert_eq!(chat.patch(&path, change).await.body, changed.body);
    let emptied = chat.patch(&path, json!({ "topic": null, "user_id": "alice" })).await;
    assert_eq!(emptied.body["topic"], Value::Null);
    assert_eq!(is_shown(&mut bob, "room").await["room"], emptied.body);
    carol.hears_nothing(&chat).await;
}

#[tokio::test]
async fn a_room_that_is_deleted_tells_its_members_at_once_and_on_their_return() {
    let chat = Chat::start().await;
    let room = with_bob(&chat, "general").await;
    let conversation = format!("room:{room}");
    for invited in ["carol", "dave"] {
        let path = format!("/api/rooms/{room}/invitations/{invited}");
        assert_eq!(chat.put(&path, json!({ "user_id": "alice" })).await.status, 204);
    }
    let (mut alice, mut carol) = (chat.joined_by("alice").await, chat.joined_by("carol").await);
    let deleted = chat.delete(&format!("/api/rooms/{room}"), &[("user_id", "alice")]).await;
    assert_eq!(deleted.status, 204);
    let left = is_shown(&mut alice, "left").await;
    let told = (&left["room"], &left["conversation"], &left["reason"]);
    assert_eq!(told, (&room.as_str().into(), &conversation.as_str().into(), &"deleted".into()));
    let uninvited = is_shown(&mut carol, "uninvited").await;
    let told = (&uninvited["room"], &uninvited["reason"]);
    assert_eq!(told, (&room.as_str().into(), &"deleted".into()));
    assert_eq!(chat.get("/api/invitations", &[("user_id", "dave")]).await.body, json!([]));

    let mut bob = chat.joined_by("bob").await;
    assert_eq!(chat.get("/api/conversations", &[("user_id", "bob")]).await.body, json!([]));
    bob.sends(&json!({ "action": "sync", "since": { &conversation: 1 } })).await;
    let synced = bob.sees_in_time("synced").await["conversations"][&conversation].clone();
    let gone = json!({ "upto": 1, "complete": false, "more": false, "error": "not_found" });
    assert_eq!(synced, gone);
    bob.sends(&json!({ "action": "history", "conversation": conversation })).await;
    bob.is_told("not_found").await;
}

#[tokio::test]
async fn whoever_is_invited_hears_of_it_and_of_its_end() {
    let chat = Chat::start().await;
    let new = json!({ "name": "secret", "access": "private", "user_id": "alice" });
    let made = chat.post("/api/rooms", new).await;
    let room = made.body["id"].as_str().unwrap();
    let mut bob = chat.joined_by("bob").await;
    let (path, by) = (format!("/api/rooms/{room}/invitations/bob"), json!({ "user_id": "alice" }));
    for end in ["withdrawn", "declined", "banned"] {
        assert_eq!(chat.put(&path, by.clone()).await.status, 204);
        let invited = is_shown(&mut bob, "invited").await;
        assert_eq!((&invited["room"], &invited["by"]), (&made.body, &"alice".into()));
        // Asking again is nothing new.
        assert_eq!(chat.put(&path, by.clone()).await.status, 204);
        let mine = format!("/api/invitations/{room}");
        let ended = match end {
            "withdrawn" => chat.delete(&path, &[("user_id", "alice")]).await,
            "declined" => chat.delete(&mine, &[("user_id", "bob")]).await,
            _ => chat.put(&format!("/api/rooms/{room}/bans/bob"), by.clone()).await,
        };
        assert_eq!(ended.status, 204, "{end}");
        let reason = if end == "declined" { "declined" } else { "withdrawn" };
        assert_eq!(is_shown(&mut bob, "uninvited").await["reason"], reason);
    }
    bob.hears_nothing(&chat).await;
}

#[tokio::test]
async fn a_profile_that_changes_shows_to_oneself_and_to_friends() {
    let chat = Chat::with_accounts().await;
    let [alice, bob, carol] =
        [chat.registers("alice").await, chat.registers("bob").await, chat.registers("carol").await];
    let mut laptop = chat.joined_by_member(&alice).await;
    let mut friend = chat.joined_by_member(&bob).await;
    let mut stranger = chat.joined_by_member(&carol).await;
    laptop.says("bob", "hello").await;
    friend.hears(&alice.id, "hello").await;

    let change = json!({ "username": "alicia", "display_name": "Alice", "metadata": { "a": 1 } });
    let me = chat.asks_as(&alice.access, Method::PATCH, "/api/me", Some(change)).await;
    assert_eq!(me.status, 200);
    for person in [&mut laptop, &mut friend] {
        let frame = is_shown(person, "profile").await;
        assert_eq!((&frame["user"], &frame["deleted"]), (&alice.id.as_str().into(), &false.into()));
        for field in ["username", "display_name", "metadata"] {
            assert_eq!(frame[field], me.body[field], "{field}");
        }
    }
    let goodbye = Some(json!({ "password": PASSWORD }));
    let deleted = chat.asks_as(&alice.access, Method::DELETE, "/api/me", goodbye).await;
    assert_eq!(deleted.status, 204);
    let gone = json!({ "type": "profile", "user": alice.id, "deleted": true });
    assert_eq!(is_shown(&mut friend, "profile").await, gone);
    stranger.hears_nothing(&chat).await;
}
