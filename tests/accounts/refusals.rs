//! Every way not to get in, at the handshake and over HTTP.

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::member::{Member, handshake};
use crate::support::{Chat, Person, schema};

/// What everybody may ask.
const PUBLIC: [&str; 8] = [
    "/",
    "/config.json",
    "/client/{file}",
    "/client/confab/{file}",
    "/health",
    "/api/register",
    "/api/login",
    "/api/refresh",
];

fn signed(header: &Header, claims: &Value, key: &str) -> String {
    jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(key.as_bytes())).unwrap()
}

/// The claims of somebody's token, which anybody can read.
fn claims_of(member: &Member) -> Value {
    jsonwebtoken::dangerous::insecure_decode_claims::<Value>(&member.access).unwrap()
}

/// Shows a token in every way there is; each is refused alike.
async fn is_refused(chat: &Chat, token: &str, why: &str) {
    let url = chat.websocket_url();
    let (bearer, offered) = (format!("Bearer {token}"), format!("confab, {token}"));
    for headers in [("authorization", &*bearer), ("sec-websocket-protocol", &*offered)] {
        assert_eq!(handshake(&url, &[headers]).await.0, 401, "{why}: {}", headers.0);
    }
    assert_eq!(Person::is_refused(&format!("{url}?token={token}")).await, 401, "{why}");
    let answer = chat.gets_as(token, "/api/me").await;
    assert_eq!(answer.status, 401, "{why}");
    assert_eq!(answer.body["error"]["code"], "unauthorized", "{why}");
}

#[tokio::test]
async fn what_is_no_good_token_is_refused() {
    let chat = Chat::with_accounts().await;
    let alice = chat.registers("alice").await;
    let claims = claims_of(&alice);
    let (head, rest) = alice.access.split_once('.').unwrap();
    let (body, signature) = rest.split_once('.').unwrap();
    let unsigned = "eyJhbGciOiJub25lIn0";
    let plain = Header::new(Algorithm::HS256);
    let other = chat.registers("bob").await.access;
    let (_, other) = other.split_once('.').unwrap();
    for (why, token) in [
        ("garbage", "garbage".to_owned()),
        ("wrong key", signed(&plain, &claims, "another key of at least 32 bytes")),
        ("wrong algorithm", signed(&Header::new(Algorithm::HS512), &claims, &"k".repeat(64))),
        ("alg none", format!("{unsigned}.{body}.")),
        ("alg none, signed", format!("{unsigned}.{body}.{signature}")),
        ("no signature", format!("{head}.{body}.")),
        ("another's body", format!("{head}.{}.{signature}", other.split_once('.').unwrap().0)),
        ("refresh token", alice.refresh.clone()),
    ] {
        is_refused(&chat, &token, why).await;
    }
    let another = Chat::with_accounts().await;
    is_refused(&another, &alice.access, "another server's token").await;
    chat.time.advance(Duration::from_secs(15 * 60 + 1));
    is_refused(&chat, &alice.access, "expired").await;
}

#[tokio::test]
async fn nobody_gets_in_without_a_token() {
    let chat = Chat::with_accounts().await;
    chat.registers("alice").await;
    let url = chat.websocket_url();
    for query in ["", "?user_id=alice", "?token=", "?ticket=", "?ticket=confab_ticket_x"] {
        assert_eq!(Person::is_refused(&format!("{url}{query}")).await, 401, "{query}");
    }
    assert_eq!(handshake(&url, &[("authorization", "Basic YTpi")]).await.0, 401);
    assert_eq!(handshake(&url, &[("sec-websocket-protocol", "confab")]).await.0, 401);
}

/// Every route that `openapi.json` names.
#[tokio::test]
async fn every_route_but_few_wants_a_token() {
    let chat = Chat::with_accounts().await;
    let mut asked = 0;
    for (path, item) in schema::OPENAPI["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().filter(|it| *it != "parameters") {
            if PUBLIC.contains(&path.as_str()) {
                continue;
            }
            let filled = path.replace("{room}", "general").replace("{user}", "alice");
            let method: Method = method.to_uppercase().parse().unwrap();
            let named = format!("{filled}?user_id=alice&user1=alice&user2=bob&with=bob");
            for token in [None, Some("garbage")] {
                let mut request = chat.request(method.clone(), &named).json(&json!({}));
                if let Some(token) = token {
                    request = request.bearer_auth(token);
                }
                let status = request.send().await.unwrap().status();
                assert_eq!(status, 401, "{method} {path}");
            }
            asked += 1;
        }
    }
    assert!(asked > 15, "{asked}");
}

#[tokio::test]
async fn a_token_lets_nobody_be_somebody_else() {
    let chat = Chat::with_accounts().await;
    let (alice, bob) = (chat.registers("alice").await, chat.registers("bob").await);
    let carol = chat.registers("carol").await;
    let mut bobs = chat.joined_by_member(&bob).await;
    bobs.says(&carol.id, "between us").await;

    for path in [
        format!("/api/messages?user_id={}&with={}", bob.id, carol.id),
        format!("/messages?user1={}&user2={}", bob.id, carol.id),
        "/messages?user1=bob&user2=carol".to_owned(),
        format!("/api/conversations?user_id={}", bob.id),
        format!("/api/me?user={}", bob.id),
    ] {
        let answer = chat.gets_as(&alice.access, &path).await;
        assert_eq!(
            (answer.status, &answer.body["error"]["code"]),
            (403, &json!("forbidden")),
            "{path}"
        );
    }
    for name in ["sender_id", "user_id"] {
        let body = json!({ "receiver_id": carol.id, "content": "from bob", name: bob.id });
        let answer =
            chat.asks_as(&alice.access, Method::POST, "/api/send_message", Some(body)).await;
        assert_eq!(answer.status, 403, "{name}");
    }
    let mut alices = chat.joined_by_member(&alice).await;
    let conversation = bobs.says(&carol.id, "and again").await["conversation"].clone();
    for frame in [
        json!({ "action": "history", "conversation": conversation }),
        json!({ "action": "read", "conversation": conversation, "seq": 1 }),
    ] {
        alices.sends(&frame).await;
        alices.is_told("forbidden").await;
    }
}

#[tokio::test]
async fn what_opens_a_websocket_opens_nothing_over_http() {
    let chat = Chat::with_accounts().await;
    let alice = chat.registers("alice").await;
    let issued = chat.asks_as(&alice.access, Method::POST, "/api/tickets", None).await;
    let ticket = issued.body["ticket"].as_str().unwrap();
    let offered = format!("confab, {}", alice.access);
    for query in [format!("ticket={ticket}"), format!("token={}", alice.access)] {
        for (method, path) in [
            (Method::GET, "/api/me"),
            (Method::PATCH, "/api/me"),
            (Method::POST, "/api/tickets"),
            (Method::POST, "/api/logout"),
            (Method::POST, "/api/rooms"),
        ] {
            let request = chat.request(method.clone(), &format!("{path}?{query}"));
            let request = request.header("sec-websocket-protocol", &offered).json(&json!({}));
            let answer = chat.answer_to(method, path, request).await;
            assert_eq!(answer.status, 401, "{path}?{query}");
        }
    }
    // Nobody used it up.
    let url = format!("{}?ticket={ticket}", chat.websocket_url());
    Person::opens(&url, &alice.id).await.welcomed().await;
}
