//! `@connections`: what the AWS SDKs and command line tools rely on.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::Request;
use jiff::Timestamp;
use serde_json::json;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tower::ServiceExt;

use crate::support::{Server, seconds};

/// An id of the right form that nobody has.
const NOBODY: &str = "L0SM9cOFvHcCIhw=";

#[tokio::test]
async fn a_push_reaches_the_client_by_every_path() {
    let mut server = Server::start().await;
    let (mut client, id) = server.connect_known().await;
    let encoded = id.replace('=', "%3D");
    for path in [
        format!("/@connections/{id}"),
        format!("/@connections/{encoded}"),
        format!("/%40connections/{encoded}"),
        format!("/dev/@connections/{encoded}"),
        format!("/dev/%40connections/{id}"),
    ] {
        let answer = server.http("POST", &path, path.as_bytes()).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""));
        assert_eq!(client.hears().await, path);
    }
}

#[tokio::test]
async fn a_push_reaches_nobody_else() {
    let mut server = Server::start().await;
    let (mut alice, alices) = server.connect_known().await;
    let (mut bob, bobs) = server.connect_known().await;
    assert_ne!(alices, bobs);
    server.push(&alices, b"for alice").await;
    server.push(&bobs, b"for bob").await;
    assert_eq!(alice.hears().await, "for alice");
    assert_eq!(bob.hears().await, "for bob");
}

#[tokio::test]
async fn a_push_may_be_as_large_as_a_message() {
    let mut server = Server::start().await;
    let (mut client, id) = server.connect_known().await;
    let largest = "ü".repeat(64 * 1024);
    assert_eq!(server.push(&id, largest.as_bytes()).await.status, 200);
    assert_eq!(client.hears().await, largest);

    for size in [128 * 1024 + 1, 4 * 1024 * 1024] {
        let answer = server.push(&id, &vec![b'x'; size]).await;
        assert_eq!(answer.error(), (413, "PayloadTooLargeException"));
    }
}

#[tokio::test]
async fn a_push_has_to_be_utf8() {
    let mut server = Server::start().await;
    let (_client, id) = server.connect_known().await;
    assert_eq!(server.push(&id, b"\xff").await.error(), (400, "BadRequestException"));
}

#[tokio::test]
async fn a_connection_that_nobody_has_is_gone() {
    let server = Server::start().await;
    for method in ["POST", "GET", "DELETE"] {
        let answer = server.http(method, &format!("/dev/@connections/{NOBODY}"), b"").await;
        assert_eq!(answer.error(), (410, "GoneException"), "{method}");
        assert!(answer.header("x-amzn-RequestId").is_some());
    }
}

#[tokio::test]
async fn a_connection_that_has_ended_is_gone() {
    let mut server = Server::start().await;
    let (client, id) = server.connect_known().await;
    client.leaves(None).await;
    server.disconnect().await;
    assert_eq!(server.push(&id, b"hello").await.error(), (410, "GoneException"));
    assert_eq!(server.connections().count(), 0);
}

#[tokio::test]
async fn an_id_that_cannot_be_one_is_a_bad_request() {
    let server = Server::start().await;
    for method in ["POST", "GET", "DELETE"] {
        for id in ["6sdf", "a%00b", "%ff", "with%20space", "a%2Fb", &"a".repeat(129)] {
            let answer = server.http(method, &format!("/@connections/{id}"), b"").await;
            assert_eq!(answer.error(), (400, "BadRequestException"), "{method} {id}");
            assert_eq!(answer.json()["message"], "Invalid connectionId");
        }
    }
}

#[tokio::test]
async fn a_connection_can_be_looked_at() {
    let mut server = Server::start().await;
    let mut request = server.request("/ws");
    request.headers_mut().insert("user-agent", HeaderValue::from_static("wscat"));
    let mut client = server.try_connect(request).await.unwrap();
    let event = server.event("CONNECT").await;
    let context = &event["requestContext"];
    let path = format!("/@connections/{}", context["connectionId"].as_str().unwrap());
    let connected_at = context["connectedAt"].as_i64().unwrap();
    let connected_at = Timestamp::from_millisecond(connected_at).unwrap();

    let answer = server.http("GET", &path, b"").await;
    let expected = json!({
        "connectedAt": format!("{connected_at:.3}"),
        "identity": { "sourceIp": "127.0.0.1", "userAgent": "wscat" },
        "lastActiveAt": format!("{connected_at:.3}"),
    });
    assert_eq!((answer.status, answer.json()), (200, expected));

    server.time.advance(seconds(60));
    client.says("hello").await;
    client.hears().await;
    let answer = server.http("GET", &path, b"").await.json();
    let active: Timestamp = answer["lastActiveAt"].as_str().unwrap().parse().unwrap();
    assert!(active.duration_since(connected_at).as_secs() >= 60);
}

#[tokio::test]
async fn an_unknown_user_agent_is_null() {
    let mut server = Server::start().await;
    let (_client, id) = server.connect_known().await;
    let answer = server.http("GET", &format!("/@connections/{id}"), b"").await;
    let expected = json!({ "sourceIp": "127.0.0.1", "userAgent": null });
    assert_eq!(answer.json()["identity"], expected);
}

#[tokio::test]
async fn there_are_no_other_methods_and_nothing_else_below_the_stage() {
    let server = Server::start().await;
    let route = format!("dev/@connections/{NOBODY}");
    let answer = server.http("PUT", &format!("/{route}"), b"").await;
    assert_eq!(answer.error(), (404, "NotFoundException"));
    let message = format!("No method found matching route {route} for http method PUT");
    assert_eq!(answer.json()["message"], message);
    for path in ["/dev/@connections", "/dev/@connections/", "/@connections/a/b"] {
        let answer = server.http("POST", path, b"").await;
        assert_eq!(answer.error(), (404, "NotFoundException"), "{path}");
    }
}

#[tokio::test]
async fn only_this_machine_may_manage_connections() {
    let mut server = Server::start().await;
    let (_client, id) = server.connect_known().await;
    for (peer, status) in [
        (Some("127.0.0.1:1"), 200),
        (Some("[::1]:1"), 200),
        (Some("[::ffff:127.0.0.1]:1"), 200),
        (Some("203.0.113.9:1"), 403),
        (Some("[2001:db8::1]:1"), 403),
        (None, 403),
    ] {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = format!("/@connections/{id}").parse().unwrap();
        if let Some(peer) = peer {
            let peer: SocketAddr = peer.parse().unwrap();
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let response = server.gateway.management().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "for {peer:?}");
        if status == 403 {
            assert_eq!(response.headers()["x-amzn-errortype"], "ForbiddenException");
        }
    }
}
