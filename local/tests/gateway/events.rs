//! Events have the shapes of real ones, which the fixtures are written after.

use local::apigateway::Authorizer;
use serde_json::{Map, Value, json};
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::support::Server;

async fn server() -> Server {
    let statement = json!({ "Action": "*", "Effect": "Allow", "Resource": "*" });
    let answer = json!({
        "principalId": "alice",
        "policyDocument": { "Version": "2012-10-17", "Statement": [statement] },
        "context": { "name": "Alice" },
    });
    Server::with(|api, recorder| {
        let lambda = recorder.answers(answer);
        api.authorizer = Some(Authorizer { lambda, identity_sources: Vec::new() });
        api.domain_name = "abcdef123.execute-api.us-east-1.amazonaws.com".to_owned();
    })
    .await
}

/// A request as a browser makes it.
fn request(server: &Server) -> Request {
    let mut request = server.request("/dev?token=a%20b&room=1&room=2");
    for (name, value) in [
        ("origin", "https://example.com"),
        ("user-agent", "Mozilla/5.0"),
        ("x-custom", "one"),
        ("x-custom", "two"),
    ] {
        request.headers_mut().append(name, HeaderValue::from_static(value));
    }
    request
}

/// The same object with the name of each value's type in its place.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "boolean".into(),
        Value::Number(_) => "number".into(),
        Value::String(_) => "string".into(),
        Value::Array(values) => values.iter().map(shape).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| (key.clone(), shape(value)));
            Value::Object(fields.collect::<Map<String, Value>>())
        }
    }
}

#[track_caller]
fn check_shape(event: &Value, fixture: &str) {
    let fixture: Value = serde_json::from_str(fixture).unwrap();
    assert_eq!(shape(event), shape(&fixture));
}

#[tokio::test]
async fn events_have_the_shape_of_real_ones() {
    let mut server = server().await;
    let mut client = server.try_connect(request(&server)).await.unwrap();
    client.says("hello").await;
    client.leaves(None).await;

    let asked = server.event("CONNECT").await;
    check_shape(&asked, include_str!("../fixtures/authorizer.json"));
    let connected = server.event("CONNECT").await;
    check_shape(&connected, include_str!("../fixtures/connect.json"));
    let messaged = server.event("MESSAGE").await;
    check_shape(&messaged, include_str!("../fixtures/message.json"));
    let disconnected = server.event("DISCONNECT").await;
    check_shape(&disconnected, include_str!("../fixtures/disconnect.json"));
}

#[tokio::test]
async fn a_connect_event_tells_what_the_client_asked() {
    let mut server = server().await;
    let client = server.try_connect(request(&server)).await.unwrap();
    let asked = server.event("CONNECT").await;
    assert_eq!(asked["headers"]["Upgrade"], "websocket");
    assert_eq!(asked["headers"]["content-length"], "0");

    let event = server.event("CONNECT").await;
    assert_eq!(event["headers"]["Host"], server.address.to_string());
    assert_eq!(event["headers"]["X-Custom"], "two");
    assert_eq!(event["multiValueHeaders"]["X-Custom"], json!(["one", "two"]));
    assert_eq!(event["headers"]["X-Forwarded-For"], "127.0.0.1");
    assert_eq!(event["headers"]["X-Forwarded-Port"], server.address.port().to_string());
    assert_eq!(event["queryStringParameters"], json!({ "token": "a b", "room": "2" }));
    let expected = json!({ "token": ["a b"], "room": ["1", "2"] });
    assert_eq!(event["multiValueQueryStringParameters"], expected);
    let expected = json!({ "sourceIp": "127.0.0.1", "userAgent": "Mozilla/5.0" });
    assert_eq!(event["requestContext"]["identity"], expected);
    assert_eq!(event["requestContext"]["stage"], "dev");
    drop(client);
}

#[tokio::test]
async fn events_of_a_connection_agree_with_each_other() {
    let mut server = Server::start().await;
    let mut client = server.connect().await;
    client.says("hello").await;
    client.hears().await;
    client.leaves(None).await;

    let mut contexts = Vec::new();
    for event_type in ["CONNECT", "MESSAGE", "DISCONNECT"] {
        contexts.push(server.event(event_type).await["requestContext"].take());
    }
    for context in &contexts {
        for field in ["connectionId", "connectedAt", "identity", "stage", "apiId", "domainName"] {
            assert_eq!(context[field], contexts[0][field], "{field}");
        }
        assert_eq!(context["requestId"], context["extendedRequestId"]);
        assert_eq!(context["messageDirection"], "IN");
        assert!(context["requestTimeEpoch"].as_i64() >= context["connectedAt"].as_i64());
        assert!(context.get("authorizer").is_none());
    }
    assert_ne!(contexts[1]["requestId"], contexts[0]["requestId"]);
    assert_ne!(contexts[1]["requestId"], contexts[1]["messageId"]);
    let keys: Vec<_> = contexts.iter().map(|context| &context["routeKey"]).collect();
    assert_eq!(keys, ["$connect", "$default", "$disconnect"]);
}

#[tokio::test]
async fn what_a_client_does_not_send_is_not_in_its_events() {
    let mut server = Server::start().await;
    let mut client = server.connect().await;
    client.says(r#"{"action":"ümlaut"}"#).await;

    let connected = server.event("CONNECT").await;
    assert_eq!(connected.get("queryStringParameters"), None);
    assert_eq!(connected.get("stageVariables"), None);
    assert_eq!(connected["requestContext"]["identity"], json!({ "sourceIp": "127.0.0.1" }));
    let messaged = server.event("MESSAGE").await;
    assert_eq!(messaged["body"], r#"{"action":"ümlaut"}"#);
    assert_eq!(messaged["isBase64Encoded"], false);
    assert_eq!(messaged.get("headers"), None);
}
