//! What must never be written to a log: whatever lets somebody in, and what people say.

use std::fs::File;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::support::member::{PASSWORD, handshake};
use crate::support::{Person, binary};

/// Everything that this project's own code logs, and what its libraries tell operators.
const LEVELS: &str = "info,local=trace,shared=trace,authorizer=trace,connect=trace,message=trace,\
                      people=trace,send=trace,deliver=trace,history=trace,rooms=trace";

async fn started(log: File) -> (Child, String) {
    let mut command = Command::new(binary("local"));
    command.args(["--port", "0", "--dynamodb-port", "0", "--memory", "--auth", "accounts"]);
    command.args(["--operators", "alice"]);
    command.env_clear().env("RUST_LOG", LEVELS).kill_on_drop(true);
    command.stdout(Stdio::piped()).stderr(log).stdin(Stdio::null());
    let mut process = command.spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut url = None;
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some(address) = line.trim().strip_prefix("HTTP ") {
            url = Some(address.trim().to_owned());
        }
        if line.starts_with("Ctrl-C") {
            break;
        }
    }
    (process, url.expect("a URL is printed"))
}

async fn asks(url: &str, path: &str, token: Option<&str>, body: Value) -> Value {
    let mut request = reqwest::Client::new().post(format!("{url}{path}")).json(&body);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    request.send().await.unwrap().json().await.unwrap_or(Value::Null)
}

#[tokio::test]
async fn no_log_holds_a_secret_or_what_people_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let (mut process, url) = started(File::create(&path).unwrap()).await;
    let websocket = format!("{}/ws", url.replace("http", "ws"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();

    let credentials = json!({ "username": "alice", "password": PASSWORD });
    let signed_in = asks(&url, "/api/register", None, credentials.clone()).await;
    let wrong = json!({ "username": "alice", "password": "wrong horse battery" });
    asks(&url, "/api/login", None, wrong).await;
    asks(&url, "/api/login", None, json!({ "username": "alice", "password": [PASSWORD] })).await;
    let access = text(&signed_in["access_token"]);
    let refresh = text(&signed_in["refresh_token"]);
    let next = asks(&url, "/api/refresh", None, json!({ "refresh_token": refresh })).await;
    let [fresh, second] = ["access_token", "refresh_token"].map(|name| text(&next[name]));
    let ticket = asks(&url, "/api/tickets", Some(&access), json!({})).await;
    let ticket = text(&ticket["ticket"]);

    let id = text(&signed_in["user"]["id"]);
    let opened = Person::opens(&format!("{websocket}?ticket={ticket}"), &id).await;
    let mut alice = opened.welcomed().await;
    alice.says("alice", "between me and myself").await;
    alice.sends(&json!({ "action": "renew", "token": fresh })).await;
    alice.sees_in_time("renewed").await;
    alice.sends(&json!({ "action": "renew", "token": [fresh] })).await;
    alice.types(r#"{"action":"message","to":"alice","content":"broken off"#).await;
    alice.is_told("bad_request").await;
    alice.is_told("bad_request").await;
    for token in [&access, &refresh] {
        let offered = format!("confab, {token}");
        handshake(&websocket, &[("sec-websocket-protocol", &offered)]).await;
        handshake(&format!("{websocket}?token={token}"), &[]).await;
    }
    let wanted = json!({ "name": "website", "scopes": ["users"] });
    let key = text(&asks(&url, "/api/keys", Some(&fresh), wanted).await["key"]);
    asks(&url, "/api/users", Some(&key), json!({ "username": "carol" })).await;
    let minted = asks(&url, "/api/users/carol/tokens", Some(&key), json!({})).await;
    let minted = text(&minted["access_token"]);
    let no_key = format!("{key}x");
    asks(&url, "/api/users", Some(&no_key), json!({})).await;
    asks(&url, "/api/send_message", Some(&key), json!({})).await;
    handshake(&format!("{websocket}?token={key}"), &[]).await;
    // One token is behind by now, which nobody repeats in good faith.
    asks(&url, "/api/refresh", None, json!({ "refresh_token": second })).await;
    asks(&url, "/api/refresh", None, json!({ "refresh_token": refresh })).await;
    alice.sees_the_end().await;
    process.kill().await.unwrap();

    let log = std::fs::read_to_string(&path).unwrap();
    assert!(log.contains("refused"), "nothing is logged at all: {log}");
    let said = ["between me and myself", "broken off"].map(str::to_owned);
    let secrets =
        [PASSWORD.to_owned(), "wrong horse battery".into(), access, refresh, second, fresh, ticket];
    for secret in said.iter().chain(&secrets).chain(&[key, minted]) {
        assert!(!log.contains(secret.as_str()), "{secret} is in the log:\n{log}");
    }
}
