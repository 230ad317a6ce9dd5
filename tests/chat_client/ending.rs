//! Whoever ends it before its time learns what was not sent.

use super::client::Client;
use crate::support::Chat;

#[tokio::test]
async fn who_is_terminated_before_a_place_is_reached_has_failed() {
    let mut alice = Client::start("ws://127.0.0.1:9/ws", "--user alice --room tea");
    alice.says("hello").await;
    let notice = alice.complains().await;
    assert!(notice.contains("not connected"), "{notice}");
    alice.is_terminated().await;
    alice.stops().await.told("the input was not sent to its end");
}

#[tokio::test]
async fn who_is_terminated_in_the_middle_of_the_input_has_failed() {
    let chat = Chat::start().await;
    let mut alice = Client::start(&chat.websocket_url(), "--user alice --to bob --json");
    alice.says("hello").await;
    alice.hears("hello").await;
    alice.is_terminated().await;
    let end = alice.stops().await;
    assert!(end.code == Some(1) && end.errors.contains("not sent to its end"), "{end:?}");
}

#[tokio::test]
async fn a_listener_is_terminated_and_has_done_well() {
    let chat = Chat::start().await;
    let mut bob = Client::start(&chat.websocket_url(), "--user bob --to alice --listen --json");
    bob.shows_a("history").await;
    bob.is_terminated().await;
    let end = bob.stops().await;
    assert!(end.code == Some(0) && end.errors.is_empty(), "{end:?}");
}

#[tokio::test]
async fn who_is_read_no_more_in_the_middle_of_the_input_has_failed() {
    let chat = Chat::start().await;
    let mut alice = Client::start(&chat.websocket_url(), "--user alice --to bob --json");
    alice.shows_a("history").await;
    alice.is_read_no_more();
    alice.says("hello").await;
    let end = alice.stops().await;
    assert!(end.code == Some(1) && end.errors.contains("nobody reads"), "{end:?}");
}
