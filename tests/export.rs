//! People take with them what is kept of them, and owners what is kept of their rooms.

use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::{Chat, binary};

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Every line of an export, in pages of so many messages.
async fn exports(chat: &Chat, path: &str, user: &str, limit: &str) -> Vec<Value> {
    let mut path = format!("{path}?user_id={user}&limit={limit}");
    let mut all = Vec::new();
    loop {
        let answer = chat.get(&path, &[]).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        all.extend(lines(answer.body.as_str().unwrap_or_default()));
        let Some(link) = answer.link else { return all };
        path = link.split(['<', '>']).nth(1).unwrap().to_owned();
    }
}

fn gist(line: &Value) -> String {
    let what = ["content", "conversation", "name", "user", "id"];
    let what = what.iter().find_map(|name| line[*name].as_str()).unwrap_or_default();
    format!("{} {what}", line["type"].as_str().unwrap())
}

async fn chat_of_some() -> (Chat, String) {
    let chat = Chat::start().await;
    let room = chat.room_of("alice", "tea").await;
    let mut bob = chat.joined_by("bob").await;
    bob.joins(&room).await;
    for content in ["one", "two", "three"] {
        bob.says("alice", content).await;
        bob.says_in(&room, &format!("{content} in tea")).await;
    }
    bob.says("carol", "not for alice").await;
    let block = json!({ "user_id": "alice" });
    assert_eq!(chat.put("/api/blocks/dave", block).await.status, 204);
    (chat, room)
}

#[tokio::test]
async fn somebody_takes_all_that_is_kept_of_them_and_nothing_else() {
    let (chat, room) = chat_of_some().await;
    let all = exports(&chat, "/api/export", "alice", "2").await;
    let conversation = format!("conversation room:{room}");
    let expected = [
        "person alice",
        "block dave",
        "conversation dm:alice:bob",
        "message one",
        "message two",
        "message three",
        &conversation,
    ];
    let gists: Vec<_> = all.iter().map(gist).collect();
    assert_eq!(gists[..expected.len()], expected, "{gists:?}");
    let said: Vec<_> = gists.iter().filter(|gist| gist.ends_with("in tea")).collect();
    assert_eq!(said, ["message one in tea", "message two in tea", "message three in tea"]);
    assert!(!gists.iter().any(|gist| gist.contains("not for alice")));
    assert_eq!(exports(&chat, "/api/export", "alice", "100").await, all, "in pages of any size");
}

#[tokio::test]
async fn only_owners_take_a_room() {
    let (chat, room) = chat_of_some().await;
    let path = format!("/api/rooms/{room}/export");
    let all = exports(&chat, &path, "alice", "2").await;
    let gists: Vec<_> = all.iter().map(gist).collect();
    assert_eq!(
        gists[..3],
        [
            "room ".to_owned() + all[0]["conversation"].as_str().unwrap(),
            "member alice".into(),
            "member bob".into()
        ]
    );
    assert_eq!(gists.iter().filter(|gist| gist.starts_with("message")).count(), 5);
    assert_eq!(chat.get(&path, &[("user_id", "bob")]).await.status, 403);
    let nowhere = chat.get("/api/rooms/nowhere/export", &[("user_id", "alice")]).await;
    assert_eq!(nowhere.status, 404);
    let bad = chat.get("/api/export", &[("user_id", "alice"), ("after", "nowhere")]).await;
    assert_eq!(bad.status, 400);
}

#[tokio::test]
async fn the_terminal_client_prints_an_export() {
    let (chat, _) = chat_of_some().await;
    let url = chat.websocket_url();
    let mut program = Command::new(binary("chat"));
    program.args(["--url", &url, "--user", "alice", "--export"]).env_clear();
    let printed = program.output().await.unwrap();
    assert!(printed.status.success(), "{printed:?}");
    let all = exports(&chat, "/api/export", "alice", "100").await;
    assert_eq!(lines(&String::from_utf8(printed.stdout).unwrap()), all);
}
