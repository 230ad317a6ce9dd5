//! People meet in rooms.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use crate::support::{Chat, Person, gist, in_time};

/// alice's room, with bob in it; the notices of that are heard already, and nothing waits: what is
/// said next is pushed by who says it.
async fn with_two(chat: &Chat) -> (String, Person, Person) {
    let room = chat.room_of("alice", "general").await;
    let mut alice = chat.joined_by("alice").await;
    alice.sees_a("message").await;
    let mut bob = chat.joined_by("bob").await;
    bob.joins("general").await;
    alice.hears("bob", "bob joined").await;
    chat.has_delivered_the_room(&room, "alice").await;
    (room, alice, bob)
}

fn contents(messages: &Value) -> Vec<String> {
    messages.as_array().unwrap().iter().map(gist).collect()
}

#[tokio::test]
async fn a_room_is_made_looked_up_and_listed() {
    let chat = Chat::start().await;
    let about = json!({ "name": " General ", "topic": "this and that", "metadata": { "color": 1 },
        "user_id": "alice" });
    let made = chat.post("/api/rooms", about).await;
    assert_eq!(made.status, 201);
    let room = &made.body;
    assert_eq!((&room["name"], &room["topic"]), (&"General".into(), &"this and that".into()));
    assert_eq!((&room["creator"], &room["members"]), (&"alice".into(), &1.into()));
    assert_eq!(room["metadata"], json!({ "color": 1 }));
    let id = room["id"].as_str().unwrap();
    assert_eq!(room["conversation"], format!("room:{id}"));

    for path in
        [format!("/api/rooms/{id}"), "/api/rooms/General".into(), "/api/rooms/GENERAL".into()]
    {
        assert_eq!(chat.get(&path, &[]).await.body, *room, "{path}");
    }
    assert_eq!(chat.get("/api/rooms", &[]).await.body, json!([room]));
    assert_eq!(chat.get("/api/rooms/nowhere", &[]).await.status, 404);
}

#[tokio::test]
async fn names_are_unique_until_their_room_is_deleted() {
    let chat = Chat::start().await;
    let room = chat.room_of("alice", "general").await;
    let again = chat.post("/api/rooms", json!({ "name": "GENERAL", "user_id": "bob" })).await;
    assert_eq!((again.status, &again.body["error"]["code"]), (409, &"conflict".into()));

    assert_eq!(chat.room_of("alice", "general").await, room);

    let path = format!("/api/rooms/{room}");
    assert_eq!(chat.delete(&path, &[("user_id", "bob")]).await.status, 403);
    assert_eq!(chat.delete(&path, &[("user_id", "alice")]).await.status, 204);
    assert_eq!(chat.get(&path, &[]).await.status, 404);
    assert_eq!(chat.get("/api/rooms", &[]).await.body, json!([]));
    let conversations = chat.get("/api/conversations", &[("user_id", "alice")]).await;
    assert_eq!(conversations.body, json!([]));
    let second = chat.room_of("bob", "general").await;
    assert_ne!(second, room);
}

#[tokio::test]
async fn a_room_may_have_another_name_and_the_old_one_is_free() {
    let chat = Chat::start().await;
    let room = chat.room_of("alice", "general").await;
    chat.room_of("bob", "tea").await;
    let path = format!("/api/rooms/{room}");
    let named = |name: &str, user: &str| json!({ "name": name, "user_id": user });
    assert_eq!(chat.patch(&path, named("coffee", "bob")).await.status, 403);
    assert_eq!(chat.patch(&path, named("TEA", "alice")).await.status, 409);
    assert_eq!(chat.patch(&path, named(" ", "alice")).await.status, 400);
    for name in ["General", "coffee", "coffee"] {
        let renamed = chat.patch(&path, named(name, "alice")).await;
        assert_eq!((renamed.status, &renamed.body["name"]), (200, &name.into()));
        assert_eq!(chat.get(&format!("/api/rooms/{name}"), &[]).await.body, renamed.body);
    }
    assert_eq!(chat.get("/api/rooms/general", &[]).await.status, 404);
    let rooms = chat.get("/api/rooms", &[]).await.body;
    let names: Vec<_> = rooms.as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["coffee", "tea"]);
    let second = chat.room_of("carol", "general").await;
    assert_ne!(second, room);
    assert_eq!(chat.delete(&path, &[("user_id", "alice")]).await.status, 204);
    chat.room_of("carol", "coffee").await;
    assert_eq!(chat.get("/api/rooms/general", &[]).await.body["id"], second.as_str());
}

#[tokio::test]
async fn the_list_of_rooms_has_pages() {
    let chat = Chat::start().await;
    // In small letters it is twice as long as a name may be.
    let long = "\u{130}".repeat(64);
    for name in ["delta", "Alpha", "charlie", "Bravo", "echo", &long, "\u{1F44B}"] {
        chat.room_of("alice", name).await;
    }
    let mut path = "/api/rooms?limit=3".to_owned();
    let mut names = Vec::new();
    loop {
        let page = chat.get(&path, &[]).await;
        let rooms = page.body.as_array().unwrap();
        names.extend(rooms.iter().map(|room| room["name"].as_str().unwrap().to_owned()));
        let Some(link) = page.link else { break };
        path = link.split_once('>').unwrap().0.trim_start_matches('<').to_owned();
    }
    assert_eq!(names, ["Alpha", "Bravo", "charlie", "delta", "echo", &long, "\u{1F44B}"]);
}

#[tokio::test]
async fn what_is_said_reaches_every_connection_of_every_member() {
    let chat = Chat::start().await;
    let (room, mut alice, mut bob) = with_two(&chat).await;
    let mut laptop = chat.joined_by("alice").await;
    let mut eve = chat.joined_by("eve").await;

    let ack = bob.says_in("general", "hello").await;
    assert_eq!(
        (&ack["delivered"], &ack["conversation"]),
        (&true.into(), &format!("room:{room}").into())
    );
    for person in [&mut alice, &mut laptop] {
        let heard = person.hears("bob", "hello").await;
        assert_eq!((&heard["room"], heard.get("to")), (&room.clone().into(), None));
    }
    eve.hears_nothing(&chat).await;
    // The room hears itself: bob's frame came before or after the ack.
    bob.says_in(&room, "again").await;
    alice.hears("bob", "again").await;
}

#[tokio::test]
async fn whoever_is_no_member_can_neither_speak_nor_read_nor_hear() {
    let chat = Chat::start().await;
    let (room, mut alice, _bob) = with_two(&chat).await;
    let mut eve = chat.joined_by("eve").await;
    let conversation = format!("room:{room}");
    for frame in [
        json!({ "action": "message", "room": "general", "content": "x" }),
        json!({ "action": "message", "room": room, "content": "x" }),
        json!({ "action": "history", "room": "general" }),
        json!({ "action": "history", "conversation": conversation }),
        json!({ "action": "typing", "room": "general" }),
        json!({ "action": "read", "conversation": conversation, "seq": 1 }),
    ] {
        eve.sends(&frame).await;
        eve.is_told("forbidden").await;
    }
    for path in [format!("/api/rooms/{room}/messages"), "/api/rooms/general/members".into()] {
        assert_eq!(chat.get(&path, &[("user_id", "eve")]).await.status, 403, "{path}");
    }
    let body = json!({ "room": "general", "content": "x", "sender_id": "eve" });
    assert_eq!(chat.post("/api/send_message", body).await.status, 403);
    eve.sends(&json!({ "action": "message", "room": "nowhere", "content": "x" })).await;
    eve.is_told("not_found").await;
    alice.says_in("general", "secret").await;
    eve.hears_nothing(&chat).await;
}

#[tokio::test]
async fn whoever_has_left_hears_no_more() {
    let chat = Chat::start().await;
    let (_, mut alice, mut bob) = with_two(&chat).await;
    bob.sends(&json!({ "action": "leave", "room": "general" })).await;
    bob.sees_in_time("left").await;
    alice.hears("bob", "bob left").await;
    alice.says_in("general", "gone?").await;
    bob.hears_nothing(&chat).await;
    let members = chat.get("/api/rooms/general/members", &[("user_id", "alice")]).await;
    assert_eq!(members.body.as_array().unwrap().len(), 1);
    assert_eq!(chat.get("/api/rooms/general", &[]).await.body["members"], 1);
    assert_eq!(
        chat.post("/api/rooms/general/leave", json!({ "user_id": "bob" })).await.status,
        204
    );
}

#[tokio::test]
async fn what_waits_of_a_room_is_not_for_whoever_has_left_it_since() {
    let chat = Chat::start().await;
    let (_, mut alice, bob) = with_two(&chat).await;
    bob.leaves().await;
    in_time(async {
        while alice.says_in("general", "are you there?").await["delivered"] == true {}
    })
    .await;
    let left = chat.post("/api/rooms/general/leave", json!({ "user_id": "bob" })).await;
    assert_eq!(left.status, 204);
    alice.says_in("general", "now that he has left").await;
    alice.says("bob", "come back").await;

    let mut bob = chat.joined_by("bob").await;
    assert_eq!(bob.sees_a("message").await["content"], "come back");
    bob.hears_nothing(&chat).await;
}

#[tokio::test]
async fn whoever_has_left_since_the_list_was_read_is_not_shown_what_is_said() {
    let chat = Chat::start().await;
    let room = chat.room_of("alice", "general").await;
    // As if alice left between the looks at her list and at the room.
    let (table, name) = chat.table();
    let key = |value: &str| AttributeValue::S(value.to_owned());
    let delete = table.delete_item().table_name(&name).key("sk", key("MEMBER#alice"));
    delete.key("pk", key(&format!("CONV#room:{room}"))).send().await.unwrap();
    let listed = chat.get("/api/conversations", &[("user_id", "alice")]).await;
    assert_eq!((listed.status, listed.body), (200, json!([])));
}

#[tokio::test]
async fn joining_hands_over_what_was_said_and_joining_twice_changes_nothing() {
    let chat = Chat::start().await;
    let (_, mut alice, _bob) = with_two(&chat).await;
    alice.says_in("general", "welcome all").await;

    let mut carol = chat.joined_by("carol").await;
    let joined = carol.joins("general").await;
    let expected = ["alice joined", "bob joined", "welcome all", "carol joined"];
    assert_eq!(contents(&joined["messages"]), expected);
    assert_eq!(joined["room"]["members"], 3);
    assert_eq!(joined["messages"][0]["kind"], "joined");

    let again = carol.joins("general").await;
    assert_eq!(contents(&again["messages"]), expected);
    let members = chat.get("/api/rooms/general/members", &[("user_id", "carol")]).await;
    let names: Vec<_> =
        members.body.as_array().unwrap().iter().map(|it| it["user"].clone()).collect();
    assert_eq!(names, ["alice", "bob", "carol"]);
    assert_eq!(members.body[0]["role"], "owner");
}

#[tokio::test]
async fn members_have_pages() {
    let chat = Chat::start().await;
    let (room, _alice, _bob) = with_two(&chat).await;
    for number in 0..5 {
        let body = json!({ "user_id": format!("user {number}") });
        assert_eq!(chat.post(&format!("/api/rooms/{room}/join"), body).await.status, 200);
    }
    let mut path = format!("/api/rooms/{room}/members?user_id=alice&limit=3");
    let mut names = Vec::new();
    loop {
        let page = chat.get(&path, &[]).await;
        let members = page.body.as_array().unwrap();
        names.extend(members.iter().map(|it| it["user"].as_str().unwrap().to_owned()));
        let Some(link) = page.link else { break };
        path = link.split_once('>').unwrap().0.trim_start_matches('<').to_owned();
    }
    assert_eq!(names, ["alice", "bob", "user 0", "user 1", "user 2", "user 3", "user 4"]);
}

#[tokio::test]
async fn any_cursor_is_taken_or_refused() {
    let chat = Chat::start().await;
    let room = chat.room_of("alice", "general").await;
    for (after, status) in [("~~~~", 200), ("%7E", 200), (" ", 200), ("", 400), ("%00", 400)] {
        let query = [("user_id", "alice"), ("after", after)];
        let answer = chat.get(&format!("/api/rooms/{room}/members"), &query).await;
        assert_eq!(answer.status, status, "{after:?}");
    }
}

#[tokio::test]
async fn rooms_and_people_have_limits() {
    let chat = Chat::start_with(|options| {
        options.settings.set("MAX_MEMBERS_PER_ROOM", "2");
        options.settings.set("MAX_ROOMS_PER_USER", "2");
    })
    .await;
    chat.room_of("alice", "one").await;
    chat.room_of("alice", "two").await;
    let third = chat.post("/api/rooms", json!({ "name": "three", "user_id": "alice" })).await;
    assert_eq!((third.status, &third.body["error"]["code"]), (409, &"conflict".into()));
    assert_eq!(chat.get("/api/rooms/three", &[]).await.status, 404);

    let join = |user: &'static str| chat.post("/api/rooms/one/join", json!({ "user_id": user }));
    assert_eq!(join("bob").await.status, 200);
    assert_eq!(join("carol").await.status, 409);
    assert_eq!(join("bob").await.status, 200);
    chat.post("/api/rooms/one/leave", json!({ "user_id": "bob" })).await;
    assert_eq!(join("carol").await.status, 200);
}

#[tokio::test]
async fn bad_rooms_are_refused() {
    let chat = Chat::start().await;
    let long = "x".repeat(65);
    let guid = "0192b4e0-7c00-7000-8000-000000000000";
    for name in ["", "   ", "a\nb", &long, guid] {
        let answer = chat.post("/api/rooms", json!({ "name": name, "user_id": "a" })).await;
        assert_eq!(answer.status, 400, "{name:?}");
    }
    for body in [
        json!({}),
        json!({ "name": 5, "user_id": "a" }),
        json!({ "name": "x" }),
        json!({ "name": "x", "user_id": "a", "topic": "x".repeat(257) }),
        json!({ "name": "x", "user_id": "a", "metadata": [1] }),
        json!([]),
    ] {
        assert_eq!(chat.post("/api/rooms", body.clone()).await.status, 400, "{body}");
    }
    let metadata = json!({ "name": "x", "user_id": "a", "metadata": { "x": "y".repeat(5000) } });
    assert_eq!(chat.post("/api/rooms", metadata).await.status, 413);
    assert_eq!(chat.get("/api/rooms", &[]).await.body, json!([]));
}

#[tokio::test]
async fn a_deletion_that_was_interrupted_goes_on_by_name() {
    let chat = Chat::start().await;
    let room = chat.room_of("alice", "general").await;
    // As far as a function got that died then.
    let mut item = chat.item(&format!("CONV#room:{room}"), "ROOM").await;
    item.insert("deleted".to_owned(), AttributeValue::S("alice".to_owned()));
    chat.puts(item).await;
    assert_eq!(chat.get("/api/rooms/general", &[]).await.status, 404);
    let by = |user| [("user_id", user)];
    assert_eq!(chat.delete("/api/rooms/general", &by("bob")).await.status, 404);
    assert_eq!(chat.delete("/api/rooms/general", &by("alice")).await.status, 204);
    assert_eq!(chat.delete("/api/rooms/general", &by("alice")).await.status, 404);
    assert_ne!(chat.room_of("bob", "general").await, room);
}

#[tokio::test]
async fn a_private_room_ends_with_its_last_member_unless_somebody_is_invited() {
    let chat = Chat::start().await;
    let (alice, bob) = (json!({ "user_id": "alice" }), json!({ "user_id": "bob" }));
    let make = json!({ "name": "secret", "access": "private", "user_id": "alice" });
    let made = async || chat.post("/api/rooms", make.clone()).await.body["id"].clone();
    let first = made().await;
    let path = format!("/api/rooms/{}", first.as_str().unwrap());
    chat.put(&format!("{path}/invitations/bob"), alice.clone()).await;
    assert_eq!(chat.post(&format!("{path}/leave"), alice.clone()).await.status, 204);
    assert_eq!(chat.post(&format!("{path}/join"), bob.clone()).await.status, 200);
    assert_eq!(chat.post(&format!("{path}/leave"), bob.clone()).await.status, 204);

    let second = made().await;
    assert_ne!(second, first);
    let path = format!("/api/rooms/{}", second.as_str().unwrap());
    chat.put(&format!("{path}/invitations/bob"), alice.clone()).await;
    assert_eq!(chat.post(&format!("{path}/leave"), alice.clone()).await.status, 204);
    let invitation = format!("/api/invitations/{}", second.as_str().unwrap());
    assert_eq!(chat.delete(&invitation, &[("user_id", "bob")]).await.status, 204);
    assert_ne!(made().await, second);
}
