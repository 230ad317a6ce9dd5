//! Connections that stand, for whoever looks at them.

use jiff::Timestamp;
use serde::Serialize;

use super::connection_handle::ConnectionHandle;

/// A connection that stands.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    /// Its id.
    pub id: String,
    /// Who the authorizer says it is, if it says so.
    pub user: Option<String>,
    /// Since when it stands.
    pub since: Timestamp,
    /// How many frames came from its client.
    pub frames_in: u64,
    /// Their bytes.
    pub bytes_in: u64,
    /// How many frames its client was sent.
    pub frames_out: u64,
    /// Their bytes.
    pub bytes_out: u64,
    /// When the last frame passed, either way.
    pub last_frame: Option<Timestamp>,
}

impl Standing {
    pub(super) fn of(session: &ConnectionHandle) -> Self {
        let info = &session.info;
        let ([frames_in, bytes_in], [frames_out, bytes_out]) = (session.received(), session.sent());
        let last_frame = (frames_in + frames_out > 0).then(|| session.last_active());
        Self {
            id: info.connection_id.clone(),
            user: info.user(),
            since: info.connected_at,
            frames_in,
            bytes_in,
            frames_out,
            bytes_out,
            last_frame,
        }
    }
}
