//! Connections that are lost in silence: the cloud takes what is pushed to them, and nothing passes.

use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Faults, lock};

/// The longest that a connection is lost in silence before the cloud notices.
const SILENT: Duration = Duration::from_secs(60);

impl Faults {
    /// Whether nothing of what is sent to or by `connection` arrives.
    pub fn is_silent(&self, connection: &str) -> bool {
        self.silent_until(connection).is_some()
    }

    /// Loses `connection` in silence, unless it is lost already.
    pub(super) fn silence(&self, connection: &str) {
        if self.is_silent(connection) {
            return;
        }
        let now = Instant::now();
        let until = now + self.random(SILENT);
        let mut silent = lock(&self.0.silent);
        silent.retain(|_, until| *until > now);
        silent.insert(connection.to_owned(), until);
        drop(silent);
        if let Some(listener) = &*lock(&self.0.silence) {
            // When the server stops, nobody listens any more.
            let _ = listener.send(connection.to_owned());
        }
    }

    /// Says which connections are lost, and to `end` them when the cloud notices; never returns.
    pub async fn keep_silence(self, mute: impl Fn(&str), end: impl Fn(&str)) {
        let (sender, mut lost) = mpsc::unbounded_channel();
        *lock(&self.0.silence) = Some(sender);
        let mut ends = FuturesUnordered::new();
        loop {
            tokio::select! {
                biased;
                Some(connection) = lost.recv() => {
                    mute(&connection);
                    ends.push(self.noticed(connection));
                }
                Some(connection) = ends.next() => {
                    end(&connection);
                }
            }
        }
    }

    /// Waits until the cloud notices that `connection` is lost.
    async fn noticed(&self, connection: String) -> String {
        while let Some(until) = self.silent_until(&connection) {
            tokio::time::sleep_until(until).await;
        }
        connection
    }

    fn silent_until(&self, connection: &str) -> Option<Instant> {
        let until = lock(&self.0.silent).get(connection).copied();
        until.filter(|until| *until > Instant::now())
    }
}
