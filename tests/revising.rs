//! What becomes of what was said: it is edited, deleted, answered, reacted to, and calls people.

use std::time::Duration;

use local::options::Options;
use serde_json::{Value, json};

use crate::support::{Chat, Person};

const BOTH: &str = "dm:alice:bob";

/// alice and bob, and the number of what alice has said to bob.
async fn said(chat: &Chat, content: &str) -> (Person, Person, u64) {
    let mut alice = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;
    let seq = alice.says("bob", content).await["seq"].as_u64().unwrap();
    bob.hears("alice", content).await;
    (alice, bob, seq)
}

/// Does something to a message; the answer.
async fn does(person: &mut Person, action: &str, seq: u64, with: Value) -> Value {
    does_in(person, BOTH, action, seq, with).await
}

async fn does_in(
    person: &mut Person,
    conversation: &str,
    action: &str,
    seq: u64,
    with: Value,
) -> Value {
    let mut frame = json!({ "action": action, "conversation": conversation, "seq": seq });
    frame.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    person.sends(&frame).await;
    loop {
        let frame = person.sees().await;
        if ["ack", "error"].iter().any(|kind| frame["type"] == *kind) {
            return frame;
        }
    }
}

/// A message as its permalink shows it to somebody.
async fn link(chat: &Chat, conversation: &str, seq: u64, user: &str) -> Value {
    let path = format!("/api/conversations/{conversation}/messages/{seq}");
    let answer = chat.get(&path, &[("user_id", user)]).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.body
}

/// Everything that the table holds, as text.
async fn table(chat: &Chat) -> String {
    let (table, name) = chat.table();
    let all = table.scan().table_name(name).consistent_read(true).send().await.unwrap();
    format!("{:?}", all.items())
}

#[tokio::test]
async fn an_edit_reaches_everybody_and_is_what_is_read_afterwards() {
    let chat = Chat::start().await;
    let (mut alice, mut bob, seq) = said(&chat, "helo").await;
    let ack = does(&mut alice, "edit", seq, json!({ "content": "hello", "id": "e1" })).await;
    assert_eq!((&ack["id"], &ack["of"], &ack["seq"]), (&json!("e1"), &json!(seq), &json!(seq + 1)));
    let event = bob.sees_a("message").await;
    assert_eq!(
        (&event["kind"], &event["of"], &event["content"], &event["seq"]),
        (&json!("edited"), &json!(seq), &json!("hello"), &json!(seq + 1))
    );
    let again = does(&mut alice, "edit", seq, json!({ "content": "hello", "id": "e1" })).await;
    assert_eq!((&again["seq"], &again["duplicate"]), (&json!(seq + 1), &json!(true)));
    let other = does(&mut alice, "edit", seq, json!({ "content": "hallo", "id": "e1" })).await;
    assert_eq!(other["code"], "conflict");
    let now = link(&chat, BOTH, seq, "bob").await;
    assert_eq!((&now["content"], &now["revised"]), (&json!("hello"), &json!(seq + 1)));
    assert_eq!(now["edited_at"], ack["timestamp"]);
    let listed = chat.messages("alice", "bob").await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["content"], "hello");
    // Only the words of the last edit are kept, and only with the message and its event.
    does(&mut alice, "edit", seq, json!({ "content": "hey", "id": "e2" })).await;
    let table = table(&chat).await;
    assert!(!table.contains("\"helo\"") && !table.contains("\"hello\""), "{table}");
}

#[tokio::test]
async fn what_a_message_said_before_is_kept_only_if_that_is_wanted_and_until_it_is_deleted() {
    let chat = Chat::start_with(|options| options.settings.set("EDIT_VERSIONS", "2")).await;
    let (mut alice, _bob, seq) = said(&chat, "one").await;
    let path = format!("/api/conversations/{BOTH}/messages/{seq}/versions");
    let versions = async |user: &str| {
        let answer = chat.get(&path, &[("user_id", user)]).await;
        let list = answer.body.as_array().cloned().unwrap_or_default();
        (answer.status, list.iter().map(|it| it["content"].clone()).collect::<Value>())
    };
    assert_eq!(versions("bob").await, (200, json!([])));
    for (content, before) in [
        ("two", json!(["one"])),
        ("three", json!(["one", "two"])),
        ("four", json!(["two", "three"])),
    ] {
        let ack = does(&mut alice, "edit", seq, json!({ "content": content })).await;
        assert_eq!(ack["type"], "ack", "{ack}");
        assert_eq!(versions("bob").await, (200, before));
    }
    assert_eq!(versions("carol").await.0, 403);
    assert!(!table(&chat).await.contains("\"one\""));
    does(&mut alice, "delete", seq, json!({})).await;
    assert_eq!(versions("bob").await, (200, json!([])));
    let table = table(&chat).await;
    for gone in ["two", "three", "four", "EARLIER"] {
        assert!(!table.contains(gone), "{gone} in {table}");
    }
}

#[tokio::test]
async fn whoever_was_away_gets_the_message_as_it_is_now() {
    let chat = Chat::start().await;
    let (mut alice, bob, _) = said(&chat, "first").await;
    bob.leaves().await;
    let seq = alice.says("bob", "secret").await["seq"].as_u64().unwrap();
    does(&mut alice, "edit", seq, json!({ "content": "public" })).await;
    let mut bob = Person::connects(&chat.websocket_url(), "bob").await.welcomed().await;
    let waited = bob.sees_a("message").await;
    assert_eq!((&waited["content"], &waited["revised"]), (&json!("public"), &json!(seq + 1)));
    assert_eq!(bob.sees_a("message").await["kind"], "edited");
    let unread = chat.get("/api/conversations", &[("user_id", "bob")]).await.body;
    assert_eq!((&unread[0]["unread"], &unread[0]["last_message"]["seq"]), (&json!(2), &json!(seq)));
}

#[tokio::test]
async fn a_deletion_leaves_the_content_nowhere() {
    let chat = Chat::start().await;
    let (mut alice, mut bob, seq) = said(&chat, "the launch code").await;
    let answer = json!({ "action": "message", "to": "alice", "content": "oh", "reply_to": seq });
    bob.sends(&answer).await;
    let reply = bob.sees_in_time("ack").await["seq"].as_u64().unwrap();
    let data = json!({ "content": "the other code", "data": { "code": "1-2-3" } });
    does(&mut alice, "edit", seq, data).await;
    does(&mut bob, "react", seq, json!({ "key": "👍" })).await;
    let ack = does(&mut alice, "delete", seq, json!({})).await;
    assert_eq!(ack["of"], seq);
    let now = link(&chat, BOTH, seq, "bob").await;
    assert_eq!((&now["content"], &now["deleted_by"]), (&json!(""), &json!("alice")));
    assert_eq!(now["deleted_at"], ack["timestamp"]);
    for gone in ["data", "reactions", "edited_at"] {
        assert!(now.get(gone).is_none(), "{now}");
    }
    let quote = &link(&chat, BOTH, reply, "bob").await["reply_to"];
    assert_eq!(
        quote,
        &json!({ "seq": seq, "from": "alice", "revised": ack["seq"], "deleted": true })
    );
    let table = table(&chat).await;
    assert!(!table.contains("code"), "{table}");
    // It stays deleted, however often it is asked, and nothing else becomes of it.
    let again = does(&mut alice, "delete", seq, json!({})).await;
    assert_eq!((&again["duplicate"], &again["seq"]), (&json!(true), &json!(seq)));
    for (action, with) in [("edit", json!({ "content": "x" })), ("react", json!({ "key": "x" }))] {
        let refused = does(&mut alice, action, seq, with).await;
        assert_eq!(refused["code"], "conflict", "{action}");
    }
}

#[tokio::test]
async fn only_its_author_edits_a_message_and_only_in_time() {
    let limited = |options: &mut Options| options.settings.set("EDIT_SECONDS", "60");
    let chat = Chat::start_with(limited).await;
    let (mut alice, mut bob, seq) = said(&chat, "mine").await;
    for (action, with) in [("edit", json!({ "content": "yours" })), ("delete", json!({}))] {
        let refused = does(&mut bob, action, seq, with).await;
        assert_eq!(
            (&refused["code"], &refused["reason"]),
            (&json!("forbidden"), &json!("not_yours"))
        );
    }
    chat.time.advance(Duration::from_secs(61));
    let refused = does(&mut alice, "edit", seq, json!({ "content": "later" })).await;
    assert_eq!((&refused["code"], &refused["reason"]), (&json!("forbidden"), &json!("too_late")));
    assert_eq!(does(&mut alice, "delete", seq, json!({})).await["type"], "ack");
}

#[tokio::test]
async fn what_is_not_there_cannot_be_changed() {
    let chat = Chat::start().await;
    let (mut alice, mut bob, seq) = said(&chat, "hello").await;
    does(&mut alice, "edit", seq, json!({ "content": "hallo" })).await;
    bob.sees_a("message").await;
    for (place, action, with) in [
        (seq + 7, "edit", json!({ "content": "x" })),
        (0, "delete", json!({})),
        // An event is no message.
        (seq + 1, "delete", json!({})),
        (u64::MAX >> 11, "react", json!({ "key": "x" })),
    ] {
        let refused = does(&mut alice, action, place, with).await;
        assert_eq!(refused["code"], "not_found", "{place}");
    }
    for (with, code) in [
        (json!({}), "bad_request"),
        (json!({ "content": "" }), "bad_request"),
        (json!({ "content": "x".repeat(5000) }), "too_large"),
        (json!({ "data": { "a": "x".repeat(3000) } }), "too_large"),
        (json!({ "data": 5 }), "bad_request"),
        (json!({ "mentions": ["carol"] }), "not_found"),
    ] {
        let refused = does(&mut alice, "edit", seq, with.clone()).await;
        assert_eq!(refused["code"], code, "{with}");
    }
    for key in ["", "a b", "\n"] {
        let refused = does(&mut alice, "react", seq, json!({ "key": key })).await;
        assert_eq!(refused["code"], "bad_request", "{key:?}");
    }
    let mut carol = chat.joined_by("carol").await;
    for (action, with) in [("edit", json!({ "content": "x" })), ("react", json!({ "key": "x" }))] {
        let refused = does(&mut carol, action, seq, with).await;
        assert_eq!(refused["reason"], "not_yours", "{action}");
    }
}

#[tokio::test]
async fn people_react_once_each_and_the_first_are_named() {
    let chat = Chat::start().await;
    let room = chat.room_of("user-0", "general").await;
    let conversation = format!("room:{room}");
    let said = json!({ "room": room, "content": "who comes?", "sender_id": "user-0" });
    let seq = chat.post("/api/send_message", said).await.body["seq"].as_u64().unwrap();
    for number in 0..7 {
        let user = format!("user-{number}");
        chat.post(&format!("/api/rooms/{room}/join"), json!({ "user_id": user })).await;
        let path =
            format!("/api/conversations/{conversation}/messages/{seq}/reactions/%F0%9F%91%8D");
        for _ in 0..2 {
            assert_eq!(chat.put(&path, json!({ "user_id": user })).await.status, 200);
        }
    }
    let shown = async |user: &str| link(&chat, &conversation, seq, user).await["reactions"].clone();
    let named: Vec<_> = (0..5).map(|number| format!("user-{number}")).collect();
    for (user, mine) in [("user-1", true), ("user-6", true)] {
        let expected = json!([{ "key": "👍", "count": 7, "users": named, "mine": mine }]);
        assert_eq!(shown(user).await, expected);
    }
    chat.post(&format!("/api/rooms/{room}/join"), json!({ "user_id": "eve" })).await;
    assert_eq!(shown("eve").await, json!([{ "key": "👍", "count": 7, "users": named }]));
    let path = format!("/api/conversations/{conversation}/messages/{seq}/reactions/%F0%9F%91%8D");
    for _ in 0..2 {
        assert_eq!(chat.delete(&path, &[("user_id", "user-6")]).await.status, 200);
    }
    assert_eq!(shown("user-6").await, json!([{ "key": "👍", "count": 6, "users": named }]));
    for number in 1..=19 {
        let path = format!("/api/conversations/{conversation}/messages/{seq}/reactions/k{number}");
        assert_eq!(chat.put(&path, json!({ "user_id": "eve" })).await.status, 200);
    }
    let path = format!("/api/conversations/{conversation}/messages/{seq}/reactions/more");
    assert_eq!(chat.put(&path, json!({ "user_id": "eve" })).await.status, 409);
}

#[tokio::test]
async fn data_comes_back_as_it_came() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;
    let data = json!({
        "order": 9_007_199_254_740_993_u64, "below": -7, "price": 0.1, "rate": 1.0, "none": {},
        "list": [[], null, true], "text": "ü\u{0}",
    });
    let said = json!({ "action": "message", "to": "bob", "content": "card", "data": data });
    alice.sends(&said).await;
    let seq = alice.sees_a("ack").await["seq"].as_u64().unwrap();
    assert_eq!(bob.hears("alice", "card").await["data"], data);
    assert_eq!(link(&chat, BOTH, seq, "bob").await["data"], data);
    // An edit that says nothing of it leaves it.
    does(&mut alice, "edit", seq, json!({ "content": "other" })).await;
    assert_eq!(bob.sees_a("message").await["data"], data);
    does(&mut alice, "edit", seq, json!({ "data": null })).await;
    let now = link(&chat, BOTH, seq, "bob").await;
    assert_eq!((&now["content"], now.get("data")), (&json!("other"), None));
}

#[tokio::test]
async fn a_reply_shows_its_original_as_it_is_now() {
    let chat = Chat::start().await;
    let (mut alice, mut bob, seq) = said(&chat, &"long ".repeat(100)).await;
    let reply = json!({ "action": "message", "to": "alice", "content": "yes", "reply_to": seq });
    bob.sends(&reply).await;
    let heard = alice.sees_in_time("message").await;
    let beginning: String = "long ".repeat(100).chars().take(200).collect();
    assert_eq!(heard["reply_to"], json!({ "seq": seq, "from": "alice", "content": beginning }));
    does(&mut alice, "edit", seq, json!({ "content": "short" })).await;
    bob.sends(&json!({ "action": "history", "with": "alice" })).await;
    let page = bob.sees_in_time("history").await;
    let quote = &page["messages"][1]["reply_to"];
    assert_eq!(
        quote,
        &json!({ "seq": seq, "from": "alice", "content": "short", "revised": seq + 2 })
    );
    let missing = json!({ "action": "message", "to": "alice", "content": "x", "reply_to": 7 });
    bob.sends(&missing).await;
    bob.is_told("not_found").await;
}

#[tokio::test]
async fn a_mention_is_of_people_of_the_conversation_and_is_counted() {
    let chat = Chat::start().await;
    let room = chat.room_of("alice", "general").await;
    chat.post(&format!("/api/rooms/{room}/join"), json!({ "user_id": "bob" })).await;
    let says = async |from: &str, with: Value| {
        let mut said = json!({ "room": room, "content": "x", "sender_id": from });
        said.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
        chat.post("/api/send_message", said).await
    };
    assert_eq!(says("alice", json!({ "mentions": ["bob"] })).await.status, 200);
    assert_eq!(says("alice", json!({})).await.status, 200);
    assert_eq!(says("alice", json!({ "mentions": ["eve"] })).await.status, 404);
    assert_eq!(says("alice", json!({ "mentions_everyone": true })).await.status, 200);
    let refused = says("bob", json!({ "mentions_everyone": true })).await;
    assert_eq!((refused.status, &refused.body["error"]["reason"]), (403, &json!("role")));
    let many: Vec<_> = (0..21).map(|number| format!("user {number}")).collect();
    assert_eq!(says("alice", json!({ "mentions": many })).await.status, 400);
    let listed = chat.get("/api/conversations", &[("user_id", "bob")]).await.body;
    assert_eq!((&listed[0]["unread"], &listed[0]["mentions"]), (&json!(3), &json!(2)));
    // Whoever is edited in is called, whoever is edited out is not any more.
    let seq = listed[0]["last_message"]["seq"].as_u64().unwrap();
    let path = format!("/api/conversations/room:{room}/messages/{seq}");
    let quiet = json!({ "mentions_everyone": false, "user_id": "alice" });
    assert_eq!(chat.patch(&path, quiet).await.status, 200);
    let listed = chat.get("/api/conversations", &[("user_id", "bob")]).await.body;
    assert_eq!((&listed[0]["unread"], &listed[0]["mentions"]), (&json!(3), &json!(1)));
}

#[tokio::test]
async fn lobby_moderators_delete_what_anybody_said_to_everybody() {
    let named = |options: &mut Options| options.settings.set("LOBBY_MODERATORS", "olga");
    let chat = Chat::start_with(named).await;
    let mut alice = chat.joined_by("alice").await;
    let mut olga = chat.joined_by("olga").await;
    alice.sends(&json!({ "action": "broadcast", "content": "spam" })).await;
    let seq = alice.sees_in_time("ack").await["seq"].as_u64().unwrap();
    let mut bob = chat.joined_by("bob").await;
    let refused = does_in(&mut bob, "lobby", "delete", seq, json!({})).await;
    assert_eq!(refused["reason"], "not_yours");
    let ack = does_in(&mut olga, "lobby", "delete", seq, json!({})).await;
    assert_eq!(ack["of"], seq);
    assert_eq!(link(&chat, "lobby", seq, "bob").await["deleted_by"], "olga");
}

#[tokio::test]
async fn newcomers_hear_nothing_of_what_was_said_before_them_through_edits_and_quotes() {
    let chat = Chat::start().await;
    let new = json!({ "name": "general", "user_id": "alice", "history": "since_joining" });
    let room = chat.post("/api/rooms", new).await.body["id"].as_str().unwrap().to_owned();
    let conversation = format!("room:{room}");
    let mut alice = chat.joined_by("alice").await;
    let seq = alice.says_in(&room, "secret").await["seq"].as_u64().unwrap();
    let mut bob = chat.joined_by("bob").await;
    bob.joins(&room).await;
    does_in(&mut alice, &conversation, "edit", seq, json!({ "content": "secret 2" })).await;
    let reply = json!({ "action": "message", "room": room, "content": "so", "reply_to": seq });
    alice.sends(&reply).await;
    alice.sees_in_time("ack").await;
    chat.has_served_the_stream().await;
    bob.sends(&json!({ "action": "sync", "since": { &conversation: 0 } })).await;
    bob.sends(&json!({ "action": "history", "room": room })).await;
    let heard = bob.catches_up().await;
    assert!(heard.iter().any(|frame| frame["type"] == "history"), "{heard:?}");
    let heard = format!("{heard:?}");
    assert!(heard.contains("\"so\"") && !heard.contains("secret"), "{heard}");
    let path = format!("/api/conversations/{conversation}/messages/{seq}");
    assert_eq!(chat.get(&path, &[("user_id", "bob")]).await.status, 404);
    let asked = json!({ "room": room, "content": "what?", "reply_to": seq, "sender_id": "bob" });
    assert_eq!(chat.post("/api/send_message", asked).await.status, 404);
}

#[tokio::test]
async fn a_page_of_messages_is_one_however_many_events_are_between() {
    let chat = Chat::start_with(|options| options.settings.set("RATE_LIMIT", "0")).await;
    let (mut alice, mut bob, first) = said(&chat, "one").await;
    for number in 0..30 {
        let on = number % 2 == 0;
        does(&mut bob, "react", first, json!({ "key": "👍", "on": on })).await;
    }
    alice.catches_up().await;
    alice.says("bob", "two").await;
    alice.says("bob", "three").await;
    bob.catches_up().await;
    let page = async |query: &[(&str, &str)]| {
        let query = [query, &[("user_id", "bob"), ("with", "alice")]].concat();
        let answer = chat.get("/api/messages", &query).await;
        let said = answer.body.as_array().unwrap().iter().map(|it| it["content"].clone());
        (Value::Array(said.collect()), answer.link)
    };
    let (last, link) = page(&[("limit", "2")]).await;
    assert_eq!(last, json!(["two", "three"]));
    let before = link.unwrap();
    let (_, before) = before.split_once("before=").unwrap();
    let before = before.split('>').next().unwrap();
    assert_eq!(page(&[("limit", "2"), ("before", before)]).await.0, json!(["one"]));
    let after = first.to_string();
    assert_eq!(page(&[("limit", "1"), ("after", &after)]).await.0, json!(["two"]));
    bob.sends(&json!({ "action": "history", "with": "alice", "limit": 3 })).await;
    let frame = bob.sees_in_time("history").await;
    let numbers: Vec<_> = frame["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (first..=first + 32).collect::<Vec<_>>());
    let around = format!("/api/conversations/{BOTH}/messages");
    let asked = [("user_id", "bob"), ("around", &*(first + 31).to_string()), ("limit", "2")];
    let around = chat.get(&around, &asked).await.body;
    let around: Vec<_> = around.as_array().unwrap().iter().map(|it| &it["content"]).collect();
    assert_eq!(around, ["one", "two"]);
}

#[tokio::test]
async fn from_around_a_message_both_ways_lead_on() {
    let chat = Chat::start().await;
    let (mut alice, _bob, first) = said(&chat, "1").await;
    for number in 2..=5 {
        alice.says("bob", &number.to_string()).await;
    }
    let page = async |path: &str| {
        let answer = chat.get(path, &[]).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        let said = answer.body.as_array().unwrap().iter().map(|it| it["content"].clone());
        (Value::Array(said.collect()), answer.link.unwrap_or_default())
    };
    let all = format!("/api/conversations/{BOTH}/messages?user_id=bob");
    let (middle, links) = page(&format!("{all}&limit=2&around={}", first + 2)).await;
    assert_eq!(middle, json!(["2", "3"]));
    let to = |relation: &str| {
        let link = links.split(", ").find(|link| link.ends_with(&format!("rel=\"{relation}\"")));
        link.unwrap().split(['<', '>']).nth(1).unwrap().to_owned()
    };
    assert_eq!(page(&to("prev")).await.0, json!(["1"]));
    assert_eq!(page(&to("next")).await.0, json!(["4", "5"]));
    let (alone, _) = page(&format!("{all}&limit=1&around={}", first + 2)).await;
    assert_eq!(alone, json!(["3"]));
}

#[tokio::test]
async fn a_repeat_of_what_was_edited_since_is_one_all_the_same() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let _bob = chat.joined_by("bob").await;
    let id = uuid::Uuid::now_v7().to_string();
    let seq = alice.says_as("bob", "helo", &id).await["seq"].as_u64().unwrap();
    does(&mut alice, "edit", seq, json!({ "content": "hello" })).await;
    let again = alice.says_as("bob", "helo", &id).await;
    assert_eq!((&again["seq"], &again["duplicate"]), (&json!(seq), &json!(true)));
}
