//! What one takes with one, as lines of JSON.

use std::io::{Write, stdout};

use crate::account::Account;
use crate::http::segment;

/// Prints all that is kept of oneself, or of a room.
pub(crate) async fn print(account: &Account, room: Option<&str>) -> anyhow::Result<()> {
    let path = match room {
        Some(room) => format!("/api/rooms/{}/export", segment(room)),
        None => "/api/export".to_owned(),
    };
    let mut after = None;
    loop {
        let (lines, next) = account.lines(&path, after.as_deref()).await?;
        stdout().write_all(lines.as_bytes())?;
        if next.is_none() {
            return Ok(stdout().flush()?);
        }
        after = next;
    }
}
