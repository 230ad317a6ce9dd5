//! People with accounts, through pipes.

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use serde_json::Value;

use super::client::{Client, pipe};
use crate::support::Chat;
use crate::support::member::PASSWORD;

#[tokio::test]
async fn people_sign_in_and_are_called_by_name() {
    let chat = Chat::with_accounts().await;
    let bob = chat.registers("bob").await;
    chat.registers("alice").await;
    let url = chat.websocket_url();
    let token = [("CONFAB_TOKEN", bob.access.as_str())];
    let mut bob = Client::start_with(&url, "--to alice", &token);
    let password = [("CONFAB_PASSWORD", PASSWORD)];
    let mut alice = Client::start_with(&url, "--login alice --to BOB", &password);
    alice.says("hello").await;
    alice.ends_well().await;
    let line = bob.prints().await;
    assert!(line.ends_with("\t@alice\talice\thello"), "{line}");
    bob.ends_well().await;
}

#[tokio::test]
async fn who_is_not_believed_is_told() {
    let chat = Chat::with_accounts().await;
    let alice = chat.registers("alice").await;
    let url = chat.websocket_url();
    let password = [("CONFAB_PASSWORD", "wrong, and secret")];
    let end = Client::start_with(&url, "--login alice --to bob", &password).ends().await;
    end.told("cannot sign in: ");
    assert!(!end.errors.contains("secret"), "{end:?}");
    let token = [("CONFAB_TOKEN", "no.good.token")];
    Client::start_with(&url, "--to bob", &token).ends().await.told("cannot sign in: ");
    pipe(&url, "--user alice --to bob", &["hello"]).await.told("");
    let token = [("CONFAB_TOKEN", alice.access.as_str())];
    Client::start_with(&url, "--to nobody", &token).ends().await.told("nobody: ");
}

#[tokio::test]
async fn a_wrong_address_is_not_taken_for_a_wrong_token() {
    let chat = Chat::with_accounts().await;
    chat.registers("alice").await;
    chat.registers("bob").await;
    let http = chat.websocket_url().replace("ws://", "http://").replace("/ws", "");
    // API Gateway forbids what is in no stage of it.
    let url = serves(Router::new().fallback(|| async { StatusCode::FORBIDDEN })).await;
    let url = url.replace("http://", "ws://");
    let arguments = format!("--login alice --to bob --timeout 5 --http {http}");
    let password = [("CONFAB_PASSWORD", PASSWORD)];
    Client::start_with(&url, &arguments, &password).ends().await.told("--url");
    pipe(&url, "--user alice --to bob --timeout 5", &["hello"]).await.told("--url");
}

#[tokio::test]
async fn a_connection_outlives_its_token() {
    let chat = Chat::with_accounts().await;
    chat.registers("alice").await;
    chat.registers("bob").await;
    let http = hasty(chat.websocket_url().replace("ws://", "http://").replace("/ws", "")).await;
    let arguments = format!("--login alice --to bob --json --http {http}");
    let password = [("CONFAB_PASSWORD", PASSWORD)];
    let mut alice = Client::start_with(&chat.websocket_url(), &arguments, &password);
    let welcome = alice.shows_a("welcome").await;
    let renewed = alice.shows_a("renewed").await;
    let end = |frame: &Value| frame["expires_at"].as_str().unwrap().to_owned();
    assert!(end(&welcome) < end(&renewed));
    alice.says("hello").await;
    alice.shows_a("ack").await;
    alice.ends_well().await;
}

/// The HTTP API, saying of tokens that they are over very soon.
async fn hasty(base: String) -> String {
    let forward = move |request: Request| forward(base.clone(), request);
    serves(Router::new().fallback(forward)).await
}

async fn serves(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, router).into_future());
    format!("http://{address}")
}

async fn forward(base: String, request: Request) -> (StatusCode, String) {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 1024 * 1024).await.unwrap();
    let mut headers = parts.headers;
    headers.remove("host");
    let request = reqwest::Client::new().request(parts.method, format!("{base}{}", parts.uri));
    let answer = request.headers(headers).body(body).send().await.unwrap();
    let status = answer.status();
    let mut body: Value = answer.json().await.unwrap_or_default();
    if let Some(seconds) = body.get_mut("expires_in") {
        // Times in tokens are whole seconds.
        *seconds = 3.into();
    }
    (status, body.to_string())
}
