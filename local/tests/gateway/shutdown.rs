//! When the server stops, connections end in good order.

use local::apigateway::Route;

use crate::support::{Client, Gate, Server, seconds, soon};

#[tokio::test]
async fn shutting_down_tells_clients_and_waits_for_disconnect() {
    let gate = Gate::default();
    let mut server = Server::with(|api, recorder| {
        api.routes.insert("$disconnect".to_owned(), Route::one_way(recorder.waits(&gate)));
    })
    .await;
    let (client, _) = server.connect_known().await;
    let connections = server.connections().clone();
    let stopping = tokio::spawn(async move { connections.shut_down(seconds(10)).await });

    assert_eq!(client.hears_goodbye().await, (1001, "Going away".to_owned()));
    assert_eq!(server.disconnect().await, (1001, "Going away".to_owned()));
    assert!(!stopping.is_finished());

    gate.open();
    soon(stopping).await.unwrap();
}

#[tokio::test]
async fn shutting_down_does_not_wait_for_ever() {
    let mut server = Server::with(|api, recorder| {
        api.routes.insert("$disconnect".to_owned(), Route::one_way(recorder.hangs()));
    })
    .await;
    let (_client, _) = server.connect_known().await;
    soon(server.connections().shut_down(std::time::Duration::from_millis(50))).await;
    assert_eq!(server.disconnect().await.0, 1001);
}

#[tokio::test]
async fn who_connects_during_the_shut_down_is_sent_away() {
    let gate = Gate::default();
    let mut server = Server::with(|api, recorder| {
        api.routes.insert("$connect".to_owned(), Route::one_way(recorder.waits(&gate)));
    })
    .await;
    let (tcp, request) = (server.tcp().await, server.request("/ws"));
    let connecting = tokio::spawn(Client::connect(tcp, request));
    server.event("CONNECT").await;
    let connections = server.connections().clone();
    let mut stopping = Box::pin(connections.shut_down(seconds(10)));
    assert!(futures::poll!(&mut stopping).is_pending());

    gate.open();

    let client = soon(connecting).await.unwrap().unwrap();
    assert_eq!(client.hears_goodbye().await, (1001, "Going away".to_owned()));
    assert_eq!(server.disconnect().await.0, 1001);
    soon(stopping).await;
}
