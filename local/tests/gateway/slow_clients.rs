//! A client that does not read costs the server little, and not for long.

use local::apigateway::{Limits, Route};

use crate::support::{Client, Server, soon};

static LARGE: [u8; 128 * 1024] = [b'x'; 128 * 1024];

/// Pushes until the client's buffer is full; tells how many messages that took.
async fn fill(server: &Server, id: &str) -> usize {
    let mut taken = 0;
    loop {
        let answer = server.push(id, &LARGE).await;
        if answer.status != 200 {
            assert_eq!(answer.error(), (429, "LimitExceededException"));
            return taken;
        }
        taken += 1;
    }
}

async fn read(client: &mut Client, count: usize) {
    for _ in 0..count {
        assert_eq!(client.hears().await.len(), LARGE.len());
    }
}

#[tokio::test]
async fn a_full_buffer_refuses_pushes_until_the_client_reads() {
    let mut server = Server::start().await;
    let (mut client, id) = server.connect_known().await;

    let taken = soon(fill(&server, &id)).await;
    read(&mut client, taken).await;

    assert_eq!(server.push(&id, b"again").await.status, 200);
    assert_eq!(client.hears().await, "again");
}

#[tokio::test]
async fn a_client_that_never_reads_is_cut_off() {
    let mut server = Server::with(|api, _| api.limits.idle = api.limits.lifetime).await;
    let (_client, id) = server.connect_known().await;
    soon(fill(&server, &id)).await;

    let cut_off = async {
        // The kernel may take some more bytes for a while, and then the client has time again.
        while server.push(&id, &LARGE).await.status != 410 {
            server.time.advance(Limits::STALL);
        }
    };
    soon(cut_off).await;

    assert_eq!(server.disconnect().await.0, 1006);
}

#[tokio::test]
async fn a_client_that_reads_slowly_is_not_cut_off() {
    // More than the kernel takes at once, so that some always waits.
    let mut server = Server::with(|api, _| api.limits.outbound_bytes = 32 * 1024 * 1024).await;
    let (mut client, id) = server.connect_known().await;

    for _ in 0..4 {
        soon(fill(&server, &id)).await;
        // The server writes on once enough has been read for the kernel to let it.
        while server.push(&id, &LARGE).await.status != 200 {
            read(&mut client, 1).await;
        }
        server.time.advance(Limits::STALL / 2);
    }

    let answer = server.http("GET", &format!("/@connections/{id}"), b"").await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_client_that_does_not_read_may_still_be_heard_and_deleted() {
    let mut server = Server::with(|api, recorder| {
        api.routes.insert("$default".to_owned(), Route::one_way(recorder.echoes()));
    })
    .await;
    let (mut client, id) = server.connect_known().await;
    let taken = soon(fill(&server, &id)).await;

    client.says("hello").await;
    assert_eq!(server.event("MESSAGE").await["body"], "hello");
    let path = format!("/@connections/{id}");
    assert_eq!(server.http("DELETE", &path, b"").await.status, 204);

    // What was pushed before comes before the close frame.
    read(&mut client, taken).await;
    assert_eq!(client.hears_goodbye().await.0, 1000);
    assert_eq!(server.disconnect().await.0, 1000);
}

#[tokio::test]
async fn a_reply_that_waits_for_room_does_not_hold_up_disconnect() {
    let mut server = Server::start().await;
    let (mut client, id) = server.connect_known().await;
    soon(fill(&server, &id)).await;
    client.says_in_frames(&[32 * 1024; 4]).await;
    server.event("MESSAGE").await;

    drop(client);

    assert_eq!(server.disconnect().await.0, 1006);
}
