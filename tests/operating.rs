//! What whoever operates a server sees of it: counts, and the way of a message.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use tokio::process::Command;

use crate::support::{Chat, Person, binary};

async fn start() -> Chat {
    Chat::start_with(|options| options.settings.set("OPERATORS", "olga")).await
}

/// What `/metrics` says, by name.
async fn counted(chat: &Chat, name: &str) -> f64 {
    let answer = chat.request(reqwest::Method::GET, "/metrics").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.map_or(0.0, |value| value.parse().unwrap())
}

/// The steps of a message: what happened, to whom, and what became of it.
async fn way(chat: &Chat, conversation: &str, seq: u64) -> Vec<String> {
    let path = format!("/api/trace/{}/{seq}", conversation.replace(':', "%3A"));
    let answer = chat.get(&path, &[("user_id", "olga")]).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let step = |step: &Value| {
        let parts = ["step", "user", "answer"].map(|name| step[name].as_str().unwrap_or("-"));
        parts.join(" ")
    };
    answer.body.as_array().unwrap().iter().map(step).collect()
}

async fn says(person: &mut Person, content: &str) -> u64 {
    person.says("bob", content).await["seq"].as_u64().unwrap()
}

#[tokio::test]
async fn the_way_of_a_message_is_what_happened_to_it() {
    let chat = start().await;
    let mut alice = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;
    let taken = says(&mut alice, "you are there").await;
    bob.hears("alice", "you are there").await;
    assert_eq!(way(&chat, "dm:alice:bob", taken).await, ["stored alice -", "pushed bob taken"]);
    bob.leaves().await;
    let first = says(&mut alice, "you are away").await;
    let second = says(&mut alice, "still").await;
    let waits = way(&chat, "dm:alice:bob", first).await;
    assert_eq!(waits, ["stored alice -", "waiting bob -"]);
    let behind = way(&chat, "dm:alice:bob", second).await;
    assert_eq!(behind, ["stored alice -", "left_to_backlog bob -"]);

    let mut bob = chat.joined_by("bob").await;
    bob.hears("alice", "you are away").await;
    bob.hears("alice", "still").await;
    chat.has_delivered_everything("alice", "bob").await;
    for seq in [first, second] {
        let way = way(&chat, "dm:alice:bob", seq).await;
        assert_eq!(way.last().unwrap(), "drained bob taken", "{way:?}");
    }
    assert_eq!(way(&chat, "dm:alice:bob", taken).await.len(), 2, "nothing happened to it since");
}

#[tokio::test]
async fn the_way_of_what_the_stream_brings_says_so() {
    let chat = Chat::start_with(|options| {
        options.settings.set("OPERATORS", "olga");
        options.settings.set("FAN_OUT_MEMBERS", "2");
    })
    .await;
    let room = chat.room_of("alice", "tea").await;
    let mut alice = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;
    bob.joins(&room).await;
    // The first counts who is there.
    alice.says_in(&room, "one").await;
    let seq = alice.says_in(&room, "two").await["seq"].as_u64().unwrap();
    while bob.sees_in_time("message").await["content"] != "two" {}
    chat.has_served_the_stream().await;
    let way = way(&chat, &format!("room:{room}"), seq).await;
    assert_eq!(way[..2], ["stored_for_stream alice -", "handed_over - -"], "{way:?}");
    assert!(way.contains(&"pushed bob taken".to_owned()), "{way:?}");
}

#[tokio::test]
async fn what_is_sent_again_is_counted_as_that_alone() {
    let chat = start().await;
    let mut alice = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;
    for _ in 0..3 {
        alice.says_as("bob", "hello", "1").await;
        bob.hears("alice", "hello").await;
    }
    for (name, expected) in [
        ("confab_messages_accepted_total", 1.0),
        ("confab_messages_repeated_total", 2.0),
        ("confab_messages_delivered_total", 1.0),
        ("confab_delivery_time_milliseconds_count", 1.0),
    ] {
        assert_eq!(counted(&chat, name).await, expected, "{name}");
    }
}

#[tokio::test]
async fn only_operators_are_told_the_way_of_a_message() {
    let chat = start().await;
    let mut alice = chat.joined_by("alice").await;
    let seq = says(&mut alice, "hello").await;
    let path = format!("/api/trace/dm%3Aalice%3Abob/{seq}");
    assert_eq!(chat.get(&path, &[("user_id", "alice")]).await.status, 403);
    let nowhere = chat.get("/api/trace/nowhere/1", &[("user_id", "olga")]).await;
    assert_eq!(nowhere.status, 404);
    let silent = Chat::start_with(|options| {
        options.settings.set("OPERATORS", "olga");
        options.settings.set("TRACE_DELIVERIES", "false");
    })
    .await;
    let answer = silent.get(&path, &[("user_id", "olga")]).await;
    assert_eq!(answer.status, 404);
    assert!(answer.body["error"]["message"].as_str().unwrap().contains("Logs Insights"));
}

#[tokio::test]
async fn the_terminal_client_tells_why() {
    let chat = start().await;
    let mut alice = chat.joined_by("alice").await;
    let seq = says(&mut alice, "hello").await;
    let mut program = Command::new(binary("chat"));
    let url = chat.websocket_url();
    program.args(["--url", &url, "--user", "olga", "--why", "dm:alice:bob", &seq.to_string()]);
    let printed = program.env_clear().output().await.unwrap();
    let told = String::from_utf8(printed.stdout).unwrap();
    assert!(printed.status.success(), "{told}");
    let lines: Vec<_> = told.lines().map(|line| line.split_once("  ").unwrap().1).collect();
    let expected = [
        "stored, said by alice; the sender's invocation brings it",
        "waits for bob: no connection took it",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_holds_up_nobody() {
    let chat = start().await;
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let item = [("pk", "NOBODY#1"), ("sk", "INBOX"), ("arrived", "somebody")];
    chat.puts(item.map(|(name, value)| (name.to_owned(), text(value))).into()).await;
    let mut alice = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;
    says(&mut alice, "hello").await;
    bob.hears("alice", "hello").await;
    chat.has_served_the_stream().await;
    assert_eq!(counted(&chat, "confab_unreadable_records_total").await, 1.0);
}

#[tokio::test]
async fn the_metrics_are_what_happened() {
    let chat = start().await;
    let mut alice = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;
    for content in ["one", "two"] {
        says(&mut alice, content).await;
        bob.hears("alice", content).await;
    }
    bob.leaves().await;
    says(&mut alice, "three").await;
    alice.says_as("bob", "four", "4").await;
    alice.says_as("bob", "four", "4").await;
    for (name, expected) in [
        ("confab_messages_accepted_total", 4.0),
        ("confab_messages_repeated_total", 1.0),
        ("confab_messages_waiting_total", 2.0),
        ("confab_messages_delivered_total", 2.0),
        ("confab_delivery_time_milliseconds_count", 2.0),
        ("confab_pushes_failed_total", 0.0),
    ] {
        assert_eq!(counted(&chat, name).await, expected, "{name}");
    }
    let elsewhere = chat.request(reqwest::Method::GET, "/metrics");
    let elsewhere = elsewhere.header("host", "chat.example.com").send().await.unwrap();
    assert_eq!(elsewhere.status(), 403);
    let page = chat.request(reqwest::Method::GET, "/metrics");
    let page = page.header("origin", "https://chat.example.com").send().await.unwrap();
    assert_eq!(page.status(), 403);
}
