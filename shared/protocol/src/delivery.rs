//! What became of a message, as whoever operates a server is told.

use serde::{Deserialize, Serialize};

use crate::{Seq, Timestamp};

/// A step on the way of messages of one conversation to the people of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryStep {
    /// When.
    pub at: Timestamp,
    /// What.
    pub step: StepKind,
    /// The first message that it is about.
    pub first: Seq,
    /// The last.
    pub last: Seq,
    /// Who said it, of what was stored; else for whom it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Over which connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// What became of the push.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<PushAnswer>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// It was stored, and the sender's invocation brings it.
    Stored,
    /// It was stored, and the table's stream brings it.
    StoredForStream,
    /// It was sent again, and had been stored before.
    Repeated,
    /// The table's stream brings these.
    HandedOver,
    /// A frame went to a connection.
    Pushed,
    /// A frame of what waited went to a connection.
    Drained,
    /// No connection took it: it waits.
    Waiting,
    /// Others wait before it: it waits behind them.
    LeftToBacklog,
    /// It waits without being listed: the inbox is full, and its owner is told that more waits.
    Unlisted,
    /// A later server's.
    #[serde(other)]
    Unknown,
}

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushAnswer {
    /// API Gateway took the frame for a connection that stands.
    Taken,
    /// There is no such connection any more, or not yet.
    Gone,
    /// It failed; whether the client got it is unknown.
    Failed,
    /// A later server's.
    #[serde(other)]
    Unknown,
}
