//! Two people at two pipes.

use serde_json::json;

use super::client::{Client, pipe};
use crate::support::{Chat, Person};

#[tokio::test]
async fn what_is_piped_is_acknowledged_when_the_client_ends() {
    let chat = Chat::start().await;
    let url = chat.websocket_url();
    let end = pipe(&url, "--user alice --to bob", &["hello", "", "/quit is no command here"]).await;
    assert_eq!((end.code, end.output.as_str(), end.errors.as_str()), (Some(0), "", ""));
    let answer = chat.get("/messages", &[("user1", "alice"), ("user2", "bob")]).await;
    let contents = answer.body.as_array().unwrap().iter().map(|message| &message["content"]);
    assert!(contents.eq(["hello", "/quit is no command here"]), "{:?}", answer.body);
}

#[tokio::test]
async fn two_people_talk_in_json() {
    let chat = Chat::start().await;
    let url = chat.websocket_url();
    let mut alice = Client::start(&url, "--user alice --to bob --json");
    let mut bob = Client::start(&url, "--user bob --to alice --json");
    assert_eq!(alice.shows_a("welcome").await["user"], "alice");
    bob.shows_a("history").await;
    alice.says("one").await;
    let ack = alice.shows_a("ack").await;
    alice.hears("one").await;
    assert_eq!(ack["seq"], alice.said[0].0);
    bob.hears("one").await;
    bob.says("two\tand a \\").await;
    alice.hears("two\tand a \\").await;
    bob.says("three").await;
    bob.hears("three").await;
    alice.hears("three").await;
    assert_eq!(alice.said, bob.said);
    assert!(alice.said.is_sorted());
    alice.ends_well().await;
    bob.ends_well().await;
}

#[tokio::test]
async fn what_was_said_before_comes_first() {
    let chat = Chat::start().await;
    let url = chat.websocket_url();
    pipe(&url, "--user alice --to bob", &["one", "two", "three"]).await;
    let end = pipe(&url, "--user alice --to bob --history 2", &[]).await;
    let fields: Vec<Vec<_>> = end.output.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(fields.iter().map(|fields| fields[3]).collect::<Vec<_>>(), ["two", "three"]);
    assert_eq!(fields[0][1..3], ["@bob", "alice"]);
    let end = pipe(&url, "--user alice --to bob --history 1 --json", &[]).await;
    assert_eq!(end.output.matches(r#""type":"message""#).count(), 1, "{}", end.output);
}

#[tokio::test]
async fn a_listener_goes_on_when_its_input_has_ended() {
    let chat = Chat::start().await;
    let url = chat.websocket_url();
    let mut bob = Client::start(&url, "--user bob --listen");
    bob.says_no_more();
    pipe(&url, "--user alice --to bob", &["hello"]).await;
    assert!(bob.prints().await.ends_with("\t@alice\talice\thello"));
}

#[tokio::test]
async fn nothing_that_others_say_is_obeyed_by_a_terminal() {
    let chat = Chat::start().await;
    let url = chat.websocket_url();
    let mut bob = Client::start(&url, "--user bob --to alice");
    let mut eve = Person::connects(&url, "eve").await.welcomed().await;
    let content = "\u{1b}]0;owned\u{7}\u{9b}2J\r\u{7f}";
    eve.sends(&json!({ "action": "message", "to": "bob", "content": content, "id": "1" })).await;
    let line = bob.prints().await;
    assert!(line.ends_with(r"\u{1b}]0;owned\u{7}\u{9b}2J\r\u{7f}"), "{line:?}");
    assert!(line.chars().all(|c| c == '\t' || !c.is_control()), "{line:?}");
    bob.ends_well().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    let talk = "--user alice --to bob --timeout 1";
    // Port 9 discards, where it is served at all.
    let end = pipe("ws://127.0.0.1:9/ws", talk, &["hello"]).await;
    end.told("ws://127.0.0.1:9/ws cannot be reached");
    pipe("http://127.0.0.1:9/ws", talk, &[]).await.told("begin with ws:// or wss://");
    pipe("ws:///ws", talk, &[]).await.told("names no host");
    let chat = Chat::start().await;
    let elsewhere = chat.websocket_url().replace("/ws", "/elsewhere");
    pipe(&elsewhere, talk, &["hello"]).await.told("is forbidden: check --url");
}

#[tokio::test]
async fn what_cannot_be_sent_is_told() {
    let chat = Chat::start().await;
    let url = chat.websocket_url();
    pipe(&url, "--user alice", &["hello"]).await.told("--to or --room");
    let long = "x".repeat(5000);
    let end = pipe(&url, "--user alice --to bob", &["before", &long, "after"]).await;
    end.told("not sent: ");
    let far_too_long = "x".repeat(50_000);
    pipe(&url, "--user alice --to bob", &[&far_too_long]).await.told("far too long");
    let answer = chat.get("/messages", &[("user1", "alice"), ("user2", "bob")]).await;
    assert_eq!(answer.body.as_array().unwrap().len(), 2, "{:?}", answer.body);
    let usage = pipe(&url, "--user alice --to bob --room tea", &[]).await;
    assert_eq!(usage.code, Some(2));
}
