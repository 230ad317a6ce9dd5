//! The Lambda binaries as they are deployed: each runs against Lambda's Runtime API, and a whole
//! exchange goes through them, the table, and an `@connections` endpoint.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::Response;
use local::Functions;
use local::gateway::Lambda;
use local::server::Seams;
use serde_json::{Value, json};
use shared::Config;
use shared::identity::AuthorizerContext;

use crate::support::{Chat, LambdaRuntime};

/// Every function as its own process, with the environment that the template gives it.
fn binaries(config: &Config, dynamodb: &str) -> Functions {
    let variables = [
        ("TABLE_NAME", config.table_name.as_str()),
        ("AUTH_MODE", "open"),
        ("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", &config.management_endpoint),
        ("RETENTION_DAYS", "0"),
        ("MAX_CONTENT_BYTES", "4096"),
        ("RATE_LIMIT", "0"),
        ("MAX_ROOMS_PER_USER", "200"),
        ("MAX_MEMBERS_PER_ROOM", "1000"),
        ("PRESENCE_ROOM_SIZE", "50"),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let start = |function| LambdaRuntime::start(function, &variables).lambda();
    Functions {
        authorizer: start("authorizer"),
        connect: start("connect"),
        disconnect: start("disconnect"),
        message: start("message"),
        deliver: start("deliver"),
        http: Router::new()
            .route("/messages", axum::routing::get(through_lambda))
            .route("/api/messages", axum::routing::get(through_lambda))
            .route("/health", axum::routing::get(through_lambda))
            .with_state(start("history")),
    }
}

/// An HTTP request as an event of payload format 2.0, and the answer back.
async fn through_lambda(State(function): State<Lambda>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let context = parts.extensions.get::<AuthorizerContext>().unwrap().0.clone();
    let body = to_bytes(body, 1024 * 1024).await.unwrap();
    let event = json!({
        "version": "2.0",
        "routeKey": format!("{} {}", parts.method, parts.uri.path()),
        "rawPath": parts.uri.path(),
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "headers": { "host": "localhost" },
        "requestContext": {
            "accountId": "000000000000", "apiId": "local", "stage": "$default",
            "domainName": "localhost", "domainPrefix": "local", "requestId": "1",
            "routeKey": "$default", "time": "19/Feb/2024:07:11:42 +0000",
            "timeEpoch": 1_708_326_702_790_u64,
            "authorizer": { "lambda": context },
            "http": {
                "method": parts.method.as_str(), "path": parts.uri.path(),
                "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test",
            },
        },
        "body": String::from_utf8(body.to_vec()).unwrap(),
        "isBase64Encoded": false,
    });
    let answer = function.invoke(event, std::time::Duration::from_secs(29)).await.unwrap();
    let status = u16::try_from(answer["statusCode"].as_u64().unwrap()).unwrap();
    let mut response = Response::builder().status(status);
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        response = response.header(name, value.as_str().unwrap());
    }
    response.body(Body::from(answer["body"].as_str().unwrap_or_default().to_owned())).unwrap()
}

#[tokio::test]
async fn a_whole_exchange_goes_through_the_binaries() {
    let seams = Seams { functions: Some(Arc::new(binaries)), ..Seams::default() };
    let chat = Chat::start_on(seams).await;

    let mut alice = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;
    assert_eq!(alice.says("bob", "one").await["delivered"], true);
    bob.hears("alice", "one").await;
    bob.leaves().await;
    assert_eq!(alice.says("bob", "two").await["delivered"], false);
    assert_eq!(alice.says("bob", "three").await["delivered"], false);

    let mut bob = chat.joined_by("bob").await;
    bob.hears("alice", "two").await;
    bob.hears("alice", "three").await;
    bob.sends(&json!({ "action": "history", "with": "alice", "limit": 2 })).await;
    assert_eq!(bob.sees_a("history").await["messages"][1]["content"], "three");
    bob.types("nonsense").await;
    bob.is_told("bad_request").await;

    assert_eq!(chat.messages("alice", "bob").await.len(), 3);
    let answer = chat.get("/messages", &[("user1", "alice")]).await;
    assert_eq!((answer.status, &answer.body["error"]["code"]), (400, &json!("bad_request")));
    assert_eq!(chat.get("/health", &[]).await.status, 200);
    let url = chat.websocket_url();
    assert_eq!(crate::support::Person::is_refused(&url).await, 401);
    assert_eq!(crate::support::Person::is_refused(&format!("{url}?user_id=%0A")).await, 403);
}

#[tokio::test]
async fn a_binary_without_its_settings_says_which_is_missing() {
    let output = tokio::process::Command::new(crate::support::binary("message"))
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9")
        .env("TABLE_NAME", "confab")
        .output()
        .await
        .unwrap();
    assert!(!output.status.success());
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(told.contains("AUTH_MODE"), "{told}");
}

#[tokio::test]
async fn an_event_that_is_none_fails_the_invocation() {
    let config = Config {
        table_name: "confab".into(),
        auth_mode: shared::config::AuthMode::Open,
        management_endpoint: "http://127.0.0.1:9".into(),
        retention: None,
        max_content_bytes: 4096,
        messages_per_second: 0,
        max_rooms_per_user: 200,
        max_members_per_room: 1000,
        presence_room_size: 50,
    };
    let functions = binaries(&config, "http://127.0.0.1:9");
    let patience = std::time::Duration::from_secs(29);
    assert!(functions.connect.invoke(Value::Null, patience).await.is_err());
    assert!(functions.connect.invoke(json!({ "requestContext": {} }), patience).await.is_err());
}
