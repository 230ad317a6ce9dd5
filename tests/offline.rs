//! Who is away finds everything on return, in order and once.

use serde_json::json;

use crate::support::{Chat, Person, gist};

/// `user` connects, hears `contents` of alice after the welcome, and nothing else: a last word that
/// alice says now is the next thing heard.
async fn returns_to(chat: &Chat, user: &str, contents: &[&str], alice: &mut Person) -> Person {
    let mut person = chat.joined_by(user).await;
    for content in contents {
        person.hears("alice", content).await;
    }
    alice.says(user, "last word").await;
    person.hears("alice", "last word").await;
    person.hears_nothing(chat).await;
    person
}

#[tokio::test]
async fn what_was_missed_comes_after_the_welcome_in_order_and_once() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    for content in ["one", "two", "three"] {
        let ack = alice.says("bob", content).await;
        assert_eq!(ack["delivered"], false);
    }

    let bob = returns_to(&chat, "bob", &["one", "two", "three"], &mut alice).await;
    bob.leaves().await;
    returns_to(&chat, "bob", &[], &mut alice).await;
}

#[tokio::test]
async fn a_long_backlog_comes_whole() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let contents: Vec<_> = (0..180).map(|number| number.to_string()).collect();
    for content in &contents {
        alice.sends(&json!({ "action": "message", "to": "bob", "content": content })).await;
    }
    for _ in &contents {
        alice.sees_a("ack").await;
    }
    let contents: Vec<_> = contents.iter().map(String::as_str).collect();
    returns_to(&chat, "bob", &contents, &mut alice).await;
}

#[tokio::test]
async fn a_long_backlog_comes_in_few_frames() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    for number in 0..300 {
        alice.says("bob", &format!("short message {number}")).await;
    }
    let mut bob = chat.joined_by("bob").await;
    let (mut heard, mut frames) = (Vec::new(), 0);
    while heard.len() < 300 {
        let frame = bob.sees_unfolded().await;
        assert!(frame.to_string().len() <= 32 * 1024, "more than API Gateway counts as one");
        assert_eq!(frame.get("more"), None);
        heard.extend(frame["messages"].as_array().unwrap().iter().map(gist));
        frames += 1;
    }
    let said: Vec<_> = (0..300).map(|number| format!("short message {number}")).collect();
    assert_eq!((heard, frames), (said, 3));
}

#[tokio::test]
async fn what_is_long_comes_in_frames_that_api_gateway_carries() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    // Six bytes of JSON each.
    let long = "\u{1}".repeat(4096);
    for _ in 0..3 {
        alice.says("bob", &long).await;
        alice.says("bob", "short").await;
    }
    let mut bob = chat.joined_by("bob").await;
    let mut frames = Vec::new();
    while frames.iter().sum::<usize>() < 6 {
        let frame = bob.sees_unfolded().await;
        frames.push(frame["messages"].as_array().map_or(1, Vec::len));
    }
    assert_eq!(frames, [2, 2, 2]);
}

#[tokio::test]
async fn of_too_much_the_newest_comes_and_the_rest_is_in_the_history() {
    let chat = Chat::start_with(|options| options.settings.set("BACKLOG_MESSAGES", "150")).await;
    let mut alice = chat.joined_by("alice").await;
    for number in 0..260 {
        alice.says("bob", &number.to_string()).await;
    }
    let mut bob = Person::connects(&chat.websocket_url(), "bob").await.anyhow();
    let welcome = bob.sees_a("welcome").await;
    assert_eq!(welcome["limits"]["backlog_messages"], 150);
    let frame = bob.sees_unfolded().await;
    assert_eq!(frame["more"], true);
    let newest = frame["messages"].as_array().unwrap();
    let contents: Vec<_> = newest.iter().map(gist).collect();
    assert_eq!(contents, (160..260).map(|number| number.to_string()).collect::<Vec<_>>());
    bob.hears_nothing(&chat).await;
    alice.says("bob", "next").await;
    bob.hears("alice", "next").await;

    let before = &newest[0]["seq"];
    bob.sends(&json!({ "action": "history", "with": "alice", "before": before, "limit": 100 }))
        .await;
    let page = bob.sees_in_time("history").await;
    assert_eq!(gist(&page["messages"][99]), "159");
    chat.has_delivered_everything("alice", "bob").await;
    let mut bob = chat.joined_by("bob").await;
    bob.hears_nothing(&chat).await;
}

#[tokio::test]
async fn several_conversations_wait_at_once() {
    let chat = Chat::start().await;
    let names = ["carol", "dave", "erin"];
    for name in names {
        let mut person = chat.joined_by(name).await;
        person.says("bob", "one").await;
        person.says("bob", "two").await;
    }
    let mut bob = chat.joined_by("bob").await;
    let mut heard = Vec::new();
    for _ in 0..names.len() * 2 {
        let message = bob.sees_a("message").await;
        heard.push(format!("{} {}", message["from"], message["content"]).replace('"', ""));
    }
    for name in names {
        let of_one: Vec<_> = heard.iter().filter(|line| line.starts_with(name)).collect();
        assert_eq!(of_one, [&format!("{name} one"), &format!("{name} two")]);
    }
    bob.hears_nothing(&chat).await;
}

#[tokio::test]
async fn what_comes_while_the_backlog_is_handed_over_keeps_its_place() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    for number in 0..60 {
        alice.says("bob", &number.to_string()).await;
    }
    let mut bob = Person::connects(&chat.websocket_url(), "bob").await.anyhow();
    for number in 60..120 {
        let content = number.to_string();
        alice.sends(&json!({ "action": "message", "to": "bob", "content": content })).await;
    }
    for _ in 60..120 {
        alice.sees_a("ack").await;
    }
    let mut next = 0;
    while next < 120 {
        let frame = bob.sees_in_time("message").await;
        let number: i32 = frame["content"].as_str().unwrap().parse().unwrap();
        assert!(number <= next, "{number} came before {next}");
        next = next.max(number + 1);
    }
}

#[tokio::test]
async fn one_device_there_is_enough() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let mut phone = chat.joined_by("bob").await;
    let laptop = chat.joined_by("bob").await;
    laptop.leaves().await;
    assert_eq!(alice.says("bob", "hi").await["delivered"], true);
    phone.hears("alice", "hi").await;
    let mut laptop = chat.joined_by("bob").await;
    laptop.hears_nothing(&chat).await;
}

#[tokio::test]
async fn history_tells_what_is_delivered_and_what_waits() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let bob = chat.joined_by("bob").await;
    alice.says("bob", "there").await;
    bob.leaves().await;
    alice.says("bob", "away").await;

    let status = |messages: Vec<serde_json::Value>| {
        messages.iter().map(|message| message["status"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(status(chat.messages("alice", "bob").await), ["delivered", "sent"]);

    let mut bob = chat.joined_by("bob").await;
    bob.hears("alice", "away").await;
    alice.says("bob", "seen").await;
    bob.hears("alice", "seen").await;
    bob.hears_nothing(&chat).await;
    chat.has_delivered_everything("alice", "bob").await;
    assert_eq!(status(chat.messages("alice", "bob").await), ["delivered"; 3]);
}

#[tokio::test]
async fn what_has_expired_is_not_handed_over() {
    let chat = Chat::start_with(|options| options.settings.set("RETENTION_DAYS", "1")).await;
    let mut alice = chat.joined_by("alice").await;
    // More than are read at once.
    for number in 0..60 {
        alice.says("bob", &format!("old {number}")).await;
    }
    chat.time.advance(std::time::Duration::from_secs(2 * 24 * 60 * 60));
    let mut alice = chat.joined_by("alice").await;
    alice.says("bob", "new").await;
    let mut bob = chat.joined_by("bob").await;
    bob.hears("alice", "new").await;
    chat.has_delivered_everything("alice", "bob").await;
    bob.hears_nothing(&chat).await;
}
