//! How far one's own messages got.

use protocol::{Seq, Status};

/// How far one's last message in a conversation got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It has no ack yet.
    Sending,
    /// It has one.
    Got(Status),
}

/// How far one's own messages got.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) last: Option<Seq>,
    pub(crate) delivered: Seq,
    pub(crate) read: Seq,
}

impl Progress {
    /// How far the message `seq` got.
    pub(crate) fn status(&self, seq: Seq) -> Status {
        if seq <= self.read {
            Status::Read
        } else if seq <= self.delivered {
            Status::Delivered
        } else {
            Status::Sent
        }
    }
}
