//! Conversations as logs: every message has a number, and the put that stores it allocates it.
//!
//! To append is to read the tail, take the number after it, and put under the condition that the
//! number is free. Whoever loses a race is shown the occupant and steps on, or gives way if many race
//! ([`pace`]). So numbers have no holes, and no counter exists that could disagree with the log. The
//! first message of a log is the one exception: see [`start`](super::start).
//!
//! Two values never fall along a log, and make a repeated send recognisable however late it comes:
//! `sent_at`, and `ahead`: the most by which the time inside any UUIDv7 so far was ahead of the
//! server's clock. The first send of an id made at `t` was therefore stored at `t - ahead` or later.

mod append;
mod entry;
mod pace;
mod rate;
mod read;
mod repeat;
mod tail;

use std::time::Duration;

use crate::domain::{Content, Kind, Message, MessageId, UserId};

pub(super) use entry::{Entry, encode};
pub(super) use tail::Tail;

/// A message that wants a place in the log.
#[derive(Debug)]
pub struct Draft {
    /// The sender's name for it, if the sender gave one.
    pub id: Option<MessageId>,
    /// Whether it is something said or a notice.
    pub kind: Kind,
    /// Who says it.
    pub from: UserId,
    /// Whom a notice is about, if not its sender.
    pub about: Option<UserId>,
    /// What is said.
    pub content: Content,
}

/// What a log asks of those who write to it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    /// How long messages are kept; `None` for ever.
    pub retention: Option<Duration>,
    /// How many messages one person may say in a second; 0 for any number.
    pub messages_per_second: usize,
    /// Whether people have accounts, without which nobody is written to.
    pub has_accounts: bool,
}

/// What became of a draft.
#[derive(Debug)]
pub enum Appended {
    /// It has its place now.
    Stored(Message),
    /// The same sender sent it before under the same id; this is the message that was stored then.
    Repeat(Message),
}
