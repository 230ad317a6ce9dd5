//! The authorizer decides before `$connect`, and its context is on every event.

use local::apigateway::{Authorizer, IdentitySource, Lambda};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::support::{IMPATIENT, Recorder, Server};

const CONNECT: &str = "arn:aws:execute-api:us-east-1:000000000000:local/dev/$connect";

fn policy(effect: &str, resource: &str) -> Value {
    let statement = json!({
        "Action": "execute-api:Invoke",
        "Effect": effect,
        "Resource": resource,
    });
    json!({
        "principalId": "alice",
        "policyDocument": { "Version": "2012-10-17", "Statement": [statement] },
        "context": { "name": "Alice", "level": 3, "admin": true },
    })
}

async fn server_with(sources: &[&str], lambda: impl FnOnce(&Recorder) -> Lambda) -> Server {
    let sources = sources.iter().map(|source| IdentitySource::parse(source).unwrap());
    Server::with(|api, recorder| {
        let identity_sources = sources.collect();
        api.authorizer = Some(Authorizer { lambda: lambda(recorder), identity_sources });
    })
    .await
}

async fn check_refused(lambda: impl FnOnce(&Recorder) -> Lambda, status: u16, message: &str) {
    check_refused_by(server_with(&[], lambda).await, status, message).await;
}

async fn check_refused_by(mut server: Server, status: u16, message: &str) {
    let refused = server.try_connect(server.request("/ws")).await.unwrap_err();
    assert_eq!((refused.status, refused.body["message"].as_str()), (status, Some(message)));
    // Only the authorizer has been asked.
    assert_eq!(server.event("CONNECT").await["type"], "REQUEST");
    assert_eq!(server.remaining_events().await, Vec::<Value>::new());
}

#[tokio::test]
async fn who_is_allowed_connects() {
    for resource in [CONNECT, "*", "arn:aws:execute-api:*:*:*/dev/$connect"] {
        let server = server_with(&[], |recorder| recorder.answers(policy("Allow", resource))).await;
        let mut client = server.connect().await;
        client.says("hello").await;
        assert_eq!(client.hears().await, "hello");
    }
}

#[tokio::test]
async fn who_is_denied_or_not_mentioned_is_forbidden() {
    let other_resource = "arn:aws:execute-api:us-east-1:000000000000:local/dev/*/*";
    for answer in [policy("Deny", CONNECT), policy("Allow", other_resource)] {
        check_refused(|recorder| recorder.answers(answer), 403, "Forbidden").await;
    }
}

#[tokio::test]
async fn the_error_unauthorized_is_a_401() {
    check_refused(|recorder| recorder.fails("Unauthorized"), 401, "Unauthorized").await;
}

#[tokio::test]
async fn an_authorizer_that_does_not_work_is_a_500() {
    let message = "Internal server error";
    check_refused(|recorder| recorder.fails("unauthorized, somehow"), 500, message).await;
    check_refused(|recorder| recorder.does(|_| panic!("boom")), 500, message).await;
    for answer in [json!(null), json!({ "isAuthorized": true }), json!({ "principalId": "alice" })]
    {
        check_refused(|recorder| recorder.answers(answer), 500, message).await;
    }
}

#[tokio::test]
async fn an_authorizer_that_takes_too_long_is_a_500() {
    let server = Server::with(|api, recorder| {
        let lambda = recorder.hangs();
        api.authorizer = Some(Authorizer { lambda, identity_sources: Vec::new() });
        api.limits.integration = IMPATIENT;
    })
    .await;
    check_refused_by(server, 500, "Internal server error").await;
}

#[tokio::test]
async fn a_request_without_its_identity_is_not_asked_about() {
    let sources = ["route.request.header.Authorization", "route.request.querystring.room"];
    let allow = |recorder: &Recorder| recorder.answers(policy("Allow", "*"));
    let mut server = server_with(&sources, allow).await;
    let request = |path: &str, header: Option<&'static str>| {
        let mut request = server.request(path);
        if let Some(value) = header {
            let value = HeaderValue::from_static(value);
            request.headers_mut().insert("authorization", value);
        }
        request
    };
    for incomplete in [
        request("/ws", Some("secret")),
        request("/ws?room=1", None),
        request("/ws?room=", Some("secret")),
        request("/ws?room=1", Some("")),
        request("/ws?ROOM=1", Some("secret")),
    ] {
        let refused = server.try_connect(incomplete).await.unwrap_err();
        assert_eq!((refused.status, &refused.body["message"]), (401, &json!("Unauthorized")));
    }
    server.try_connect(request("/ws?room=1", Some("secret"))).await.unwrap();
    let asked = server.event("CONNECT").await;
    assert_eq!(asked["queryStringParameters"], json!({ "room": "1" }));
}

#[tokio::test]
async fn what_the_authorizer_says_is_on_every_event() {
    let allow = |recorder: &Recorder| recorder.answers(policy("Allow", "*"));
    let mut server = server_with(&[], allow).await;
    let mut client = server.connect().await;
    client.says("hello").await;
    client.leaves(None).await;

    let asked = server.event("CONNECT").await;
    assert_eq!(asked["methodArn"], CONNECT);
    assert_eq!(asked["requestContext"].get("authorizer"), None);
    let mut connected = server.event("CONNECT").await;
    let same = ["connectionId", "requestId", "connectedAt"];
    for field in same {
        assert_eq!(asked["requestContext"][field], connected["requestContext"][field]);
    }
    let authorizer = connected["requestContext"]["authorizer"].as_object_mut().unwrap();
    assert!(authorizer.remove("integrationLatency").unwrap().is_u64());

    let messaged = server.event("MESSAGE").await;
    let disconnected = server.event("DISCONNECT").await;
    let expected =
        json!({ "principalId": "alice", "name": "Alice", "level": "3", "admin": "true" });
    for event in [connected, messaged, disconnected] {
        assert_eq!(event["requestContext"]["authorizer"], expected);
    }
}
