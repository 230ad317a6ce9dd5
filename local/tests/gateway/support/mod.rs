//! Actors for the tests: a server that records its events, and clients.

mod client;
mod http;
mod recorder;
mod server;

pub(crate) use client::{Client, Refused};
pub(crate) use http::{HttpResponse, send};
pub(crate) use recorder::{Gate, IMPATIENT, Recorder};
pub(crate) use server::Server;

use std::time::Duration;

/// No test waits longer than this for anything.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    let patience = Duration::from_secs(20);
    tokio::time::timeout(patience, future).await.expect("this should have happened by now")
}

pub(crate) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
