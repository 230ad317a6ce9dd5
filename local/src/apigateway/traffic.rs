//! The frames that pass: counted always, and kept for a while if somebody watches.
//!
//! Counting takes atomic additions, for a frame of no matter whom. Keeping takes a lock, so it is only done
//! until some time after somebody has looked.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::Limits;
use super::connection_handle::ConnectionHandle;
use super::way::Way;

/// How many frames are kept.
const KEPT: usize = 200;
/// How long frames are kept after somebody has looked at them.
const WATCHED: Duration = Duration::from_secs(10);

/// How many frames passed one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// Frames.
    pub frames: u64,
    /// The same, each 32 KB of one counted by itself, and an empty one not at all.
    pub paid: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A frame that has passed.
#[derive(Clone)]
pub struct Frame {
    /// How many have been kept before it.
    pub number: u64,
    /// When it passed.
    pub at: Timestamp,
    /// Which way.
    pub way: Way,
    /// By which connection.
    pub connection: String,
    /// Whose connection that is.
    pub user: Option<String>,
    /// What it says.
    pub text: Utf8Bytes,
}

/// What has passed through one API.
#[derive(Default)]
pub(super) struct Traffic {
    flows: [Flow; 3],
    /// For how long connections stood that have ended, in milliseconds.
    connected: AtomicU64,
    /// Until when frames are kept, in milliseconds since the epoch.
    watched_until: AtomicI64,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Flow {
    frames: AtomicU64,
    paid: AtomicU64,
    bytes: AtomicU64,
}

#[derive(Default)]
struct Kept {
    number: u64,
    frames: VecDeque<KeptFrame>,
}

struct KeptFrame {
    number: u64,
    at: Timestamp,
    way: Way,
    session: Arc<ConnectionHandle>,
    text: Utf8Bytes,
}

impl Traffic {
    /// The text of a frame, to be kept when it has passed, if somebody watches.
    pub(super) fn look(&self, text: &Utf8Bytes, now: Timestamp) -> Option<Utf8Bytes> {
        self.is_watched(now).then(|| text.clone())
    }

    /// A frame of so many bytes has passed.
    pub(super) fn passed(
        &self,
        session: &Arc<ConnectionHandle>,
        way: Way,
        bytes: usize,
        seen: Option<Utf8Bytes>,
        now: Timestamp,
    ) {
        session.passed(way, bytes);
        let paid = bytes.div_ceil(Limits::FRAME_BYTES);
        let flow = &self.flows[way as usize];
        flow.frames.fetch_add(1, Ordering::Relaxed);
        flow.paid.fetch_add(paid as u64, Ordering::Relaxed);
        flow.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        if let Some(text) = seen {
            self.keep(session, way, text, now);
        }
    }

    /// A connection has ended that stood since then.
    pub(super) fn ended(&self, since: Timestamp, now: Timestamp) {
        self.connected.fetch_add(milliseconds(since, now), Ordering::Relaxed);
    }

    /// For how long connections stood that have ended, in milliseconds.
    pub(super) fn ended_milliseconds(&self) -> u64 {
        self.connected.load(Ordering::Relaxed)
    }

    /// What passed one way.
    pub(super) fn flow(&self, way: Way) -> Passed {
        let Flow { frames, paid, bytes } = &self.flows[way as usize];
        let [frames, paid, bytes] = [frames, paid, bytes].map(|it| it.load(Ordering::Relaxed));
        Passed { frames, paid, bytes }
    }

    /// The last frames, the newest first, if somebody has watched until now; from now on somebody does.
    pub(super) fn watch(&self, now: Timestamp) -> Vec<Frame> {
        let mut kept = self.kept();
        if !self.is_watched(now) {
            kept.frames.clear();
        }
        let until = now.checked_add(WATCHED).unwrap_or(Timestamp::MAX);
        self.watched_until.store(until.as_millisecond(), Ordering::Relaxed);
        let frame = |kept: &KeptFrame| Frame {
            number: kept.number,
            at: kept.at,
            way: kept.way,
            connection: kept.session.info.connection_id.clone(),
            user: kept.session.info.user(),
            text: kept.text.clone(),
        };
        kept.frames.iter().rev().map(frame).collect()
    }

    fn is_watched(&self, now: Timestamp) -> bool {
        now.as_millisecond() < self.watched_until.load(Ordering::Relaxed)
    }

    fn keep(&self, session: &Arc<ConnectionHandle>, way: Way, text: Utf8Bytes, now: Timestamp) {
        let mut kept = self.kept();
        kept.number += 1;
        let (number, session) = (kept.number, Arc::clone(session));
        if kept.frames.len() == KEPT {
            kept.frames.pop_front();
        }
        kept.frames.push_back(KeptFrame { number, at: now, way, session, text });
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // No code that holds the lock can leave it half changed.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long something lasts that began then.
pub(super) fn milliseconds(since: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(now.as_millisecond() - since.as_millisecond()).unwrap_or_default()
}
