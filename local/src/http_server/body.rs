//! What requests carry.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use http_body_util::LengthLimitError;

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It has more bytes than may be.
    TooLarge,
    /// It did not come in time.
    TooSlow,
    /// It ended before its end.
    Broken,
}

/// Reads a body of at most `limit` bytes, for as long as `patience` lasts.
pub(crate) async fn read(body: Body, limit: usize, patience: Duration) -> Result<Bytes, Unread> {
    let whole = tokio::time::timeout(patience, to_bytes(body, limit)).await;
    whole.map_err(|_| Unread::TooSlow)?.map_err(|error| {
        let error = error.into_inner();
        if error.is::<LengthLimitError>() { Unread::TooLarge } else { Unread::Broken }
    })
}
