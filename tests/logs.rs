//! What the Lambda binaries print: metrics for CloudWatch and lines for whoever operates them, of which
//! none says what people say or what lets them in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use local::options::Auth;
use local::server::TestHooks;
use reqwest::Method;
use serde_json::{Value, json};
use shared::Config;
use shared::edge::lambda::TOKEN_KEY_SECRET;
use shared::metrics::{Count, DELIVERY_TIME};

use crate::lambdas::{Versions, binaries_with, secrets_manager};
use crate::support::member::Member;
use crate::support::{Chat, Printed};

const TEXT: &str = "nobody else is to read this";
const PASSWORD: &str = "a password that nobody logs";

/// People with accounts who talk through the binaries, with more variables than those of the template.
async fn chat_through_binaries(
    printed: &Printed,
    variables: &[(&'static str, &'static str)],
) -> Chat {
    let versions = Versions::default();
    versions.lock().unwrap().insert("AWSCURRENT", "a key of at least 32 bytes for tests".into());
    let secrets = secrets_manager("the key", Arc::clone(&versions));
    let (printed, variables) = (printed.clone(), variables.to_vec());
    let functions = move |config: &Config, dynamodb: &str| {
        let mut others = vec![
            ("AUTH_MODE", "accounts"),
            ("SIGN_INS_PER_ADDRESS", "0"),
            ("STACK_NAME", "tea-house"),
            (TOKEN_KEY_SECRET, "the key"),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets.as_str()),
        ];
        others.extend(variables.iter().copied());
        binaries_with(config, dynamodb, &others, &printed)
    };
    let hooks = TestHooks { functions: Some(Arc::new(functions)), ..TestHooks::default() };
    Chat::start_on_with(hooks, |options| options.auth = Auth::Accounts).await
}

async fn registers(chat: &Chat, name: &str) -> Member {
    let body = json!({ "username": name, "password": PASSWORD });
    Member::of(&chat.post("/api/register", body).await)
}

/// What a metric came to in all lines.
fn sums(lines: &[Value]) -> BTreeMap<String, f64> {
    let mut sums = BTreeMap::new();
    for line in lines.iter().filter(|line| line["_aws"].is_object()) {
        let metrics = check_metrics(line);
        for name in metrics {
            let value = &line[&name];
            let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            *sums.entry(name).or_default() +=
                values.iter().map(|value| value.as_f64().unwrap()).sum::<f64>();
        }
    }
    sums
}

/// Checks a line by the rules of CloudWatch's embedded metric format
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>);
/// which metrics it has.
fn check_metrics(line: &Value) -> Vec<String> {
    let known: BTreeSet<_> =
        Count::ALL.iter().map(|(_, name, _)| *name).chain([DELIVERY_TIME.0]).collect();
    assert!(line["_aws"]["Timestamp"].as_u64().unwrap() > 1_700_000_000_000, "{line}");
    let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
    let [directive] = &directives[..] else { panic!("several: {line}") };
    assert_eq!(directive["Namespace"], "Confab");
    assert_eq!(directive["Dimensions"], json!([["Stack"]]));
    assert_eq!(line["Stack"], "tea-house");
    assert!(line["FunctionName"].is_string() && line["RequestId"].is_string(), "{line}");
    let metrics = directive["Metrics"].as_array().unwrap();
    assert!((1..=100).contains(&metrics.len()), "{line}");
    let check = |metric: &Value| {
        let name = metric["Name"].as_str().unwrap();
        assert!(known.contains(name), "{name}");
        let is_time = name == DELIVERY_TIME.0;
        assert_eq!(metric["Unit"], if is_time { "Milliseconds" } else { "Count" });
        let values = line[name].as_array().cloned().unwrap_or_else(|| vec![line[name].clone()]);
        assert!((1..=100).contains(&values.len()) && values.iter().all(Value::is_number), "{line}");
        name.to_owned()
    };
    metrics.iter().map(check).collect()
}

/// The lines as JSON, which each of them is.
fn read(printed: &Printed) -> Vec<Value> {
    let lines = printed.lines().into_iter();
    let read = |line: String| serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
    lines.map(read).collect()
}

#[tokio::test]
async fn what_is_printed_counts_and_explains_and_betrays_nothing() {
    let printed = Printed::default();
    let chat = chat_through_binaries(&printed, &[]).await;
    let [alice, bob] = [registers(&chat, "alice").await, registers(&chat, "bob").await];
    let mut at_alices = chat.joined_by_member(&alice).await;
    let mut at_bobs = chat.joined_by_member(&bob).await;
    assert_eq!(at_alices.says("bob", TEXT).await["delivered"], true);
    at_bobs.hears(&alice.id, TEXT).await;
    let path = "/api/conversations/dm:ALICE:BOB/settings";
    let mut people = [alice.id.as_str(), bob.id.as_str()];
    people.sort_unstable();
    let path = path.replace("ALICE", people[0]).replace("BOB", people[1]);
    does(&chat, &alice, Method::PATCH, &path, json!({ "draft": TEXT, "muted": "all" })).await;
    assert_eq!(at_alices.sees_in_time("settings").await["settings"]["draft"], TEXT);
    at_bobs.leaves().await;
    assert_eq!(at_alices.says("bob", TEXT).await["delivered"], false);
    let mut at_bobs = chat.joined_by_member(&bob).await;
    at_bobs.hears(&alice.id, TEXT).await;

    let wrong = json!({ "username": "bob", "password": "something else of hers" });
    assert_eq!(chat.post("/api/login", wrong).await.status, 401);
    let everywhere = Some(json!({ "everywhere": true }));
    let left = chat.asks_as(&bob.access, Method::POST, "/api/logout", everywhere).await;
    assert_eq!(left.status, 204);
    printed.has(|line| line.contains("signed_out_everywhere")).await;
    printed.has(|line| line.contains("\"backlog\"")).await;
    printed.has(|line| line.contains("SignInsRefused")).await;

    for line in printed.lines() {
        for secret in [TEXT, PASSWORD, "something else", &alice.access, &alice.refresh, &bob.access]
        {
            assert!(!line.contains(secret), "{line}");
        }
    }
    let lines = read(&printed);
    let sums = sums(&lines);
    assert_eq!((sums["MessagesAccepted"], sums["MessagesWaiting"]), (2.0, 1.0));
    assert_eq!((sums["MessagesDelivered"], sums["SignInsRefused"]), (2.0, 1.0));
    for line in lines.iter().filter(|line| !line["_aws"].is_object()) {
        assert!(line["timestamp"].as_str().unwrap().parse::<Timestamp>().is_ok(), "{line}");
        assert!(["INFO", "WARN", "ERROR"].contains(&line["level"].as_str().unwrap()), "{line}");
        assert_eq!(line["span"]["requestId"].as_str().unwrap().len(), 36, "{line}");
    }
}

/// Asks for something that is to be done.
async fn does(chat: &Chat, member: &Member, method: Method, path: &str, body: Value) -> Value {
    let answer = chat.asks_as(&member.access, method, path, Some(body)).await;
    assert!((200..300).contains(&answer.status), "{path}: {:?}", answer.body);
    answer.body
}

#[tokio::test]
async fn whatever_matters_to_security_has_a_line_of_its_own() {
    let printed = Printed::default();
    let variables = [("LOG_LEVEL", "ERROR"), ("OPERATORS", "olga")];
    let chat = chat_through_binaries(&printed, &variables).await;
    let [alice, bob] = [registers(&chat, "alice").await, registers(&chat, "bob").await];
    let olga = registers(&chat, "olga").await;
    let room = does(&chat, &alice, Method::POST, "/api/rooms", json!({ "name": "tea" })).await;
    let path = format!("/api/rooms/{}", room["id"].as_str().unwrap());
    does(&chat, &bob, Method::POST, &format!("{path}/join"), json!({})).await;
    let role = json!({ "role": "moderator" });
    does(&chat, &alice, Method::PUT, &format!("{path}/members/{}", bob.id), role).await;
    does(&chat, &alice, Method::PUT, &format!("{path}/bans/{}", bob.id), json!({})).await;
    does(&chat, &alice, Method::DELETE, &path, json!({})).await;

    let refresh = json!({ "refresh_token": bob.refresh });
    let next = chat.post("/api/refresh", refresh.clone()).await.body["refresh_token"].clone();
    assert_eq!(chat.post("/api/refresh", json!({ "refresh_token": next })).await.status, 200);
    assert_eq!(chat.post("/api/refresh", refresh).await.status, 401);
    let wrong = json!({ "username": "bob", "password": "not the one" });
    while chat.post("/api/login", wrong.clone()).await.status == 401 {}
    let another = json!({ "current_password": PASSWORD, "new_password": "yet another of hers" });
    does(&chat, &alice, Method::POST, "/api/password", another).await;
    let wanted = json!({ "name": "website", "scopes": ["users"] });
    let key = does(&chat, &olga, Method::POST, "/api/keys", wanted).await;
    let secret = key["key"].as_str().unwrap();
    let erased = chat.asks_as(secret, Method::DELETE, "/api/users/alice", None).await;
    assert_eq!(erased.status, 403, "{:?}", erased.body);
    let path = format!("/api/keys/{}", key["id"].as_str().unwrap());
    does(&chat, &olga, Method::DELETE, &path, json!({})).await;
    assert_eq!(chat.gets_as(secret, "/api/users/alice").await.status, 401);
    let end = json!({ "password": "yet another of hers" });
    does(&chat, &alice, Method::DELETE, "/api/me", end).await;

    let expected = [
        "account_deleted",
        "banned",
        "key_deleted",
        "key_made",
        "key_refused",
        "locked_out",
        "password_changed",
        "refresh_token_reused",
        "role_changed",
        "room_deleted",
    ];
    for event in expected {
        printed.has(|line| line.contains(&format!("\"event\":\"{event}\""))).await;
    }
    for why in ["scope", "unknown"] {
        printed.has(|line| line.contains(&format!("\"why\":\"{why}\""))).await;
    }
    assert!(printed.lines().iter().all(|line| !line.contains(secret)), "the key is in a log");
    let lines = read(&printed);
    let security: Vec<_> = lines.iter().filter(|line| line["target"] == "security").collect();
    let events: BTreeSet<_> = security.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events, BTreeSet::from(expected));
    for line in security {
        let says_who = ["user", "by", "key"].iter().any(|name| line[*name].is_string());
        assert!(says_who && line["span"]["requestId"].is_string(), "{line}");
    }
}
