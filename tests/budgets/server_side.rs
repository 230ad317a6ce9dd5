//! What it costs when somebody's backend calls with a key.

use local::options::Auth;
use reqwest::Method;
use serde_json::{Value, json};

use super::{costs, is_promised};
use crate::support::Chat;

/// A server with a key that is good for everything; the key, and somebody else's id.
async fn start() -> (Chat, String, String) {
    let chat = Chat::start_with(|options| {
        options.auth = Auth::Accounts;
        options.settings.set("OPERATORS", "olga");
    })
    .await;
    let [olga, bob] = [chat.registers("olga").await, chat.registers("bob").await];
    let wanted = json!({ "name": "website", "scopes": ["users", "send", "moderate", "erase"] });
    let made = chat.asks_as(&olga.access, Method::POST, "/api/keys", Some(wanted)).await;
    let key = made.body["key"].as_str().unwrap().to_owned();
    chat.meter.take();
    (chat, key, bob.id)
}

async fn posts(chat: &Chat, key: &str, path: &str, body: Value) -> u16 {
    chat.asks_as(key, Method::POST, path, Some(body)).await.status
}

#[tokio::test]
async fn a_key_is_checked_in_one_read() {
    let (chat, key, _) = start().await;
    assert_eq!(posts(&chat, &key, "/api/tickets", json!({})).await, 403);
    costs("| a request with a key | 0 | 0 | 1 | 1 | 1 |", 0, &chat.meter.take());
    // One that is none costs nothing if it cannot be one.
    assert_eq!(posts(&chat, "confab_key_garbage", "/api/tickets", json!({})).await, 401);
    costs("| a request with no key | 0 | 0 | 0 | 0 | 0 |", 0, &chat.meter.take());
}

#[tokio::test]
async fn a_token_is_minted_in_one_transaction() {
    let (chat, key, bob) = start().await;
    let path = format!("/api/users/{bob}/tokens");
    assert_eq!(posts(&chat, &key, &path, json!({})).await, 201);
    let row = "| `POST /api/users/{user}/tokens` | 1 | 4 | 2 | 2 | 3 |";
    is_promised(row, 0, &chat.meter.take());
    assert_eq!(posts(&chat, &key, "/api/users/bob/tokens", json!({})).await, 201);
    costs("| the same by username | 1 | 4 | 3 | 3 | 4 |", 0, &chat.meter.take());
}

#[tokio::test]
async fn a_person_is_made_in_one_transaction_and_found_again_in_three_reads() {
    let (chat, key, _) = start().await;
    let asked = json!({ "username": "carol", "external_id": "42" });
    assert_eq!(posts(&chat, &key, "/api/users", asked.clone()).await, 201);
    let row = "| `POST /api/users`, somebody new | 1 | 8 | 2 | 2 | 3 |";
    is_promised(row, 0, &chat.meter.take());
    assert_eq!(posts(&chat, &key, "/api/users", asked).await, 200);
    let row = "| `POST /api/users`, the same `external_id` again | 0 | 0 | 3 | 3 | 3 |";
    is_promised(row, 0, &chat.meter.take());
}

#[tokio::test]
async fn what_a_key_sends_costs_two_reads_more() {
    let (chat, key, bob) = start().await;
    let body = json!({ "receiver_id": bob, "content": "hi" });
    for _ in 0..15 {
        assert_eq!(posts(&chat, &key, "/api/send_message", body.clone()).await, 200);
    }
    chat.meter.take();
    assert_eq!(posts(&chat, &key, "/api/send_message", body).await, 200);
    costs("| `POST /api/send_message` with a key | 1 | 1 | 4 | 5 | 5 |", 0, &chat.meter.take());
}
