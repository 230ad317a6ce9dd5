//! The Lambda binaries as they are deployed: each runs against Lambda's Runtime API, and a whole
//! exchange goes through them, the table, and an `@connections` endpoint.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Path, Query, Request, State};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, Response, StatusCode};
use axum::routing::on;
use axum::{RequestExt, Router};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::read::GzDecoder;
use local::Functions;
use local::apigateway::Lambda;
use local::options::Auth;
use local::server::TestHooks;
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use shared::auth::Tokens;
use shared::auth::identity::AuthorizerContext;
use shared::aws::{Aws, access_key_in};
use shared::config::TokenKeys;
use shared::domain::{SessionId, Timestamp, UserId};
use shared::edge::lambda::TOKEN_KEY_SECRET;
use shared::{App, Clock, Config};

use crate::support::member::Member;
use crate::support::{Chat, LambdaRuntime, Person, Printed, functions, logical_id, template};

/// Every function as its own process, with the environment that the template gives it in open mode.
fn binaries(config: &Config, dynamodb: &str) -> Functions {
    binaries_with(config, dynamodb, &[], &Printed::default())
}

/// The same with other variables, which are given only to the functions that the template gives them.
pub(crate) fn binaries_with(
    config: &Config,
    dynamodb: &str,
    others: &[(&str, &str)],
    printed: &Printed,
) -> Functions {
    let (access_key, dynamodb) = access_key_in(dynamodb);
    let variables = [
        ("AWS_ACCESS_KEY_ID", access_key.as_str()),
        ("TABLE_NAME", config.table_name.as_str()),
        ("AUTH_MODE", "open"),
        ("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", &config.management_endpoint),
        ("RETENTION_DAYS", "0"),
        ("MAX_CONTENT_BYTES", "4096"),
        ("RATE_LIMIT", "0"),
        ("MAX_ROOMS_PER_USER", "200"),
        ("MAX_MEMBERS_PER_ROOM", "1000"),
        ("PRESENCE_ROOM_SIZE", "50"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &dynamodb),
    ];
    let template = template();
    let start = |function: &str| {
        let own = &template["Resources"][logical_id(function)]["Properties"];
        let has = |name: &str| {
            name != TOKEN_KEY_SECRET || own["Environment"]["Variables"][name].is_object()
        };
        let all = variables.iter().chain(others.iter().filter(|(name, _)| has(name)));
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        LambdaRuntime::start(function, &all.map(owned).collect::<Vec<_>>(), printed).lambda()
    };
    let app = App::new(config.clone(), &Aws::local(&dynamodb), Clock::system()).unwrap();
    let functions = Functions::new(&app).map(|function, _| start(function));
    Functions { http: http_api(start), ..functions }
}

/// The HTTP API's routes, as the template has them.
fn http_api(start: impl Fn(&str) -> Lambda) -> Router {
    let mut routes = Router::new();
    for (name, function) in functions(&template()) {
        let events = function["Properties"]["Events"].as_object().into_iter().flatten();
        let of_http: Vec<_> = events.filter(|(_, event)| event["Type"] == "HttpApi").collect();
        if of_http.is_empty() {
            continue;
        }
        let lambda = start(&name.replace("Function", "").to_lowercase());
        for (_, event) in of_http {
            let property = |name: &str| event["Properties"][name].as_str().unwrap();
            let method = Method::from_bytes(property("Method").as_bytes()).unwrap();
            let handler = on(method.try_into().unwrap(), through_lambda);
            routes = routes.route(property("Path"), handler.with_state(lambda.clone()));
        }
    }
    routes
}

/// An HTTP request as an event of payload format 2.0, and the answer back.
async fn through_lambda(State(function): State<Lambda>, request: Request) -> Response<Body> {
    let event = event_of(request).await;
    let answer = function.invoke(event, std::time::Duration::from_secs(29)).await.unwrap();
    // Only what is packed is no text.
    let is_packed = answer["headers"]["content-encoding"].is_string();
    assert_eq!(answer["isBase64Encoded"], is_packed, "{answer}");
    let body = answer["body"].as_str().unwrap_or_default();
    let body = if is_packed { BASE64_STANDARD.decode(body).unwrap() } else { body.into() };
    let status = u16::try_from(answer["statusCode"].as_u64().unwrap()).unwrap();
    let mut response = Response::builder().status(status);
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        response = response.header(name, value.as_str().unwrap());
    }
    response.body(Body::from(body)).unwrap()
}

/// What is not there, such as a body, the event leaves out. The path is decoded, unlike the query.
async fn event_of(mut request: Request) -> Value {
    let route: MatchedPath = request.extract_parts().await.unwrap();
    let Path(path_parameters): Path<BTreeMap<String, String>> =
        request.extract_parts().await.unwrap();
    let Query(query): Query<BTreeMap<String, String>> = request.extract_parts().await.unwrap();
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1024 * 1024).await.unwrap();
    let headers = parts.headers.iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()));
    let context = parts.extensions.get::<AuthorizerContext>().unwrap().0.clone();
    let path = path_parameters.iter().fold(route.as_str().to_owned(), |path, (name, value)| {
        path.replace(&format!("{{{name}}}"), value)
    });
    let route_key = format!("{} {}", parts.method, route.as_str());
    let mut event = json!({
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "headers": headers.collect::<Map<_, _>>(),
        "requestContext": {
            "accountId": "000000000000", "apiId": "local", "stage": "$default",
            "domainName": "localhost", "domainPrefix": "local", "requestId": "1",
            "routeKey": route_key, "time": "19/Feb/2024:07:11:42 +0000",
            "timeEpoch": 1_708_326_702_790_u64,
            "authorizer": { "lambda": context },
            "http": {
                "method": parts.method.as_str(), "path": path,
                "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test",
            },
        },
        "isBase64Encoded": false,
    });
    if !path_parameters.is_empty() {
        event["pathParameters"] = json!(path_parameters);
    }
    if !query.is_empty() {
        event["queryStringParameters"] = json!(query);
    }
    if !body.is_empty() {
        event["body"] = String::from_utf8(body.to_vec()).unwrap().into();
    }
    event
}

#[tokio::test]
async fn a_whole_exchange_goes_through_the_binaries() {
    let hooks = TestHooks { functions: Some(Arc::new(binaries)), ..TestHooks::default() };
    let chat = Chat::start_on(hooks).await;

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
    assert_eq!(Person::is_refused(&url).await, 401);
    assert_eq!(Person::is_refused(&format!("{url}?user_id=%0A")).await, 403);
}

#[tokio::test]
async fn the_page_comes_from_its_binary_packed_or_not() {
    let hooks = TestHooks { functions: Some(Arc::new(binaries)), ..TestHooks::default() };
    let chat = Chat::start_on(hooks).await;
    let get = |path, coding| chat.request(Method::GET, path).header(ACCEPT_ENCODING, coding).send();
    let plain = get("/", "identity").await.unwrap();
    assert_eq!(plain.headers().get(CONTENT_ENCODING), None);
    let plain = plain.text().await.unwrap();
    assert!(plain.contains("<title>Confab</title>"), "{plain}");
    let packed = get("/", "gzip").await.unwrap();
    assert_eq!(packed.headers()[CONTENT_ENCODING], "gzip");
    let (packed, mut unpacked) = (packed.bytes().await.unwrap(), String::new());
    GzDecoder::new(&packed[..]).read_to_string(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain);
    let library = get("/client/confab/index.js", "identity").await.unwrap();
    assert_eq!(library.headers()[CONTENT_TYPE], "text/javascript; charset=utf-8");
    let settings = chat.get("/config.json", &[]).await.body;
    assert_eq!(settings, json!({ "websocket_url": "/ws", "auth_mode": "open" }));
}

#[tokio::test]
async fn a_room_lives_and_ends_through_the_binaries() {
    let hooks = TestHooks { functions: Some(Arc::new(binaries)), ..TestHooks::default() };
    let chat = Chat::start_on(hooks).await;
    let mut alice = chat.joined_by("alice").await;
    let room = chat.room_of("alice", "the hall").await;
    alice.hears("alice", "alice joined").await;
    let path = format!("/api/rooms/{room}");
    let bob = json!({ "user_id": "bob" });
    assert_eq!(chat.post(&format!("{path}/join"), bob.clone()).await.body["members"], 2);
    alice.hears("bob", "bob joined").await;

    let body = json!({ "room": "the hall", "content": "Hello", "sender_id": "bob" });
    assert_eq!(chat.post("/api/send_message", body).await.body["delivered"], true);
    alice.hears("bob", "Hello").await;
    let body = json!({ "receiver_id": "alice", "content": "and you", "sender_id": "bob" });
    assert_eq!(chat.post("/api/send_message", body).await.body["delivered"], true);
    alice.hears("bob", "and you").await;

    let by_bob = [("user_id", "bob")];
    let said = chat.get(&format!("{path}/messages"), &by_bob).await.body;
    assert_eq!(said[2]["content"], "Hello", "{said}");
    let members = chat.get("/api/rooms/the%20hall/members", &by_bob).await.body;
    assert_eq!((&members[0]["user"], &members[1]["user"]), (&"alice".into(), &"bob".into()));
    let rooms = chat.get("/api/rooms", &[("limit", "1")]).await.body;
    assert_eq!((&rooms[0]["id"], &rooms[0]["name"]), (&room.into(), &"the hall".into()));
    let conversations = chat.get("/api/conversations", &by_bob).await.body;
    assert_eq!(conversations.as_array().unwrap().len(), 2, "{conversations}");
    let online = chat.get("/api/online_users", &[]).await.body;
    assert_eq!((online.as_array().unwrap().len(), &online[0]["user"]), (1, &"alice".into()));

    assert_eq!(chat.post(&format!("{path}/leave"), bob).await.status, 204);
    alice.hears("bob", "bob left").await;
    assert_eq!(chat.delete(&path, &by_bob).await.status, 403);
    assert_eq!(chat.delete(&path, &[("user_id", "alice")]).await.status, 204);
    assert_eq!(chat.get(&path, &[]).await.status, 404);
    assert_eq!(chat.get("/api/rooms", &[]).await.body, json!([]));
}

#[tokio::test]
async fn names_that_mean_something_in_a_url_are_only_names() {
    let hooks = TestHooks { functions: Some(Arc::new(binaries)), ..TestHooks::default() };
    let chat = Chat::start_on(hooks).await;
    let path = |name: &str| {
        let mut url = reqwest::Url::parse("http://host/api/rooms").unwrap();
        url.path_segments_mut().unwrap().push(name);
        url.path().to_owned()
    };
    for name in ["c", "c#", "50%41", "a b+c&d=e", "\u{1F44B}"] {
        let room = chat.room_of("alice", name).await;
        let by_alice = [("user_id", "alice"), ("limit", "1")];
        let found = chat.get(&path(name), &by_alice).await;
        assert_eq!(found.body["id"], room, "{name}");
        let members = chat.get(&format!("{}/members", path(name)), &by_alice).await;
        assert_eq!(members.body[0]["user"], "alice", "{name}");
    }
    assert_eq!(chat.delete(&path("c#"), &[("user_id", "alice")]).await.status, 204);
    assert_eq!(chat.get(&path("c"), &[]).await.status, 200);
}

/// The versions of a secret by their stages.
pub(crate) type Versions = Arc<Mutex<BTreeMap<&'static str, String>>>;

/// Secrets Manager with one secret, as far as the functions ask it
/// (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>).
pub(crate) fn secrets_manager(name: &'static str, versions: Versions) -> String {
    let answer = async move |headers: HeaderMap, body: String| {
        let asked: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(headers["x-amz-target"], "secretsmanager.GetSecretValue");
        assert_eq!(asked["SecretId"], name);
        let stage = asked["VersionStage"].as_str().unwrap();
        match versions.lock().unwrap().get(stage) {
            Some(secret) => {
                (StatusCode::OK, axum::Json(json!({ "Name": name, "SecretString": secret })))
            }
            None => {
                let none =
                    json!({ "__type": "ResourceNotFoundException", "Message": "no such version" });
                (StatusCode::BAD_REQUEST, axum::Json(none))
            }
        }
    };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let routes = Router::new().fallback(answer);
    tokio::spawn(axum::serve(listener, routes).into_future());
    url
}

#[tokio::test]
async fn people_with_accounts_chat_through_the_binaries() {
    let (first, second) =
        ("the first key of at least 32 bytes", "the second key of at least 32 bytes");
    let versions = Versions::default();
    versions.lock().unwrap().insert("AWSCURRENT", first.to_owned());
    let secrets = secrets_manager("the key", Arc::clone(&versions));
    let functions = move |config: &Config, dynamodb: &str| {
        let others = [
            ("AUTH_MODE", "accounts"),
            ("SIGN_INS_PER_ADDRESS", "0"),
            (TOKEN_KEY_SECRET, "the key"),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &secrets),
        ];
        binaries_with(config, dynamodb, &others, &Printed::default())
    };
    let hooks = TestHooks { functions: Some(Arc::new(functions)), ..TestHooks::default() };
    let chat = Chat::start_on_with(hooks, |options| options.auth = Auth::Accounts).await;
    let [alice, bob] = [chat.registers("alice").await, chat.registers("bob").await];
    let mut at_alices = chat.joined_by_member(&alice).await;
    let mut at_bobs = chat.joined_by_member(&bob).await;
    assert_eq!(at_alices.says("bob", "Hello").await["delivered"], true);
    at_bobs.hears(&alice.id, "Hello").await;

    // A rotation fails nobody: not what the key before signed, nor what another process signs by the new
    // one, which these processes have not seen yet.
    versions.lock().unwrap().extend([("AWSCURRENT", second.into()), ("AWSPREVIOUS", first.into())]);
    let secrets = TokenKeys { current: second.into(), previous: None };
    let elsewhere = Tokens::new(&secrets).unwrap();
    let session = jsonwebtoken::dangerous::insecure_decode_claims::<Value>(&bob.access).unwrap();
    let session = SessionId::parse(session["sid"].as_str().unwrap()).unwrap();
    let bobs = UserId::parse(&bob.id).unwrap();
    let now = Timestamp::from_millis(chat.time.now().as_millisecond());
    let signed = elsewhere.issue(&bobs, session, now).unwrap();
    for token in [signed.expose_secret(), &bob.access] {
        assert_eq!(chat.gets_as(token, "/api/me").await.status, 200);
    }
    let refresh = json!({ "refresh_token": alice.refresh });
    let fresh = Member::of(&chat.post("/api/refresh", refresh).await);
    at_alices.sends(&json!({ "action": "renew", "token": fresh.access })).await;
    at_alices.sees_in_time("renewed").await;
    let kept = chat.gets_as(&fresh.access, "/api/messages?with=bob").await;
    assert_eq!(kept.body[0]["content"], "Hello");

    assert_eq!(chat.get("/api/me", &[]).await.status, 401);
    let left = chat.asks_as(&fresh.access, Method::POST, "/api/logout", Some(json!({}))).await;
    assert_eq!(left.status, 204);
    assert_eq!(at_alices.sees_the_end().await.0, 1000);
    assert_eq!(chat.gets_as(&fresh.access, "/api/me").await.status, 401);
    let url = format!("{}?token={}", chat.websocket_url(), fresh.access);
    assert_eq!(Person::is_refused(&url).await, 401);
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
    let config = Config::from_variables(|name| match name {
        "TABLE_NAME" => Some("confab".into()),
        "AUTH_MODE" => Some("open".into()),
        name if name.starts_with("AWS_ENDPOINT") => Some("http://127.0.0.1:9".into()),
        _ => None,
    });
    let config = config.unwrap();
    let functions = binaries(&config, "http://127.0.0.1:9");
    let patience = std::time::Duration::from_secs(29);
    assert!(functions.connect.invoke(Value::Null, patience).await.is_err());
    assert!(functions.connect.invoke(json!({ "requestContext": {} }), patience).await.is_err());
}
