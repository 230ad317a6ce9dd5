//! Messages find their routes, and answers their way back.

use local::apigateway::{Lambda, Route, RouteSelection};
use serde_json::{Value, json};

use crate::support::{Client, Gate, IMPATIENT, Recorder, Server};

async fn server_with_route(key: &str, route: impl FnOnce(&Recorder) -> Route) -> Server {
    Server::with(|api, recorder| {
        api.routes.insert(key.to_owned(), route(recorder));
    })
    .await
}

/// Sends a message that must stay unanswered, and one that is echoed.
async fn check_silent(server: &Server, message: &str) {
    let mut client = server.connect().await;
    client.says(message).await;
    client.says("still here").await;
    assert_eq!(client.hears().await, "still here");
}

async fn check_error_frame(server: &mut Server, text: &str, message: &str) {
    let (mut client, id) = server.connect_known().await;
    client.says(text).await;
    let frame = client.hears_json().await;
    assert_eq!((&frame["message"], &frame["connectionId"]), (&json!(message), &json!(id)));
    assert_eq!(frame.as_object().unwrap().len(), 3);
    check_alive(&mut client, &frame).await;
}

/// The connection lives on: the next error has a request id of its own.
async fn check_alive(client: &mut Client, earlier: &Value) {
    client.says("lost").await;
    assert_ne!(client.hears_json().await["requestId"], earlier["requestId"]);
}

#[tokio::test]
async fn a_message_takes_the_route_it_names() {
    let route = |recorder: &Recorder| Route::two_way(recorder.echoes());
    let mut server = server_with_route("join", route).await;
    let (mut client, _) = server.connect_known().await;
    for (text, key) in [
        (r#"{"action":"join"}"#, "join"),
        (r#"{"action":"leave"}"#, "$default"),
        (r#"{"action":["join"]}"#, "$default"),
        ("join", "$default"),
        ("", "$default"),
    ] {
        client.says(text).await;
        let event = server.event("MESSAGE").await;
        assert_eq!(event["requestContext"]["routeKey"], key, "of {text}");
        assert_eq!(event["body"], text);
    }
}

#[tokio::test]
async fn a_message_cannot_name_the_routes_of_the_gateway() {
    let mut server = Server::start().await;
    let (mut client, _) = server.connect_known().await;
    for key in ["$connect", "$disconnect"] {
        client.says(json!({ "action": key }).to_string()).await;
        let event = server.event("MESSAGE").await;
        assert_eq!(event["requestContext"]["routeKey"], "$default");
    }
}

#[tokio::test]
async fn a_route_can_be_named_by_several_values() {
    let mut server = Server::with(|api, recorder| {
        let expression = "${request.body.service}.${request.body.verb}";
        api.route_selection = RouteSelection::parse(expression).unwrap();
        api.routes.insert("chat.join".to_owned(), Route::one_way(recorder.echoes()));
    })
    .await;
    let (mut client, _) = server.connect_known().await;
    client.says(r#"{"service":"chat","verb":"join"}"#).await;
    assert_eq!(server.event("MESSAGE").await["requestContext"]["routeKey"], "chat.join");
    client.says(r#"{"service":"chat"}"#).await;
    assert_eq!(server.event("MESSAGE").await["requestContext"]["routeKey"], "$default");
}

#[tokio::test]
async fn a_message_without_a_route_is_forbidden() {
    let mut server = Server::with(|api, _| {
        api.routes.remove("$default");
    })
    .await;
    check_error_frame(&mut server, r#"{"action":"join"}"#, "Forbidden").await;
}

#[tokio::test]
async fn a_lambda_that_does_not_work_is_an_internal_server_error() {
    let lambdas: [fn(&Recorder) -> Lambda; 4] = [
        |recorder| recorder.fails("boom"),
        |recorder| recorder.does(|_| panic!("boom")),
        |recorder| recorder.answers(json!("no proxy response")),
        |recorder| recorder.answers(json!({ "statusCode": 200, "body": "x".repeat(32_769) })),
    ];
    for lambda in lambdas {
        let route = |recorder: &Recorder| Route::two_way(lambda(recorder));
        let mut server = server_with_route("$default", route).await;
        check_error_frame(&mut server, "hello", "Internal server error").await;
    }
}

#[tokio::test]
async fn errors_are_heard_on_one_way_routes_too() {
    let route = |recorder: &Recorder| Route::one_way(recorder.fails("boom"));
    let mut server = server_with_route("$default", route).await;
    check_error_frame(&mut server, "hello", "Internal server error").await;
}

#[tokio::test]
async fn a_lambda_that_takes_too_long_times_out() {
    let mut server = Server::with(|api, recorder| {
        api.routes.insert("$default".to_owned(), Route::two_way(recorder.hangs()));
        api.limits.integration = IMPATIENT;
    })
    .await;
    check_error_frame(&mut server, "hello", "Endpoint request timed out").await;
}

#[tokio::test]
async fn an_answer_is_sent_only_by_a_route_with_a_route_response() {
    let route = |recorder: &Recorder| Route::one_way(recorder.echoes());
    let server = server_with_route("quiet", route).await;
    check_silent(&server, r#"{"action":"quiet"}"#).await;
}

#[tokio::test]
async fn an_answer_without_success_is_not_sent() {
    for answer in [
        json!({ "statusCode": 500, "body": "broken" }),
        json!({ "statusCode": 302, "body": "elsewhere" }),
    ] {
        let route = |recorder: &Recorder| Route::two_way(recorder.answers(answer));
        let server = server_with_route("quiet", route).await;
        check_silent(&server, r#"{"action":"quiet"}"#).await;
    }
}

#[tokio::test]
async fn an_answer_without_a_body_is_an_empty_text() {
    for answer in [json!({ "statusCode": 200, "body": "" }), json!({ "statusCode": 200 })] {
        let route = |recorder: &Recorder| Route::two_way(recorder.answers(answer));
        let server = server_with_route("quiet", route).await;
        let mut client = server.connect().await;
        client.says(r#"{"action":"quiet"}"#).await;
        assert_eq!(client.hears().await, "");
    }
}

#[tokio::test]
async fn messages_are_routed_in_the_order_received() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    for number in 0..50 {
        client.says(number.to_string()).await;
    }
    for number in 0..50 {
        assert_eq!(client.hears().await, number.to_string());
    }
}

#[tokio::test]
async fn a_slow_message_holds_up_neither_pushes_nor_other_connections() {
    let gate = Gate::default();
    let route = |recorder: &Recorder| Route::two_way(recorder.waits(&gate));
    let mut server = Server::with(|api, recorder| {
        api.routes.insert("slow".to_owned(), route(recorder));
    })
    .await;
    let (mut alice, id) = server.connect_known().await;
    let mut bob = server.connect().await;
    alice.says(r#"{"action":"slow"}"#).await;

    bob.says("quick").await;
    assert_eq!(bob.hears().await, "quick");
    assert_eq!(server.push(&id, b"pushed").await.status, 200);
    assert_eq!(alice.hears().await, "pushed");

    gate.open();
    assert_eq!(alice.hears().await, r#"{"action":"slow"}"#);
}

#[tokio::test]
async fn a_client_that_sends_faster_than_its_messages_are_routed_loses_nothing() {
    let gate = Gate::default();
    let route = |recorder: &Recorder| Route::two_way(recorder.waits(&gate));
    let mut server = Server::with(|api, recorder| {
        api.routes.insert("$default".to_owned(), route(recorder));
        api.limits.waiting_messages = 2;
    })
    .await;
    let (mut client, _) = server.connect_known().await;
    for number in 0..20 {
        client.says(number.to_string()).await;
    }
    for number in 0..20 {
        gate.open();
        assert_eq!(client.hears().await, number.to_string());
        assert_eq!(server.event("MESSAGE").await["body"], number.to_string());
    }
}
