//! What comes before any function: who may ask at all, how much, and for how long.

use std::time::Duration;

use local::http_server::RequestTimeouts;
use local::options::Auth;
use local::server::TestHooks;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Chat, Person, in_time};

/// What a browser, or whoever does as it does, asks for.
const HANDSHAKE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const EVIL: &str = "http://evil.example";

async fn connected(url: &str) -> TcpStream {
    let address = url.split("://").nth(1).unwrap().split('/').next().unwrap();
    TcpStream::connect(address).await.unwrap()
}

/// The status of what is answered, when its head has come; 0 if the connection ends without any.
async fn status_of(mut stream: TcpStream) -> u16 {
    let mut head = Vec::new();
    let is_whole = |head: &[u8]| head.windows(4).any(|end| end == b"\r\n\r\n");
    while !is_whole(&head) && in_time(stream.read_buf(&mut head)).await.unwrap() > 0 {}
    let head = String::from_utf8_lossy(&head);
    head.split(' ').nth(1).map_or(0, |status| status.parse().unwrap())
}

/// The status of a request with these headers and no others.
async fn status(url: &str, line: &str, headers: &str) -> u16 {
    let mut stream = connected(url).await;
    let request = format!("{line} HTTP/1.1\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    status_of(stream).await
}

/// The statuses of a handshake, the HTTP API, the management API and the table.
async fn statuses(chat: &Chat, headers: &str) -> [u16; 4] {
    let (here, table) = (chat.websocket_url(), chat.dynamodb_url());
    let handshake = format!("{headers}{HANDSHAKE}");
    [
        status(&here, "GET /ws?user_id=a", &handshake).await,
        status(&here, "GET /api/online_users", headers).await,
        status(&here, "GET /@connections/L0SM9cOFvHcCIhw=", headers).await,
        status(&table, "GET /", headers).await,
    ]
}

#[tokio::test]
async fn no_page_of_elsewhere_reaches_an_open_server() {
    let chat = Chat::start_embedded(|_| {}).await;
    let everything = [101, 200, 410, 200];
    let nothing = [403; 4];
    assert_eq!(statuses(&chat, "Host: 127.0.0.1\r\n").await, everything);
    let origin = |origin: &str| format!("Host: 127.0.0.1\r\nOrigin: {origin}\r\n");
    assert_eq!(statuses(&chat, &origin("http://127.0.0.1")).await, everything);
    assert_eq!(statuses(&chat, &origin("http://localhost:5173")).await, everything);
    assert_eq!(statuses(&chat, &origin(EVIL)).await, nothing);
    assert_eq!(statuses(&chat, &origin("null")).await, nothing);
    // A page whose own name has come to point here (DNS rebinding).
    let rebound = format!("Host: evil.example\r\nOrigin: {EVIL}\r\n");
    assert_eq!(statuses(&chat, &rebound).await, nothing);
    assert_eq!(statuses(&chat, "Host: evil.example\r\n").await, nothing);
}

#[tokio::test]
async fn pages_that_are_named_reach_an_open_server_under_their_name() {
    let page = "http://chat.example:8080";
    let chat = Chat::start_embedded(|options| options.cors_origins = vec![page.parse().unwrap()]);
    let chat = chat.await;
    let named = format!("Host: chat.example:8080\r\nOrigin: {page}\r\n");
    assert_eq!(statuses(&chat, &named).await, [101, 200, 410, 200]);
    let other = format!("Host: 127.0.0.1\r\nOrigin: {EVIL}\r\n");
    assert_eq!(statuses(&chat, &other).await, [403; 4]);
}

#[tokio::test]
async fn where_people_show_tokens_the_table_and_the_connections_are_still_closed_to_pages() {
    let chat = Chat::start_embedded(|options| options.auth = Auth::Accounts).await;
    let rebound = format!("Host: evil.example\r\nOrigin: {EVIL}\r\n");
    assert_eq!(statuses(&chat, &rebound).await, [401, 401, 403, 403]);
}

#[tokio::test]
async fn the_table_can_be_looked_into_by_every_operation() {
    let chat = Chat::start_embedded(|_| {}).await;
    let (table, name) = chat.table();
    let statement = format!("SELECT * FROM \"{name}\" WHERE pk = 'nobody'");
    let found = table.execute_statement().statement(statement).send().await.unwrap();
    assert_eq!(found.items(), []);
}

#[tokio::test]
async fn a_handshake_elsewhere_than_at_the_stage_is_forbidden() {
    let chat = Chat::start().await;
    let url = chat.websocket_url();
    for path in ["/", "/health", "/config.json", "/openapi.json", "/nowhere", "/prod"] {
        assert_eq!(Person::is_refused(&url.replace("/ws", path)).await, 403, "{path}");
    }
}

#[tokio::test]
async fn a_head_without_a_host_or_with_two_is_a_bad_request() {
    let chat = Chat::start().await;
    let url = chat.websocket_url();
    for headers in ["", "Host: localhost\r\nHost: localhost\r\n"] {
        let handshake = format!("{headers}{HANDSHAKE}");
        assert_eq!(status(&url, "GET /ws?user_id=a", &handshake).await, 400, "{headers}");
        assert_eq!(status(&url, "GET /health", headers).await, 400, "{headers}");
    }
}

#[tokio::test]
async fn a_head_of_more_than_10_kb_is_refused() {
    let chat = Chat::start().await;
    let url = chat.websocket_url();
    let head = |bytes: usize| {
        let host = "Host: localhost\r\nX-Padding: ";
        let rest = bytes - "GET /health HTTP/1.1\r\n".len() - host.len() - "\r\n".len();
        format!("{host}{}\r\n", "x".repeat(rest))
    };
    assert_eq!(status(&url, "GET /health", &head(10_240)).await, 200);
    assert_eq!(status(&url, "GET /health", &head(10_241)).await, 431);
    let long = format!("GET /health?{}", "x".repeat(10_240));
    assert_eq!(status(&url, &long, "Host: localhost\r\n").await, 431);
}

#[tokio::test]
async fn nobody_takes_for_ever_to_send_a_request() {
    let patience =
        RequestTimeouts { head: Duration::from_millis(50), body: Duration::from_millis(50) };
    let chat = Chat::start_on(TestHooks { patience, ..TestHooks::default() }).await;
    let url = chat.websocket_url();
    for (half, expected) in [
        ("", 0),
        ("GET /health HTTP/1.1\r\nHost: local", 0),
        ("POST /api/rooms HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{}", 408),
    ] {
        let mut stream = connected(&url).await;
        stream.write_all(half.as_bytes()).await.unwrap();
        assert_eq!(status_of(stream).await, expected, "{half}");
    }
}

#[tokio::test]
async fn only_what_browsers_ask_beforehand_is_a_preflight() {
    let page = "https://chat.example.com";
    let chat = Chat::start_with(|options| options.cors_origins = vec![page.parse().unwrap()]).await;
    let asks = async |headers: &[(&str, &str)]| {
        let mut request = chat.request(Method::OPTIONS, "/api/rooms");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap().status().as_u16()
    };
    let method = ("access-control-request-method", "POST");
    assert_eq!(asks(&[("origin", page), method]).await, 204);
    assert_eq!(asks(&[("origin", page)]).await, 404);
    assert_eq!(asks(&[method]).await, 404);
    assert_eq!(asks(&[]).await, 404);
}

#[tokio::test]
async fn what_the_api_answers_is_kept_nowhere_and_taken_for_nothing_else() {
    let chat = Chat::start().await;
    let letter = json!({ "receiver_id": "bob", "content": "Hello" });
    for (method, path, status) in [
        (Method::GET, "/messages?user1=a&user2=b", 200),
        (Method::GET, "/health", 200),
        (Method::GET, "/api/conversations", 400),
        (Method::GET, "/api/online_users", 200),
        (Method::GET, "/api/rooms", 200),
        (Method::GET, "/api/rooms/nowhere?user_id=a", 404),
        (Method::POST, "/api/send_message?user_id=a", 200),
    ] {
        let request = chat.request(method.clone(), path).json(&letter);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{method} {path}");
        assert_eq!(answer.headers()["cache-control"], "no-store", "{method} {path}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{method} {path}");
    }
}
