//! Nothing is lost and nothing is shown twice, whatever happens to the server.

use std::ffi::OsStr;

use super::client::Client;
use super::relay::Relay;
use crate::support::Program;

#[tokio::test]
async fn a_conversation_goes_on_when_the_server_is_killed_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let server = Program::on(folder.path()).await;
    let relay = Relay::to(server.websocket_url()).await;
    let url = relay.websocket_url();
    let mut alice = Client::start(&url, "--user alice --to bob --json");
    let mut bob = Client::start(&url, "--user bob --to alice --json");
    alice.says("hello").await;
    bob.hears("hello").await;
    bob.says("hello yourself").await;
    alice.hears("hello yourself").await;
    for number in 0..20 {
        alice.says(&format!("alice {number}")).await;
    }
    // Some of them are kept now, some are on their way, some wait for their turn.
    bob.hears("alice 3").await;
    server.killed().await;
    bob.says("is anybody there?").await;
    alice.says("hardly").await;

    let server = Program::on(folder.path()).await;
    relay.leads_to(server.websocket_url());
    alice.hears("is anybody there?").await;
    alice.hears("hardly").await;
    bob.hears("hardly").await;
    bob.hears("is anybody there?").await;
    bob.says("the end").await;
    alice.hears("the end").await;
    bob.hears("the end").await;
    alike(&alice, &bob, 25);
    assert_eq!((alice.ends().await.code, bob.ends().await.code), (Some(0), Some(0)));
}

#[tokio::test]
async fn a_conversation_goes_on_in_a_nasty_cloud() {
    let server = Program::start(&["--memory", "--faults", "7"].map(OsStr::new)).await;
    let url = server.websocket_url();
    let mut alice = Client::start(url, "--user alice --to bob --json --timeout 60");
    let mut bob = Client::start(url, "--user bob --to alice --json --timeout 60");
    // Whoever has opened the conversation shows all that is said from then on.
    alice.shows_a("history").await;
    bob.shows_a("history").await;
    for number in 0..10 {
        alice.says(&format!("alice {number}")).await;
        bob.says(&format!("bob {number}")).await;
    }
    for last in ["alice 9", "bob 9"] {
        alice.hears(last).await;
        bob.hears(last).await;
    }
    alike(&alice, &bob, 20);
    assert_eq!((alice.ends().await.code, bob.ends().await.code), (Some(0), Some(0)));
}

/// Both have shown the same messages, each once and in order.
#[track_caller]
fn alike(alice: &Client, bob: &Client, messages: usize) {
    assert_eq!(alice.said, bob.said);
    assert!(alice.said.is_sorted_by(|one, next| one.0 < next.0), "{:?}", alice.said);
    assert_eq!(alice.said.len(), messages, "{:?}", alice.said);
}
