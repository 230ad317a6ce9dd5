//! The front door of every port: HTTP over sockets, with bounds to what clients may send and to the
//! time they may take.
//!
//! - [`serve`] takes connections in; `lingering` lets them go.
//! - `body` reads what requests carry, `head` looks at their heads.
//! - `origins` knows which web pages may ask.

mod body;
mod head;
mod lingering;
mod origins;
mod refusal;

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use futures::FutureExt;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tower::ServiceExt;

use lingering::Lingering;

pub(crate) use body::{Unread, read};
pub use head::well_formed;
pub(crate) use origins::{AllowedOrigins, only_this_machine};
pub(crate) use refusal::refuse;

/// How long clients may take to send a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestTimeouts {
    /// For the head, counted from the answer before it.
    pub head: Duration,
    /// For the body.
    pub body: Duration,
}

impl Default for RequestTimeouts {
    /// Ours: AWS documents no limits, but does not wait for ever either.
    fn default() -> Self {
        Self { head: Duration::from_secs(60), body: Duration::from_secs(30) }
    }
}

/// Serves `routes` until `stop` comes, or its sender is gone; then finishes what is under way.
///
/// Handlers find the client's address in a [`ConnectInfo`].
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    patience: RequestTimeouts,
    stop: oneshot::Receiver<()>,
) {
    let stop = stop.map(drop).shared();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let (routes, stop) = (routes.clone(), stop.clone());
                    connections.spawn(attend(stream, peer, routes, patience, stop));
                }
                Err(error) => recover(&error).await,
            },
            Some(_) = connections.join_next() => {}
            () = stop.clone() => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Answers the requests of one connection.
async fn attend(
    stream: TcpStream,
    peer: SocketAddr,
    routes: Router,
    patience: RequestTimeouts,
    stop: impl Future<Output = ()>,
) {
    // Whatever is written is complete; waiting for more of it would only hold it up.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection ended before it began");
        return;
    }
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        routes.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .serve_connection(TokioIo::new(Lingering::new(stream)), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = stop => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended badly");
    }
}

/// A client that has gone already is no reason to wait; too many open files are.
async fn recover(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};

    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(%error, "cannot accept a connection");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
