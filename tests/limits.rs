//! What one person may do in a short time, and how often they may be there at once.

use std::time::Duration;

use futures::future::join_all;
use local::server::TestHooks;
use local::time::Time;
use serde_json::json;

use crate::support::{Answer, Chat, Person};

/// alice says something to `receiver` by HTTP.
async fn alice_says(chat: &Chat, receiver: &str, content: usize) -> Answer {
    let content = content.to_string();
    let body = json!({ "receiver_id": receiver, "content": content, "sender_id": "alice" });
    chat.post("/api/send_message", body).await
}

fn kept(answers: &[Answer]) -> usize {
    let refused = |answer: &&Answer| answer.body["error"]["code"] == "rate_limited";
    let (kept, refused) = (
        answers.iter().filter(|answer| answer.status == 200).count(),
        answers.iter().filter(refused).count(),
    );
    assert_eq!(kept + refused, answers.len(), "{answers:?}");
    kept
}

#[tokio::test]
async fn the_limit_holds_for_messages_sent_at_once() {
    let chat =
        Chat::start_in_standing_time(|options| options.settings.set("RATE_LIMIT", "20")).await;
    let answers = join_all((0..60).map(|number| alice_says(&chat, "bob", number))).await;
    assert_eq!(kept(&answers), 20);
    chat.time.advance(Duration::from_secs(1));
    assert_eq!(alice_says(&chat, "bob", 60).await.status, 200);
}

#[tokio::test]
async fn the_limit_holds_over_all_conversations_and_ways_to_speak() {
    let chat =
        Chat::start_in_standing_time(|options| options.settings.set("RATE_LIMIT", "5")).await;
    let room = chat.room_of("alice", "general").await;
    let mut alice = chat.joined_by("alice").await;
    alice.sends(&json!({ "action": "message", "to": "bob", "content": "one" })).await;
    alice.sees_in_time("ack").await;
    alice.says_in(&room, "two").await;
    alice.sends(&json!({ "action": "broadcast", "content": "three", "id": "3" })).await;
    alice.sees_in_time("ack").await;
    let receivers = (0..8).map(|number| format!("somebody {number}")).collect::<Vec<_>>();
    let sends = receivers.iter().map(|receiver| alice_says(&chat, receiver, 4));
    assert_eq!(kept(&join_all(sends).await), 2);

    alice.sends(&json!({ "action": "message", "to": "carol", "content": "six", "id": "6" })).await;
    let refused = loop {
        let frame = alice.sees().await;
        if frame["type"] == "error" {
            break frame;
        }
    };
    assert_eq!((&refused["code"], &refused["id"]), (&json!("rate_limited"), &json!("6")));
    assert!(refused["retry_after_ms"].as_u64().is_some_and(|wait| (1..=1000).contains(&wait)));
    // What is said again is not said anew.
    alice.sends(&json!({ "action": "broadcast", "content": "three", "id": "3" })).await;
    assert_eq!(alice.sees_in_time("ack").await["duplicate"], true);
}

#[tokio::test]
async fn within_a_conversation_the_limit_holds_over_all_servers() {
    let time = Time::standing();
    let hooks = || TestHooks { time: time.clone(), ..TestHooks::default() };
    let one =
        Chat::start_on_with(hooks(), |options| options.settings.set("RATE_LIMIT", "10")).await;
    let (url, table) = one.dynamodb();
    let other = Chat::start_on_with(hooks(), |options| {
        options.settings.set("RATE_LIMIT", "10");
        (options.memory, options.dynamodb, options.table) = (false, Some(url), table);
    });
    let other = other.await;
    let sends = (0..40).map(|number| {
        let chat = if number % 2 == 0 { &one } else { &other };
        alice_says(chat, "bob", number)
    });
    assert_eq!(kept(&join_all(sends).await), 10);
}

#[tokio::test]
async fn a_muted_member_cannot_flood_the_room_with_notices() {
    let chat =
        Chat::start_in_standing_time(|options| options.settings.set("NOTICES_PER_MINUTE", "4"))
            .await;
    let room = chat.room_of("alice", "general").await;
    let path = |what: &str| format!("/api/rooms/{room}/{what}");
    let mallory = || json!({ "user_id": "mallory" });
    assert_eq!(chat.post(&path("join"), mallory()).await.status, 200);
    let mute = chat.put(&path("mutes/mallory"), json!({ "user_id": "alice" })).await;
    assert_eq!(mute.status, 204);

    let mut refused = 0;
    for _ in 0..20 {
        assert_eq!(chat.post(&path("leave"), mallory()).await.status, 204);
        let join = chat.post(&path("join"), mallory()).await;
        if join.status != 200 {
            assert_eq!((join.status, &join.body["error"]["code"]), (429, &"rate_limited".into()));
            refused += 1;
        }
    }
    assert!(refused > 0);
    let told = chat.get(&path("messages"), &[("user_id", "alice")]).await;
    let told = told.body.as_array().unwrap().iter().filter(|it| it["from"] == "mallory").count();
    assert!(told <= 5, "{told} notices");

    let members = chat.get(&path("members"), &[("user_id", "alice")]).await;
    assert_eq!(members.body.as_array().unwrap().len(), 1, "who is refused is not a member");
    chat.time.advance(Duration::from_secs(60));
    assert_eq!(chat.post(&path("join"), mallory()).await.status, 200);
}

#[tokio::test]
async fn somebody_has_only_so_many_connections() {
    let chat =
        Chat::start_with(|options| options.settings.set("MAX_CONNECTIONS_PER_USER", "3")).await;
    let mut alices = Vec::new();
    for _ in 0..3 {
        alices.push(chat.joined_by("alice").await);
    }
    let url = format!("{}?user_id=alice", chat.websocket_url());
    assert_eq!(Person::is_refused(&url).await, 429);
    let mut bob = chat.joined_by("bob").await;
    assert_eq!(bob.says("alice", "hi").await["delivered"], true);
    for alice in &mut alices {
        alice.hears("bob", "hi").await;
    }
    alices.pop().unwrap().leaves().await;
    chat.joined_by("alice").await;
}

#[tokio::test]
async fn nobody_is_locked_out_by_sockets_that_are_dead() {
    let chat =
        Chat::start_with(|options| options.settings.set("MAX_CONNECTIONS_PER_USER", "2")).await;
    let alice = chat.joined_by("alice").await;
    let mut inbox = chat.item("USER#alice", "INBOX").await;
    let connection = inbox[&format!("conn:{}", alice.connection)].clone();
    inbox.remove("arrived");
    for number in 0..5 {
        // As if their ends had never been told.
        inbox.insert(format!("conn:gone{number}SM9cOFvHcI="), connection.clone());
    }
    chat.puts(inbox).await;
    let mut phone = chat.joined_by("alice").await;
    let inbox = chat.item("USER#alice", "INBOX").await;
    let known = inbox.keys().filter(|name| name.starts_with("conn:")).count();
    assert_eq!(known, 2, "what is gone is forgotten");
    phone.hears_nothing(&chat).await;
    let url = format!("{}?user_id=alice", chat.websocket_url());
    assert_eq!(Person::is_refused(&url).await, 429);
}
