//! What everybody involved knows of one connection.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::outbound::OutboundSender;
use super::way::Way;

/// Who has connected: what all events of the connection say alike.
pub(super) struct ConnectionInfo {
    pub(super) connection_id: String,
    pub(super) connected_at: Timestamp,
    pub(super) source_ip: IpAddr,
    pub(super) user_agent: Option<String>,
    /// What the authorizer said, once it has.
    pub(super) authorizer: Option<Map<String, Value>>,
}

/// An accepted connection, as the registry and its own task share it.
pub(super) struct ConnectionHandle {
    pub(super) info: ConnectionInfo,
    pub(super) outbound: OutboundSender,
    /// Milliseconds since the epoch.
    last_active: AtomicI64,
    /// Nothing that the client sends arrives any more.
    mute: AtomicBool,
    /// Frames and bytes from the client, and to it.
    received: [AtomicU64; 2],
    sent: [AtomicU64; 2],
}

impl ConnectionInfo {
    /// Who the authorizer says it is, if it says so.
    pub(super) fn user(&self) -> Option<String> {
        let principal = self.authorizer.as_ref()?.get("principalId")?.as_str()?;
        Some(percent_decode_str(principal).decode_utf8_lossy().into_owned())
    }
}

impl ConnectionHandle {
    pub(super) fn new(caller: ConnectionInfo, outbound: OutboundSender) -> Self {
        let last_active = AtomicI64::new(caller.connected_at.as_millisecond());
        let (received, sent) = Default::default();
        Self { info: caller, outbound, last_active, mute: AtomicBool::new(false), received, sent }
    }

    /// From now on hears nothing of the client, as behind a network that loses everything.
    pub(super) fn mute(&self) {
        self.mute.store(true, Ordering::Relaxed);
    }

    /// Whether what the client sends is not to be read.
    pub(super) fn is_mute(&self) -> bool {
        self.mute.load(Ordering::Relaxed)
    }

    /// Counts a frame of so many bytes.
    pub(super) fn passed(&self, way: Way, bytes: usize) {
        let [frames, all] = if way == Way::In { &self.received } else { &self.sent };
        frames.fetch_add(1, Ordering::Relaxed);
        all.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Frames and bytes from the client.
    pub(super) fn received(&self) -> [u64; 2] {
        self.received.each_ref().map(|it| it.load(Ordering::Relaxed))
    }

    /// Frames and bytes to it.
    pub(super) fn sent(&self) -> [u64; 2] {
        self.sent.each_ref().map(|it| it.load(Ordering::Relaxed))
    }

    /// Notes a message in either direction.
    pub(super) fn touch(&self, now: Timestamp) {
        self.last_active.fetch_max(now.as_millisecond(), Ordering::Relaxed);
    }

    /// When the last message passed, or the connection began.
    pub(super) fn last_active(&self) -> Timestamp {
        let at = Timestamp::from_millisecond(self.last_active.load(Ordering::Relaxed));
        at.unwrap_or(self.info.connected_at)
    }
}
