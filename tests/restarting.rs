//! The server is killed and started again, and nothing is lost.

use serde_json::Value;
use tokio::process::Command;

use crate::support::{Person, Program, binary, in_time};

/// Waits until history says that everything alice told bob is delivered: a server killed before
/// that may hand it over again, as it should.
async fn has_delivered_everything(server: &Program) {
    let url = server.websocket_url().replace("ws://", "http://").replace("/ws", "/messages");
    let waits = async || {
        let answer = reqwest::get(format!("{url}?user1=alice&user2=bob")).await.unwrap();
        let messages: Vec<Value> = answer.json().await.unwrap();
        messages.iter().any(|message| message["status"] != "delivered")
    };
    in_time(async { while waits().await {} }).await;
}

async fn joined(server: &Program, user: &str) -> Person {
    Person::connects(server.websocket_url(), user).await.welcomed().await
}

#[tokio::test]
async fn what_waits_survives_a_killed_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = Program::on(folder.path()).await;
    let mut alice = joined(&server, "alice").await;
    let first = alice.says_as("bob", "one", "the first").await;
    let timed = uuid::Uuid::now_v7().to_string();
    let second = alice.says_as("bob", "two", &timed).await;
    alice.says("bob", "three").await;
    server.killed().await;

    let server = Program::on(folder.path()).await;
    let mut alice = joined(&server, "alice").await;
    for (content, id, before) in [("one", "the first", first), ("two", &timed, second)] {
        let again = alice.says_as("bob", content, id).await;
        assert_eq!((&again["seq"], &again["duplicate"]), (&before["seq"], &true.into()));
    }
    let mut bob = joined(&server, "bob").await;
    for content in ["one", "two", "three"] {
        bob.hears("alice", content).await;
    }
    bob.hears_nothing_yet().await;
    has_delivered_everything(&server).await;
    server.killed().await;

    // Both were connected when it was killed; nobody told the table.
    let server = Program::on(folder.path()).await;
    let mut alice = joined(&server, "alice").await;
    assert_eq!(alice.says("bob", "four").await["delivered"], false);
    let mut bob = joined(&server, "bob").await;
    bob.hears("alice", "four").await;
    bob.hears_nothing_yet().await;
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
