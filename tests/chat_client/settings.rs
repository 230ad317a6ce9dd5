//! What somebody at a terminal decides about conversations.

use serde_json::{Value, json};

use super::client::{Client, does, prints};
use super::conversations::says;
use crate::support::{Chat, in_time};

/// The lines that it prints, up to and with the first that has this in it.
async fn prints_up_to(client: &mut Client, text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        lines.push(client.prints().await);
        if lines.last().is_some_and(|line| line.contains(text)) {
            return lines;
        }
    }
}

/// What alice's list tells of her conversation with somebody.
async fn listed(chat: &Chat, with: &str) -> Value {
    let all = chat.get("/api/conversations", &[("user_id", "alice"), ("hidden", "true")]).await;
    all.body.as_array().unwrap().iter().find(|it| it["with"] == with).unwrap().clone()
}

/// Waits until alice has read so much that so many messages of bob are unread.
async fn waits_for_unread(chat: &Chat, unread: u64) {
    in_time(async { while listed(chat, "bob").await["unread"] != unread {} }).await;
}

#[tokio::test]
async fn what_is_said_where_it_is_muted_is_told_when_one_goes_there() {
    let chat = Chat::start().await;
    let url = chat.websocket_url();
    says(&chat, "eve", "alice", "hello").await;
    let mut alice = Client::start_in_a_terminal(&url, "--user alice --to eve");
    prints(&mut alice, "eve: hello").await;
    // What is decided at one terminal holds at another.
    let mut other = Client::start_in_a_terminal(&url, "--user alice --to bob");
    says(&chat, "bob", "alice", "hello").await;
    prints(&mut other, "bob: hello").await;
    does(&mut alice, "/mute 8h", "— eve is muted until ").await;
    alice.says("/to bob").await;
    does(&mut alice, "/pin-chat", "— bob comes first").await;
    says(&chat, "eve", "alice", "psst").await;
    says(&chat, "bob", "alice", "tea?").await;
    for client in [&mut alice, &mut other] {
        let lines = prints_up_to(client, "bob: tea?").await;
        assert!(!lines.iter().any(|line| line.contains("psst")), "{lines:?}");
    }
    // It holds for whoever comes later, too.
    let mut later = Client::start_in_a_terminal(&url, "--user alice --to bob --history 1");
    says(&chat, "eve", "alice", "are you there?").await;
    says(&chat, "bob", "alice", "or coffee?").await;
    let lines = prints_up_to(&mut later, "bob: or coffee?").await;
    assert!(!lines.iter().any(|line| line.contains("there?")), "{lines:?}");
    let told = prints_up_to(&mut alice, "bob: or coffee?").await;
    assert!(!told.iter().any(|line| line.contains("there?")), "{told:?}");
    alice.says("/to eve").await;
    let lines = prints_up_to(&mut alice, "eve: are you there?").await;
    let told: Vec<_> = lines.iter().filter_map(|line| line.split_once(" eve: ")).collect();
    assert!(told.iter().map(|it| it.1).eq(["psst", "are you there?"]), "{lines:?}");
    in_time(async { while listed(&chat, "eve").await["unread"] != 0 {} }).await;
    does(&mut alice, "/unmute", "— eve is not muted any more").await;
    alice.says("/to bob").await;
    does(&mut alice, "/unpin-chat", "— bob is not pinned").await;
    says(&chat, "eve", "alice", "finally").await;
    prints(&mut alice, "[@eve] eve: finally").await;
}

#[tokio::test]
async fn what_waited_where_it_is_muted_is_not_told_either() {
    let chat = Chat::start().await;
    says(&chat, "eve", "alice", "hello").await;
    let muted = json!({ "muted": "all", "user_id": "alice" });
    let path = "/api/conversations/dm:alice:eve/settings";
    assert_eq!(chat.patch(path, muted).await.status, 200);
    says(&chat, "eve", "alice", "psst").await;
    says(&chat, "bob", "alice", "tea?").await;
    let mut alice = Client::start_in_a_terminal(&chat.websocket_url(), "--user alice --to bob");
    let mut lines = prints_up_to(&mut alice, "bob: tea?").await;
    chat.has_delivered_everything("alice", "eve").await;
    says(&chat, "bob", "alice", "or coffee?").await;
    lines.extend(prints_up_to(&mut alice, "bob: or coffee?").await);
    assert!(!lines.iter().any(|line| line.contains("eve")), "{lines:?}");
    alice.says("/to eve").await;
    prints(&mut alice, " eve: hello").await;
    prints(&mut alice, " eve: psst").await;
}

#[tokio::test]
async fn whoever_wants_to_be_called_only_is() {
    let chat = Chat::start().await;
    let url = chat.websocket_url();
    let mut alice = Client::start_in_a_terminal(&url, "--user alice --room tea --create");
    prints(&mut alice, "in #tea").await;
    let mut bob = Client::start_in_a_terminal(&url, "--user bob --room tea");
    prints(&mut alice, "bob joined").await;
    does(&mut alice, "/mute mentions", "— #tea is muted but for what calls you").await;
    alice.says("/to carol").await;
    says(&chat, "carol", "alice", "hello").await;
    prints(&mut alice, "carol: hello").await;
    does(&mut bob, "hello all", "bob: hello all").await;
    bob.says("hello @alice").await;
    let lines = prints_up_to(&mut alice, "[#tea] bob: hello @alice").await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    alice.says("/chats").await;
    prints(&mut alice, "#tea  muted but for what calls you, 2 unread, 1 calls you  bob: hello")
        .await;
    alice.says("/join tea").await;
    prints(&mut alice, "bob: hello all").await;
}

#[tokio::test]
async fn what_is_marked_as_unread_stays_so_until_one_comes_anew() {
    let chat = Chat::start().await;
    let url = chat.websocket_url();
    for content in ["one", "two"] {
        says(&chat, "bob", "alice", content).await;
    }
    let mut alice = Client::start_in_a_terminal(&url, "--user alice --to bob");
    prints(&mut alice, "bob: two").await;
    waits_for_unread(&chat, 0).await;
    does(&mut alice, "/unread ^2", "— unread from here on: one").await;
    assert_eq!(listed(&chat, "bob").await["unread"], 2);
    says(&chat, "bob", "alice", "three").await;
    prints(&mut alice, "bob: three").await;
    alice.says("/chats unread").await;
    prints(&mut alice, "@bob  3 unread  bob: three").await;
    alice.says("/to bob").await;
    waits_for_unread(&chat, 0).await;
    alice.says("/chats unread").await;
    prints(&mut alice, "— you have read everything").await;
    does(&mut alice, "/unread ^9", "! there is no message ^9 here").await;
}

#[tokio::test]
async fn conversations_are_put_where_one_wants_them() {
    let chat = Chat::start().await;
    let url = chat.websocket_url();
    for from in ["bob", "carol", "dave"] {
        says(&chat, from, "alice", "hello").await;
    }
    let mut alice = Client::start_in_a_terminal(&url, "--user alice --to bob");
    prints(&mut alice, "bob: hello").await;
    waits_for_unread(&chat, 0).await;
    does(&mut alice, "/pin-chat", "— bob comes first in /chats").await;
    alice.says("/to dave").await;
    does(&mut alice, "/hide", "— dave is hidden until something new is said there").await;
    alice.says("/chats").await;
    let bob = prints(&mut alice, "@").await;
    assert_eq!(bob, "  @bob  pinned  bob: hello");
    assert_eq!(alice.prints().await, "  @carol  1 unread  carol: hello");
    alice.says("/chats all").await;
    let lines = prints_up_to(&mut alice, "@carol").await;
    assert!(lines.iter().any(|line| line.starts_with("  @dave  hidden")), "{lines:?}");
    does(&mut alice, "/unhide", "— dave is not hidden any more").await;
    alice.says("/chats").await;
    prints(&mut alice, "  @dave").await;
    alice.says("/to bob").await;
    does(&mut alice, "/unpin-chat", "— bob is not pinned any more").await;
    alice.says("/to nobody-yet").await;
    does(&mut alice, "/mute", "! ").await;
}
