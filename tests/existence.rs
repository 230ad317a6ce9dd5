//! Nobody is addressed who does not exist: where people have accounts, one is needed to be written to,
//! invited, banned or blocked.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::member::{Member, PASSWORD};
use crate::support::{Chat, Person};

/// The id of nobody.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

async fn deletes_the_account(chat: &Chat, member: &Member) {
    let goodbye = Some(json!({ "password": PASSWORD }));
    let answer = chat.asks_as(&member.access, Method::DELETE, "/api/me", goodbye).await;
    assert_eq!(answer.status, 204);
}

/// What `member` is told over HTTP who writes to somebody.
async fn writes_to(chat: &Chat, member: &Member, receiver: &str) -> (u16, Value) {
    let body = json!({ "receiver_id": receiver, "content": "x" });
    let path = "/api/send_message";
    let answer = chat.asks_as(&member.access, Method::POST, path, Some(body)).await;
    (answer.status, answer.body["error"]["code"].clone())
}

/// Every frame that addresses `other` is answered by `not_found`.
async fn cannot_address(person: &mut Person, other: &str) {
    let frames = [
        json!({ "action": "message", "to": other, "content": "x" }),
        json!({ "action": "typing", "to": other }),
        json!({ "action": "history", "with": other }),
    ];
    for frame in frames {
        person.sends(&frame).await;
        assert_eq!(person.sees_in_time("error").await["code"], "not_found", "{frame}");
    }
}

#[tokio::test]
async fn nothing_is_kept_for_nobody() {
    let chat = Chat::with_accounts().await;
    let alice = chat.registers("alice").await;
    assert_eq!(writes_to(&chat, &alice, NOBODY).await, (404, "not_found".into()));
    let mut person = chat.joined_by_member(&alice).await;
    cannot_address(&mut person, NOBODY).await;
    let conversation = format!("dm:{NOBODY}:{}", alice.id);
    let read = json!({ "action": "read", "conversation": conversation, "seq": 1 });
    person.sends(&read).await;
    person.is_told("not_found").await;
    person.sends(&json!({ "action": "sync", "since": { &conversation: 0 } })).await;
    let synced = person.sees_a("synced").await;
    assert_eq!(synced["conversations"][&conversation]["error"], "not_found");
    let path = format!("/api/messages?with={NOBODY}");
    assert_eq!(chat.gets_as(&alice.access, &path).await.status, 404);
    let listed = chat.gets_as(&alice.access, "/api/conversations").await;
    assert_eq!(listed.body, json!([]));
}

#[tokio::test]
async fn nobody_is_invited_banned_or_blocked_who_does_not_exist() {
    let chat = Chat::with_accounts().await;
    let alice = chat.registers("alice").await;
    let new = Some(json!({ "name": "general" }));
    let made = chat.asks_as(&alice.access, Method::POST, "/api/rooms", new).await;
    let room = made.body["id"].as_str().unwrap();
    for what in ["invitations", "bans", "mutes"] {
        let path = format!("/api/rooms/{room}/{what}/{NOBODY}");
        let answer = chat.asks_as(&alice.access, Method::PUT, &path, None).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    let path = format!("/api/blocks/{NOBODY}");
    assert_eq!(chat.asks_as(&alice.access, Method::PUT, &path, None).await.status, 404);
}

#[tokio::test]
async fn whoever_has_deleted_the_account_is_written_to_no_more_and_what_was_said_stays() {
    let chat = Chat::with_accounts().await;
    let [alice, bob, carol] =
        [chat.registers("alice").await, chat.registers("bob").await, chat.registers("carol").await];
    assert_eq!(writes_to(&chat, &alice, &bob.id).await.0, 200);
    let path = format!("/api/blocks/{}", carol.id);
    assert_eq!(chat.asks_as(&alice.access, Method::PUT, &path, None).await.status, 204);
    deletes_the_account(&chat, &bob).await;
    deletes_the_account(&chat, &carol).await;
    // A block of somebody who is gone can be ended.
    assert_eq!(chat.asks_as(&alice.access, Method::DELETE, &path, None).await.status, 204);
    for gone in [&bob, &carol] {
        assert_eq!(writes_to(&chat, &alice, &gone.id).await, (404, "not_found".into()));
    }
    let said = chat.gets_as(&alice.access, &format!("/api/messages?with={}", bob.id)).await;
    assert_eq!((said.status, said.body.as_array().map(Vec::len)), (200, Some(1)));
    let last = said.body[0]["seq"].as_u64().unwrap();
    let later = format!("/api/messages?with={}&after={last}", bob.id);
    let later = chat.gets_as(&alice.access, &later).await;
    assert_eq!((later.status, later.body.as_array().map(Vec::len)), (200, Some(0)));
    let mut person = chat.joined_by_member(&alice).await;
    cannot_address(&mut person, &carol.id).await;
}
