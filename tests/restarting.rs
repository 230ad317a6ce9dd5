//! The server is killed and started again, and nothing is lost.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::support::{Person, binary};

/// The real program on a folder, killed without warning when it is dropped.
struct Program {
    _process: Child,
    websocket_url: String,
}

impl Program {
    async fn on(folder: &Path) -> Self {
        let mut command = Command::new(binary("local"));
        command.args(["--port", "0", "--dynamodb-port", "0", "--data"]).arg(folder);
        command.env_clear().stdout(Stdio::piped()).stdin(Stdio::null()).kill_on_drop(true);
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut websocket_url = None;
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some(url) = line.trim().strip_prefix("WebSocket") {
                websocket_url = url.trim().split('?').next().map(str::to_owned);
            }
            if line.starts_with("Ctrl-C") {
                break;
            }
        }
        Self { _process: process, websocket_url: websocket_url.expect("a URL is printed") }
    }

    async fn killed(mut self) {
        self._process.kill().await.unwrap();
    }

    /// Waits until history says that everything alice told bob is delivered: a server killed before
    /// that may hand it over again, as it should.
    async fn has_delivered_everything(&self) {
        let url = self.websocket_url.replace("ws://", "http://").replace("/ws", "/messages");
        loop {
            let answer = reqwest::get(format!("{url}?user1=alice&user2=bob")).await.unwrap();
            let messages: Vec<Value> = answer.json().await.unwrap();
            if messages.iter().all(|message| message["status"] == "delivered") {
                return;
            }
        }
    }

    async fn joined_by(&self, user: &str) -> Person {
        Person::connects(&self.websocket_url, user).await.welcomed().await
    }
}

#[tokio::test]
async fn what_waits_survives_a_killed_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = Program::on(folder.path()).await;
    let mut alice = server.joined_by("alice").await;
    let first = alice.says_as("bob", "one", "the first").await;
    let timed = uuid::Uuid::now_v7().to_string();
    let second = alice.says_as("bob", "two", &timed).await;
    alice.says("bob", "three").await;
    server.killed().await;

    let server = Program::on(folder.path()).await;
    let mut alice = server.joined_by("alice").await;
    for (content, id, before) in [("one", "the first", first), ("two", &timed, second)] {
        let again = alice.says_as("bob", content, id).await;
        assert_eq!((&again["seq"], &again["duplicate"]), (&before["seq"], &true.into()));
    }
    let mut bob = server.joined_by("bob").await;
    for content in ["one", "two", "three"] {
        bob.hears("alice", content).await;
    }
    bob.hears_nothing().await;
    server.has_delivered_everything().await;
    server.killed().await;

    // Both were connected when it was killed; nobody told the table.
    let server = Program::on(folder.path()).await;
    let mut alice = server.joined_by("alice").await;
    assert_eq!(alice.says("bob", "four").await["delivered"], false);
    let mut bob = server.joined_by("bob").await;
    bob.hears("alice", "four").await;
    bob.hears_nothing().await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_with_its_flag() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (flag, other) in [("--port", "--dynamodb-port"), ("--dynamodb-port", "--port")] {
        let mut command = Command::new(binary("local"));
        command.args(["--memory", flag, &port, other, "0"]).env_clear();
        let output = command.output().await.unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert!(told.contains(&port) && told.contains(flag), "{told}");
    }
}

#[tokio::test]
async fn a_dynamodb_that_does_not_answer_is_told() {
    let mut command = Command::new(binary("local"));
    command.args(["--port", "0", "--dynamodb", "http://127.0.0.1:9"]).env_clear();
    let output = command.output().await.unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains("http://127.0.0.1:9"), "{told}");
}
