//! The registry of connections that stand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::close_reason::CloseReason;
use super::connection_handle::ConnectionHandle;

/// All connections of a WebSocket API, by id.
#[derive(Clone, Default)]
pub struct Connections {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    registry: Mutex<Registry>,
    /// How many connections are being opened, open, or waiting for their `$disconnect`.
    pending: watch::Sender<usize>,
}

#[derive(Default)]
struct Registry {
    sessions: HashMap<String, Arc<ConnectionHandle>>,
    shut: bool,
}

impl Connections {
    /// How many connections stand.
    pub fn count(&self) -> usize {
        self.registry().sessions.len()
    }

    /// Closes every connection with 1001 "Going away" and turns newcomers away likewise.
    ///
    /// Waits until the last `$disconnect` is through, but no longer than `patience`.
    pub async fn shut_down(&self, patience: Duration) {
        let sessions = {
            let mut registry = self.registry();
            registry.shut = true;
            std::mem::take(&mut registry.sessions)
        };
        for session in sessions.values() {
            session.outbound.close(CloseReason::going_away());
        }
        let mut pending = self.inner.pending.subscribe();
        let settled = pending.wait_for(|count| *count == 0);
        if tokio::time::timeout(patience, settled).await.is_err() {
            tracing::warn!("gave up waiting for connections to end");
        }
    }

    /// Hears nothing more of a connection, not even its end: whoever is there notices nothing.
    pub(crate) fn mute(&self, id: &str) {
        if let Some(session) = self.get(id) {
            session.mute();
        }
    }

    /// Closes a connection, as a `DELETE` does; false if it does not stand.
    pub(crate) fn end(&self, id: &str) -> bool {
        let session = self.remove(id);
        if let Some(session) = &session {
            session.outbound.close(CloseReason::deleted());
        }
        session.is_some()
    }

    /// Keeps [`Self::shut_down`] waiting until the guard is dropped.
    pub(super) fn begin(&self) -> Pending {
        self.inner.pending.send_modify(|count| *count += 1);
        Pending(Arc::clone(&self.inner))
    }

    /// Makes a connection known; from here on it can be pushed to.
    pub(super) fn add(&self, session: &Arc<ConnectionHandle>) {
        let mut registry = self.registry();
        if registry.shut {
            session.outbound.close(CloseReason::going_away());
            return;
        }
        let id = session.info.connection_id.clone();
        registry.sessions.insert(id, Arc::clone(session));
    }

    /// Every connection that stands.
    pub(super) fn all(&self) -> Vec<Arc<ConnectionHandle>> {
        self.registry().sessions.values().cloned().collect()
    }

    /// Finds a connection that stands.
    pub(super) fn get(&self, id: &str) -> Option<Arc<ConnectionHandle>> {
        self.registry().sessions.get(id).cloned()
    }

    /// Forgets a connection, so that it cannot be pushed to any more.
    pub(super) fn remove(&self, id: &str) -> Option<Arc<ConnectionHandle>> {
        self.registry().sessions.remove(id)
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        // No code that holds the lock can leave the map half changed.
        self.inner.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a connection for as long as something is to be done for it.
pub(super) struct Pending(Arc<Inner>);

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.pending.send_modify(|count| *count -= 1);
    }
}
