//! Connections end with the right code, and `$disconnect` is told which.

use local::apigateway::Route;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::support::{Client, Gate, Server, seconds};

const FRAME: usize = 32 * 1024;

/// The server closes the connection, and says the same to `$disconnect`, once.
async fn check_closed(server: &mut Server, client: Client, code: u64, reason: &str) {
    let expected = (code, reason.to_owned());
    assert_eq!(client.hears_goodbye().await, expected);
    assert_eq!(server.disconnect().await, expected);
    assert_eq!(server.remaining_events().await, Vec::<Value>::new());
}

async fn check_refused(message: Message, code: u64, reason: &str) {
    let mut server = Server::start().await;
    let (mut client, _) = server.connect_known().await;
    client.sends(message).await;
    check_closed(&mut server, client, code, reason).await;
}

async fn check_left(frame: Option<CloseFrame>, code: u64, reason: &str) {
    let mut server = Server::start().await;
    let (client, _) = server.connect_known().await;
    client.leaves(frame).await;
    assert_eq!(server.disconnect().await, (code, reason.to_owned()));
    assert_eq!(server.remaining_events().await, Vec::<Value>::new());
}

#[tokio::test]
async fn frames_of_32_kb_and_messages_of_128_kb_are_taken() {
    let mut server = Server::start().await;
    let (mut client, _) = server.connect_known().await;
    client.says("x".repeat(FRAME)).await;
    assert_eq!(client.hears().await.len(), FRAME);
    client.says_in_frames(&[FRAME; 4]).await;
    for bytes in [FRAME, 4 * FRAME] {
        assert_eq!(server.event("MESSAGE").await["body"].as_str().unwrap().len(), bytes);
    }
}

#[tokio::test]
async fn a_larger_frame_is_too_big() {
    check_refused(Message::text("x".repeat(FRAME + 1)), 1009, "Message too big").await;
}

#[tokio::test]
async fn a_client_in_the_middle_of_a_huge_frame_hears_that_it_is_too_big() {
    check_refused(Message::text("x".repeat(400 * FRAME)), 1009, "Message too big").await;
}

#[tokio::test]
async fn a_larger_message_is_too_big_in_however_small_frames() {
    let mut server = Server::start().await;
    let (mut client, _) = server.connect_known().await;
    client.says_in_frames(&[FRAME, FRAME, FRAME, FRAME, 1]).await;
    check_closed(&mut server, client, 1009, "Message too big").await;
}

#[tokio::test]
async fn a_binary_message_is_not_supported() {
    let message = Message::binary(b"bytes".as_slice());
    check_refused(message, 1003, "Binary messages are not supported").await;
}

#[tokio::test]
async fn a_message_has_to_be_utf8() {
    let frame = Frame::message(b"\xff".as_slice(), OpCode::Data(Data::Text), true);
    check_refused(Message::Frame(frame), 1007, "Message is not UTF-8").await;
}

#[tokio::test]
async fn a_client_has_to_keep_to_the_protocol() {
    let frame = Frame::message(b"x".as_slice(), OpCode::Data(Data::Continue), true);
    check_refused(Message::Frame(frame), 1002, "Protocol error").await;
}

#[tokio::test]
async fn a_client_may_leave_with_a_code_and_a_reason() {
    let frame = CloseFrame { code: 4_321.into(), reason: "lunch".into() };
    check_left(Some(frame), 4_321, "lunch").await;
    // What a browser sends when its tab is closed.
    let frame = CloseFrame { code: 1_001.into(), reason: "".into() };
    check_left(Some(frame), 1_001, "").await;
}

#[tokio::test]
async fn a_client_may_leave_without_a_code() {
    check_left(None, 1005, "Client-side close frame status not set").await;
}

#[tokio::test]
async fn a_client_may_vanish() {
    let mut server = Server::start().await;
    let (client, _) = server.connect_known().await;
    drop(client);
    assert_eq!(server.disconnect().await.0, 1006);
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_ten_minutes() {
    let mut server = Server::start().await;
    let (client, _) = server.connect_known().await;
    server.time.advance(seconds(600));
    check_closed(&mut server, client, 1001, "Going away").await;
}

#[tokio::test]
async fn messages_in_either_direction_keep_a_connection_from_idling() {
    let mut server = Server::start().await;
    let (mut client, id) = server.connect_known().await;
    for _ in 0..3 {
        server.time.advance(seconds(400));
        client.says("hello").await;
        assert_eq!(client.hears().await, "hello");
        server.time.advance(seconds(400));
        assert_eq!(server.push(&id, b"hello").await.status, 200);
        assert_eq!(client.hears().await, "hello");
    }
}

#[tokio::test]
async fn pings_are_answered_and_are_no_activity() {
    let mut server = Server::start().await;
    let (mut client, _) = server.connect_known().await;
    server.time.advance(seconds(400));
    client.sends(Message::Ping(b"?".as_slice().into())).await;
    assert_eq!(client.hears_pong().await, b"?");
    server.time.advance(seconds(201));
    check_closed(&mut server, client, 1001, "Going away").await;
}

#[tokio::test]
async fn no_connection_lasts_longer_than_two_hours() {
    let mut server = Server::start().await;
    let (mut client, _) = server.connect_known().await;
    for _ in 0..14 {
        server.time.advance(seconds(500));
        client.says("hello").await;
        assert_eq!(client.hears().await, "hello");
        server.event("MESSAGE").await;
    }
    server.time.advance(seconds(200));
    check_closed(&mut server, client, 1001, "Going away").await;
}

#[tokio::test]
async fn a_connection_can_be_deleted() {
    let mut server = Server::start().await;
    let (mut client, id) = server.connect_known().await;
    assert_eq!(server.push(&id, b"last words").await.status, 200);
    let path = format!("/@connections/{id}");
    assert_eq!(server.http("DELETE", &path, b"").await.status, 204);
    assert_eq!(server.http("DELETE", &path, b"").await.error(), (410, "GoneException"));

    assert_eq!(client.hears().await, "last words");
    check_closed(&mut server, client, 1000, "Connection Closed Normally").await;
}

#[tokio::test]
async fn what_a_client_said_before_it_left_is_routed_before_disconnect() {
    let gate = Gate::default();
    let mut server = Server::with(|api, recorder| {
        let route = Route::two_way(recorder.waits(&gate));
        api.routes.insert("$default".to_owned(), route);
    })
    .await;
    let (mut client, _) = server.connect_known().await;
    for text in ["one", "two", "three"] {
        client.says(text).await;
    }
    client.leaves(None).await;

    for text in ["one", "two", "three"] {
        assert_eq!(server.event("MESSAGE").await["body"], text);
        gate.open();
    }
    assert_eq!(server.disconnect().await.0, 1005);
}

/// Whoever exits with something unread lets the kernel reset the connection.
#[tokio::test]
async fn what_a_client_said_before_it_exited_is_routed_though_it_reads_no_answer() {
    let gate = Gate::default();
    let mut server = Server::with(|api, recorder| {
        let route = Route::two_way(recorder.waits(&gate));
        api.routes.insert("$default".to_owned(), route);
    })
    .await;
    let (mut client, id) = server.connect_known().await;
    for number in 0..18 {
        client.says(number.to_string()).await;
    }
    client.sends(Message::Close(None)).await;
    gate.open();
    client.exits_with_something_unread().await;

    for number in 0..18 {
        assert_eq!(server.event("MESSAGE").await["body"], number.to_string());
        gate.open();
    }
    assert_eq!(server.disconnect().await.0, 1005);
    assert_eq!(server.push(&id, b"too late").await.error(), (410, "GoneException"));
}

#[tokio::test]
async fn a_disconnect_that_fails_harms_nobody() {
    let mut server = Server::with(|api, recorder| {
        let route = Route::one_way(recorder.fails("boom"));
        api.routes.insert("$disconnect".to_owned(), route);
    })
    .await;
    let (client, _) = server.connect_known().await;
    client.leaves(None).await;
    assert_eq!(server.disconnect().await.0, 1005);
    assert_eq!(server.remaining_events().await, Vec::<Value>::new());
}
