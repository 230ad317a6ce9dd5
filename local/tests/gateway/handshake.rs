//! Connecting: `$connect` decides, and the client sees how.

use std::sync::atomic::Ordering;

use local::apigateway::Route;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::support::{Client, Gate, IMPATIENT, Recorder, Server, send, soon};

async fn server_whose_connect(
    lambda: impl FnOnce(&Recorder) -> local::apigateway::Lambda,
) -> Server {
    Server::with(|api, recorder| {
        api.routes.insert("$connect".to_owned(), Route::one_way(lambda(recorder)));
    })
    .await
}

async fn check_refused(server: &mut Server, status: u16, message: &str) {
    let refused = server.try_connect(server.request("/ws")).await.unwrap_err();
    let event = server.event("CONNECT").await;
    let context = &event["requestContext"];
    assert_eq!(refused.status, status);
    let expected = json!({
        "message": message,
        "connectionId": context["connectionId"],
        "requestId": context["requestId"],
    });
    assert_eq!(refused.body, expected);
}

#[tokio::test]
async fn clients_connect_at_ws_and_at_the_stage() {
    let server = Server::start().await;
    for path in ["/ws", "/ws/", "/dev", "/dev/", "/dev?a=b"] {
        let mut client = server.try_connect(server.request(path)).await.unwrap();
        client.says("hello").await;
        assert_eq!(client.hears().await, "hello");
    }
    assert_eq!(server.accepted.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn the_upgrade_waits_for_connect() {
    let gate = Gate::default();
    let mut server = Server::with(|api, recorder| {
        api.routes.insert("$connect".to_owned(), Route::one_way(recorder.waits(&gate)));
    })
    .await;
    let (tcp, request) = (server.tcp().await, server.request("/ws"));
    let connecting = tokio::spawn(Client::connect(tcp, request));
    let event = server.event("CONNECT").await;

    // The connection has an id already, but does not stand yet.
    let id = event["requestContext"]["connectionId"].as_str().unwrap().to_owned();
    assert_eq!(server.push(&id, b"early").await.error(), (410, "GoneException"));
    assert_eq!(server.connections().count(), 0);
    assert!(!connecting.is_finished());

    gate.open();

    let mut client = soon(connecting).await.unwrap().unwrap();
    assert_eq!(server.push(&id, b"now").await.status, 200);
    assert_eq!(client.hears().await, "now");
}

#[tokio::test]
async fn a_connect_that_refuses_gives_its_own_status() {
    for (status, message) in [(400, "Bad Request"), (401, "Unauthorized"), (418, "I'm a teapot")] {
        let mut server =
            server_whose_connect(|recorder| recorder.answers(json!({ "statusCode": status })))
                .await;
        check_refused(&mut server, status, message).await;
        assert_eq!(server.remaining_events().await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn a_connect_that_throws_is_a_bad_gateway() {
    let mut server = server_whose_connect(|recorder| recorder.fails("boom")).await;
    check_refused(&mut server, 502, "Internal server error").await;
}

#[tokio::test]
async fn a_connect_that_panics_is_a_bad_gateway() {
    let mut server = server_whose_connect(|recorder| recorder.does(|_| panic!("boom"))).await;
    check_refused(&mut server, 502, "Internal server error").await;
}

#[tokio::test]
async fn a_connect_with_a_malformed_answer_is_a_bad_gateway() {
    for answer in [json!(null), json!({}), json!({ "statusCode": 200, "body": {} })] {
        let mut server = server_whose_connect(|recorder| recorder.answers(answer)).await;
        check_refused(&mut server, 502, "Internal server error").await;
    }
}

#[tokio::test]
async fn a_connect_that_takes_too_long_times_out() {
    let mut server = Server::with(|api, recorder| {
        api.routes.insert("$connect".to_owned(), Route::one_way(recorder.hangs()));
        api.limits.integration = IMPATIENT;
    })
    .await;
    check_refused(&mut server, 504, "Endpoint request timed out").await;
}

#[tokio::test]
async fn without_a_connect_route_everybody_may_connect() {
    let server = Server::with(|api, _| {
        api.routes.remove("$connect");
        api.routes.remove("$disconnect");
    })
    .await;
    let mut client = server.connect().await;
    client.says("hello").await;
    assert_eq!(client.hears().await, "hello");
}

#[tokio::test]
async fn connect_chooses_the_subprotocol() {
    let protocol = json!({ "Sec-WebSocket-Protocol": "chat" });
    let protocols = json!({ "sec-websocket-protocol": ["chat"] });
    for answer in [
        json!({ "statusCode": 200, "headers": protocol }),
        json!({ "statusCode": 200, "multiValueHeaders": protocols }),
    ] {
        let server = server_whose_connect(|recorder| recorder.answers(answer)).await;
        let mut request = server.request("/ws");
        let offer = HeaderValue::from_static("chat, token");
        request.headers_mut().insert("Sec-WebSocket-Protocol", offer);

        let client = server.try_connect(request).await.unwrap();

        assert_eq!(client.headers["sec-websocket-protocol"], "chat");
        assert!(!client.headers.contains_key("sec-websocket-extensions"));
    }
}

#[tokio::test]
async fn a_plain_request_is_told_to_upgrade() {
    let server = Server::start().await;
    for path in ["/ws", "/dev"] {
        let answer = server.http("GET", path, b"").await;
        assert_eq!((answer.status, answer.header("upgrade")), (426, Some("websocket")));
        assert_eq!(answer.json(), json!({ "message": "Upgrade Required" }));
    }
}

#[tokio::test]
async fn a_bad_key_or_version_is_a_bad_request() {
    let server = Server::start().await;
    for (version, key) in [("12", "dGhlIHNhbXBsZSBub25jZQ=="), ("13", "c2hvcnQ="), ("13", "!")] {
        let request =
            handshake(&format!("Sec-WebSocket-Version: {version}\r\nSec-WebSocket-Key: {key}\r\n"));
        let answer = send(server.address, request.as_bytes()).await;
        assert_eq!((answer.status, answer.header("sec-websocket-version")), (400, Some("13")));
    }
}

#[tokio::test]
async fn one_key_and_no_more_is_taken() {
    let server = Server::start().await;
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let request = handshake(&format!("Sec-WebSocket-Version: 13\r\n{key}{key}"));
    assert_eq!(send(server.address, request.as_bytes()).await.status, 400);
}

#[tokio::test]
async fn subprotocols_in_several_lines_are_one_list() {
    let mut server = Server::start().await;
    let request = handshake(
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: confab\r\nSec-WebSocket-Protocol: token\r\n",
    );
    let mut stream = server.tcp().await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let event = server.event("CONNECT").await;
    assert_eq!(event["headers"]["Sec-WebSocket-Protocol"], "confab, token");
    assert_eq!(event["multiValueHeaders"]["Sec-WebSocket-Protocol"], json!(["confab, token"]));
}

#[tokio::test]
async fn a_url_of_more_than_4096_characters_is_refused() {
    let server = Server::start().await;
    let of = |chars: usize| format!("/ws?{}", "x".repeat(chars - "/ws?".len()));
    server.try_connect(server.request(&of(4_096))).await.unwrap();
    let refused = server.try_connect(server.request(&of(4_097))).await.unwrap_err();
    assert_eq!(refused.status, 414);
}

async fn check_given_up(give_up: impl FnOnce(TcpStream)) {
    let gate = Gate::default();
    let mut server = server_whose_connect(|recorder| recorder.waits(&gate)).await;
    let request =
        handshake("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    let mut stream = server.tcp().await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let connected = server.event("CONNECT").await;

    give_up(stream);
    gate.open();

    let disconnected = server.event("DISCONNECT").await;
    let id = |event: &Value| event["requestContext"]["connectionId"].clone();
    assert_eq!(id(&disconnected), id(&connected));
    assert_eq!(disconnected["requestContext"]["disconnectStatusCode"], 1006);
    assert_eq!(server.remaining_events().await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_client_that_gives_up_during_connect_is_disconnected_afterwards() {
    check_given_up(drop).await;
    check_given_up(|stream| stream.set_zero_linger().unwrap()).await;
}

/// A handshake of which the server closes the connection when it refuses.
fn handshake(headers: &str) -> String {
    format!(
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: close, Upgrade\r\n\
         Upgrade: websocket\r\n{headers}\r\n"
    )
}
