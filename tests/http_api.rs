//! What the HTTP API makes of requests that no route was written for.

use local::options::Auth;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Chat};

#[track_caller]
fn is_refused(answer: &Answer, status: u16, code: &str) {
    let error = &answer.body["error"];
    assert_eq!((answer.status, &error["code"]), (status, &code.into()), "{answer:?}");
    assert!(error["message"].as_str().is_some_and(|it| it.len() > 5), "{answer:?}");
}

#[tokio::test]
async fn a_name_that_cannot_be_one_is_refused_wherever_it_stands() {
    let chat = Chat::start().await;
    chat.room_of("alice", "general").await;
    let long = "x".repeat(65);
    let letter = json!({ "receiver_id": "bob", "content": "Hello" });
    for parameter in ["user_id", "user", "username", "sender_id"] {
        for name in [&long, "a%0Ab", ""] {
            let path = |path: &str| format!("{path}?{parameter}={name}");
            is_refused(
                &chat.post(&path("/api/send_message"), letter.clone()).await,
                400,
                "bad_request",
            );
            for list in ["/api/rooms", "/api/online_users", "/api/conversations"] {
                is_refused(&chat.get(&path(list), &[]).await, 400, "bad_request");
            }
        }
    }
    for field in ["user_id", "sender_id"] {
        for name in [&long, "a\nb", ""] {
            for path in ["/api/send_message", "/api/rooms", "/api/rooms/general/join"] {
                let other = if field == "user_id" { "sender_id" } else { "user_id" };
                let mut body = json!({ "receiver_id": "bob", "content": "x", "name": "hall" });
                body[field] = name.into();
                is_refused(&chat.post(path, body.clone()).await, 400, "bad_request");
                body[other] = "alice".into();
                is_refused(&chat.post(path, body).await, 400, "bad_request");
            }
        }
    }
    assert!(chat.messages("anonymous", "bob").await.is_empty());
}

/// What a browser is told whose page of `origin` wants to ask `path` with a token.
async fn preflight(chat: &Chat, origin: &str) -> (u16, Option<String>) {
    let request = chat.request(Method::OPTIONS, "/api/rooms").header("origin", origin);
    let request = request.header("access-control-request-method", "POST");
    let request = request.header("access-control-request-headers", "authorization,content-type");
    let answer = request.send().await.unwrap();
    let allowed = answer.headers().get("access-control-allow-origin");
    (answer.status().as_u16(), allowed.map(|origin| origin.to_str().unwrap().to_owned()))
}

#[tokio::test]
async fn pages_of_elsewhere_may_ask_only_if_they_are_named() {
    let page = "https://chat.example.com";
    let closed = Chat::start_with(|options| options.auth = Auth::Accounts).await;
    assert_eq!(preflight(&closed, page).await, (404, None));
    let open = Chat::start_with(|options| {
        options.cors_origins =
            vec![page.parse().unwrap(), "http://localhost:3000".parse().unwrap()];
    });
    let open = open.await;
    assert_eq!(preflight(&open, page).await, (204, Some(page.to_owned())));
    assert_eq!(preflight(&open, "https://evil.example.com").await.1, None);
    // Also where the request itself is refused, so that the page can read why.
    let refused = open.request(Method::GET, "/api/conversations").header("origin", page);
    let refused = refused.send().await.unwrap();
    assert_eq!(refused.status().as_u16(), 400);
    assert_eq!(refused.headers()["access-control-allow-origin"], page);
    assert_eq!(refused.headers()["access-control-expose-headers"], "link,retry-after");
}

#[tokio::test]
async fn two_names_that_differ_are_refused() {
    let chat = Chat::start().await;
    let letter = |names: Value| {
        let mut letter = json!({ "receiver_id": "bob", "content": "Hello" });
        letter.as_object_mut().unwrap().extend(names.as_object().unwrap().clone());
        letter
    };
    let path = "/api/send_message";
    let both = letter(json!({ "user_id": "alice", "sender_id": "eve" }));
    is_refused(&chat.post(path, both).await, 403, "forbidden");
    let other = letter(json!({ "user_id": "eve" }));
    let answer = chat.post(&format!("{path}?user_id=alice"), other.clone()).await;
    is_refused(&answer, 403, "forbidden");
    let answer = chat.get("/api/rooms?user_id=alice&sender_id=eve", &[]).await;
    is_refused(&answer, 403, "forbidden");
    assert_eq!(chat.post(&format!("{path}?user_id=eve"), other).await.status, 200);
}

#[tokio::test]
async fn a_path_that_is_no_text_is_refused() {
    let chat = Chat::start().await;
    for path in ["/api/rooms/%FF", "/api/rooms/%FF/members", "/api/rooms/%FF/messages"] {
        is_refused(&chat.get(path, &[("user_id", "alice")]).await, 400, "bad_request");
    }
    let join = chat.post("/api/rooms/%FF/join", json!({ "user_id": "alice" })).await;
    is_refused(&join, 400, "bad_request");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let chat = Chat::start().await;
    for (megabytes, expected) in [(2, "too_large"), (9, "too_large"), (11, "API Gateway")] {
        let body = json!({ "receiver_id": "bob", "content": "x".repeat(megabytes << 20) });
        let answer = chat.post("/api/send_message", body).await;
        if expected == "API Gateway" {
            let expected = json!({ "message": "Request Entity Too Large" });
            assert_eq!((answer.status, answer.body), (413, expected));
        } else {
            is_refused(&answer, 413, expected);
        }
    }
}

#[tokio::test]
async fn a_route_has_only_its_own_methods() {
    let chat = Chat::start().await;
    for (method, path) in [
        (Method::HEAD, "/health"),
        (Method::HEAD, "/messages?user1=a&user2=b"),
        (Method::HEAD, "/nowhere"),
        (Method::OPTIONS, "/api/rooms"),
        (Method::PUT, "/api/rooms"),
        (Method::POST, "/health"),
        (Method::GET, "/api/send_message"),
    ] {
        let response = chat.request(method.clone(), path).send().await.unwrap();
        assert_eq!(response.status(), 404, "{method} {path}");
        assert_eq!(response.headers().get("allow"), None, "{method} {path}");
        assert_eq!(response.headers()["content-type"], "application/json", "{method} {path}");
        if method != Method::HEAD {
            let body: Value = response.json().await.unwrap();
            assert_eq!(body, json!({ "message": "Not Found" }), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn where_there_are_only_names_there_are_no_tickets() {
    let chat = Chat::start().await;
    assert_eq!(chat.post("/api/tickets", json!({ "user_id": "alice" })).await.status, 404);
    assert_eq!(chat.post("/api/tickets?user_id=alice", json!({})).await.status, 404);
}
