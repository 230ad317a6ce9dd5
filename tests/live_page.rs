//! `/_local`, the page for developers: what it shows is what happened, and it shows it to nobody elsewhere.

use std::time::Duration;

use local::cost::prices::US_EAST_1;
use local::cost::work::Work;
use local::faults::Scenario;
use reqwest::Method;
use reqwest::header::{CONTENT_SECURITY_POLICY, HOST, ORIGIN};
use serde_json::{Value, json};

use crate::budgets::{COMING, units_count};
use crate::support::{Chat, Person};

impl Chat {
    /// What the page shows now.
    async fn state(&self) -> Value {
        let answer = self.request(Method::GET, "/_local/state").send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    async fn status(&self, path: &str, headers: &[(reqwest::header::HeaderName, &str)]) -> u16 {
        let request = self.request(Method::GET, path);
        let request = headers.iter().fold(request, |it, (name, value)| it.header(name, *value));
        request.send().await.unwrap().status().as_u16()
    }

    /// Somebody who is there, and nothing is done for their coming any more.
    async fn settled(&self, user: &str) -> Person {
        let person = self.joined_by(user).await;
        self.meter.take_after(&COMING).await;
        self.has_served_the_stream().await;
        person
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn length(frame: &Value) -> f64 {
    f64::from(u32::try_from(frame.to_string().len()).unwrap())
}

/// What an action took, if there was something to count.
fn action<'a>(state: &'a Value, kind: &str, name: &str) -> Option<&'a Value> {
    let mut actions = state["actions"].as_array().unwrap().iter();
    actions.find(|action| action["kind"] == kind && action["name"] == name)
}

/// alice and bob, who have talked before, and what the page shows of that.
async fn acquainted(chat: &Chat) -> (Person, Person, Value) {
    chat.state().await;
    let mut alice = chat.settled("alice").await;
    let mut bob = chat.settled("bob").await;
    for _ in 0..15 {
        alice.says("bob", "to begin with").await;
        bob.hears("alice", "to begin with").await;
    }
    let before = chat.state().await;
    (alice, bob, before)
}

#[tokio::test]
async fn a_message_is_counted_frame_by_frame_and_request_by_request() {
    let chat = Chat::start().await;
    let (mut alice, mut bob, _) = acquainted(&chat).await;
    chat.settles();
    let before = chat.state().await;
    let said = json!({ "action": "message", "to": "bob", "content": "hi" });
    alice.sends(&said).await;
    let ack = alice.sees_a("ack").await;
    let heard = bob.sees_a("message").await;
    let after = chat.state().await;

    for (flow, frame) in [("received", &said), ("answered", &ack), ("pushed", &heard)] {
        let grown = |of: &str| number(&after[flow][of]) - number(&before[flow][of]);
        assert_eq!([grown("frames"), grown("paid"), grown("bytes")], [1.0, 1.0, length(frame)]);
    }
    let [was, is] = [&before, &after].map(|state| action(state, "frame", "message").unwrap());
    let grown = |of: &str| number(is.pointer(of).unwrap()) - number(was.pointer(of).unwrap());
    assert_eq!([grown("/invocations"), grown("/pushes")], [1.0, 1.0]);
    let asked = |action: &Value| -> f64 {
        action["requests"].as_object().unwrap().values().map(number).sum()
    };
    assert_eq!((asked(is) - asked(was), grown("/requests/PutItem")), (4.0, 1.0));
    if units_count() {
        assert_eq!([grown("/write_units"), grown("/read_units")], [1.0, 3.0]);
    }
}

#[tokio::test]
async fn connections_and_the_last_frames_are_shown() {
    let chat = Chat::start().await;
    let (mut alice, mut bob, _) = acquainted(&chat).await;
    let said = json!({ "action": "message", "to": "bob", "content": "<b>hi</b>" });
    alice.sends(&said).await;
    let ack = alice.sees_a("ack").await;
    bob.sees_a("message").await;
    let state = chat.state().await;

    let connections = state["connections"].as_array().unwrap();
    assert_eq!((&state["connected"], connections.len()), (&2.into(), 2));
    let of_alice = &connections[0];
    assert_eq!([&of_alice["id"], &of_alice["user"]], [&alice.connection, "alice"]);
    assert_eq!(of_alice["frames_in"], 16);
    // The welcome, sixteen acks, and perhaps that bob came and how far he got.
    assert!(number(&of_alice["frames_out"]) >= 17.0, "{of_alice}");
    assert!(of_alice["last_frame"].is_string(), "{of_alice}");

    let frames = &state["frames"];
    let seen = |index: usize, of: &str| frames[index][of].as_str().unwrap().to_owned();
    assert_eq!([seen(0, "way"), seen(0, "kind")], ["answer", "ack"]);
    assert_eq!(number(&frames[0]["bytes"]), length(&ack));
    assert_eq!([seen(1, "way"), seen(1, "kind"), seen(1, "user")], ["push", "message", "bob"]);
    assert_eq!([seen(2, "way"), seen(2, "kind"), seen(2, "user")], ["in", "message", "alice"]);
    assert_eq!(seen(2, "text"), said.to_string());
    assert_eq!(seen(2, "connection"), alice.connection);
    let numbers: Vec<_> =
        frames.as_array().unwrap().iter().map(|it| number(&it["number"])).collect();
    assert!(numbers.is_sorted_by(|newer, older| newer > older), "{numbers:?}");

    for _ in 0..100 {
        alice.says("bob", "and more").await;
    }
    assert_eq!(chat.state().await["frames"].as_array().unwrap().len(), 200);
    alice.leaves().await;
    chat.meter.has_answered(&["Update"]).await;
    assert_eq!(chat.state().await["connected"], 1);
}

#[tokio::test]
async fn frames_are_kept_only_while_somebody_looks() {
    let chat = Chat::start_in_standing_time(|_| {}).await;
    let mut alice = chat.joined_by("alice").await;
    alice.says("bob", "hi").await;
    assert_eq!(chat.state().await["frames"], json!([]));
    alice.says("bob", "hi").await;
    assert_eq!(chat.state().await["frames"].as_array().unwrap().len(), 2);
    chat.time.advance(Duration::from_secs(11));
    alice.says("bob", "hi").await;
    let state = chat.state().await;
    assert_eq!(state["frames"], json!([]));
    assert_eq!(action(&state, "frame", "message").unwrap()["invocations"], 3);
}

#[tokio::test]
async fn no_token_and_no_password_is_shown() {
    let chat = Chat::with_accounts().await;
    chat.state().await;
    let member = chat.registers("alice").await;
    let url = format!("{}?token={}", chat.websocket_url(), member.access);
    let mut alice = Person::opens(&url, &member.id).await.welcomed().await;
    let renew = json!({ "action": "renew", "token": member.access });
    alice.sends(&renew).await;
    alice.sees_in_time("renewed").await;
    // Said by mistake, in an unknown frame, and broken off.
    alice.says(&member.id, &format!("my token is {}", member.access)).await;
    alice
        .sends(&json!({ "action": "refresh", "with": [member.refresh], "password": "hush" }))
        .await;
    alice.types(format!("{{\"action\":\"renew\",\"token\":\"{}", member.access)).await;
    for _ in 0..2 {
        alice.sees_in_time("error").await;
    }
    let state = chat.state().await;

    let frames = state["frames"].as_array().unwrap();
    let renewed = frames.iter().rev().find(|frame| frame["kind"] == "renew").unwrap();
    assert_eq!(renewed["text"], r#"{"action":"renew","token":"•••"}"#);
    assert_eq!(number(&renewed["bytes"]), length(&renew));
    let said = frames.iter().find(|frame| frame["kind"] == "message").unwrap();
    assert!(said["text"].as_str().unwrap().contains("my token is •••"), "{said}");
    let shown = state.to_string();
    for secret in [&member.access, &member.refresh, &"hush".to_owned()] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn nobody_elsewhere_sees_it() {
    let every = |options: &mut local::options::Options| {
        options.cors_origins = vec!["*".parse().unwrap(), "http://chat.example".parse().unwrap()];
    };
    let chat = Chat::start_with(every).await;
    for path in ["/_local", "/_local/live.js", "/_local/live.css", "/_local/state"] {
        assert_eq!(chat.status(path, &[]).await, 200, "{path}");
        for host in ["localhost:8080", "127.0.0.1", "[::1]:80", "chat.localhost"] {
            assert_eq!(chat.status(path, &[(HOST, host)]).await, 200, "{path} at {host}");
        }
        for host in ["evil.example", "chat.example", "192.168.1.5:8080", "127.0.0.1.evil.example"] {
            assert_eq!(chat.status(path, &[(HOST, host)]).await, 403, "{path} at {host}");
        }
        assert_eq!(chat.status(path, &[(ORIGIN, "http://localhost:5173")]).await, 200, "{path}");
        for origin in ["http://evil.example", "http://chat.example", "http://192.168.1.5", "null"] {
            assert_eq!(chat.status(path, &[(ORIGIN, origin)]).await, 403, "{path} of {origin}");
        }
    }
    let page = chat.request(Method::GET, "/_local").send().await.unwrap();
    let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    assert_eq!(page.headers().get("access-control-allow-origin"), None);
}

#[tokio::test]
async fn the_bill_is_that_of_what_was_counted() {
    let chat = Chat::start_in_standing_time(|_| {}).await;
    let (mut alice, _bob, _) = acquainted(&chat).await;
    alice.says("bob", "hi").await;
    let body = json!({ "receiver_id": "bob", "content": "hi", "sender_id": "alice" });
    assert_eq!(chat.post("/api/send_message", body).await.status, 200);
    chat.has_served_the_stream().await;
    chat.time.advance(Duration::from_secs(90));
    let state = chat.state().await;

    let sum = |of: &str| -> f64 {
        state["actions"].as_array().unwrap().iter().map(|action| number(&action[of])).sum()
    };
    let requests = state["actions"].as_array().unwrap().iter();
    let requests = requests.flat_map(|action| action["requests"].as_object().unwrap().values());
    let counted = &state["cost"]["work"];
    let work = Work {
        frames_in: number(&state["received"]["paid"]),
        answers: number(&state["answered"]["paid"]),
        answer_bytes: number(&counted["answer_bytes"]),
        pushes: number(&state["pushed"]["paid"]),
        push_bytes: number(&state["pushed"]["bytes"]),
        push_rounds: number(&counted["push_rounds"]),
        connection_minutes: 3.0,
        http_requests: 1.0,
        invocations: sum("invocations"),
        round_trips: requests.map(number).sum(),
        write_units: sum("write_units"),
        read_units: sum("read_units"),
    };
    assert!(work.answer_bytes > number(&state["answered"]["bytes"]), "{counted}");
    assert_eq!(work, chat.work());
    let by_http = action(&state, "route", "POST /api/send_message").unwrap();
    // The authorizer's, and the function's.
    assert_eq!(by_http["invocations"], 2);
    let lines = work.usage().lines(&US_EAST_1);
    let shown = state["cost"]["lines"].as_array().unwrap();
    assert_eq!(shown.len(), lines.len());
    for (line, shown) in lines.iter().zip(shown) {
        assert_eq!(shown["name"], line.name);
        is_about(&shown["amount"], line.amount);
        is_about(&shown["dollars"], line.dollars);
        assert!(shown["source"].as_str().unwrap().starts_with("https://"), "{shown}");
    }
    is_about(&state["cost"]["dollars"], work.usage().dollars(&US_EAST_1));
}

/// The last digit of a number may change on its way.
#[track_caller]
fn is_about(shown: &Value, expected: f64) {
    assert!((number(shown) - expected).abs() <= expected * 1e-12, "{shown}, not {expected}");
}

#[tokio::test]
async fn faults_are_shown_as_they_fire() {
    let chat = Chat::start_with(|options| {
        let scenario = r#"{"latency_ms":0,"chances":{"clock_skew":10000}}"#;
        options.faults = Some(Scenario::parse(scenario).unwrap());
    });
    let chat = chat.await;
    chat.joined_by("alice").await;
    let faults = &chat.state().await["faults"];
    assert!(number(&faults["fired"]["clock_skew"]) >= 2.0, "{faults}");
    assert_eq!(faults["recent"][0]["fault"], "clock_skew");
    assert!(faults["recent"][0]["at"].is_string(), "{faults}");
    assert_eq!(Chat::start().await.state().await["faults"], Value::Null);
}
