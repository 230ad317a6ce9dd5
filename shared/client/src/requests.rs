//! Requests that are repeated until they are answered.

use std::time::{Duration, Instant};

use fastrand::Rng;
use protocol::{ClientFrame, HistoryRequest, ReadRequest, RoomRequest, Seq};

use crate::outbox::{Outgoing, is_sendable};
use crate::repeat::Repeat;

/// What somebody wants that is not to send a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The newest messages of two people.
    Open {
        /// Which conversation.
        conversation: String,
        /// The other of the two, by id.
        with: String,
        /// How many messages at most.
        limit: usize,
    },
    /// To be in a room.
    Join {
        /// Its name or id.
        room: String,
    },
    /// Not to be in a room any more.
    Leave {
        /// Its id.
        room: String,
    },
    /// Others to know how far one has read.
    Read {
        /// Which conversation.
        conversation: String,
        /// Up to where.
        seq: Seq,
    },
}

impl Request {
    /// Whether its frame would be taken.
    pub(crate) fn is_sendable(&self) -> bool {
        match self {
            Self::Join { room } | Self::Leave { room } => is_sendable(room),
            Self::Open { with, .. } => is_sendable(with),
            Self::Read { .. } => true,
        }
    }

    fn frame(&self) -> ClientFrame {
        match self.clone() {
            Self::Open { with, limit, .. } => ClientFrame::History(HistoryRequest {
                with: Some(with),
                limit: u64::try_from(limit).ok(),
                ..HistoryRequest::default()
            }),
            Self::Join { room } => ClientFrame::Join(RoomRequest { room }),
            Self::Leave { room } => ClientFrame::Leave(RoomRequest { room }),
            Self::Read { conversation, seq } => {
                ClientFrame::Read(ReadRequest { conversation, seq })
            }
        }
    }
}

/// A request without an answer.
#[derive(Debug)]
struct Pending {
    id: String,
    request: Request,
    repeat: Repeat,
}

/// The requests without an answer.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    pending: Vec<Pending>,
}

impl Requests {
    /// Asks for something, unless that is asked already.
    pub(crate) fn put(&mut self, request: Request, random: &mut Rng) {
        if self.pending.iter().all(|pending| pending.request != request) {
            let (id, repeat) = (fresh_id(random), Repeat::default());
            self.pending.push(Pending { id, request, repeat });
        }
    }

    /// Whether a room is being joined.
    pub(crate) fn has_join(&self) -> bool {
        self.pending.iter().any(|pending| matches!(pending.request, Request::Join { .. }))
    }

    /// The frames that are due.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<Outgoing> {
        let mut frames = Vec::new();
        for Pending { id, request, repeat } in &mut self.pending {
            if repeat.is_due(now) {
                repeat.ask(now);
                frames.push(Outgoing { frame: request.frame(), id: Some(id.clone()) });
            }
        }
        frames
    }

    /// A new connection: everything is asked again.
    pub(crate) fn begin(&mut self) {
        for pending in &mut self.pending {
            pending.repeat = Repeat::default();
        }
    }

    /// Something failed, and nobody knows what: repeats come soon.
    pub(crate) fn suspect(&mut self, now: Instant, random: &mut Rng) {
        for pending in &mut self.pending {
            pending.repeat.suspect(now, random);
        }
    }

    /// Nobody wants an answer any more to what `is_over` says so of.
    pub(crate) fn drop_if(&mut self, is_over: impl Fn(&Request) -> bool) {
        self.pending.retain(|pending| !is_over(&pending.request));
    }

    /// The request `id` is answered or refused; what it was.
    pub(crate) fn settle(&mut self, id: &str) -> Option<Request> {
        let index = self.pending.iter().position(|pending| pending.id == id)?;
        Some(self.pending.remove(index).request)
    }

    /// The request `id` is to be repeated, but not before `pause` is over; whether there is one.
    pub(crate) fn put_off(&mut self, id: &str, now: Instant, pause: Duration) -> bool {
        let pending = self.pending.iter_mut().find(|pending| pending.id == id);
        pending.map(|pending| pending.repeat.put_off(now, pause)).is_some()
    }
}

/// An id for a request.
pub(crate) fn fresh_id(random: &mut Rng) -> String {
    format!("{:032x}", random.u128(..))
}

/// Whether it is asked that others know of something read up to here.
pub(crate) fn is_read(request: &Request, conversation: &str, upto: Seq) -> bool {
    matches!(request, Request::Read { conversation: it, seq } if it == conversation && *seq <= upto)
}
