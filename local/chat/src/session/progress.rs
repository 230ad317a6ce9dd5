//! How far one's own messages got.

use crate::frames::Status;

/// How far one's last message in a conversation got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It has no ack yet.
    Sending,
    /// It has one.
    Got(Status),
}

/// How far one's own messages got.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) last: Option<u64>,
    pub(super) delivered: u64,
    pub(super) read: u64,
}

impl Progress {
    /// How far the message `seq` got.
    pub(super) fn status(&self, seq: u64) -> Status {
        if seq <= self.read {
            Status::Read
        } else if seq <= self.delivered {
            Status::Delivered
        } else {
            Status::Sent
        }
    }
}
