//! Which way a message goes to its recipients: its sender's invocation pushes it, or the table's stream brings
//! it, many at once.
//!
//! The stream costs two writes whenever it brings something, and saves a push a recipient for every
//! message that it does not bring alone. So messages of large rooms go by it, whose senders would wait for
//! long; and those of rooms that are not small while many come.

use std::collections::VecDeque;
use std::time::Duration;

use crate::App;
use crate::domain::Timestamp;
use crate::store::{Entry, HandOver, Tail};

/// The span in which messages are counted.
const SECOND: Duration = Duration::from_secs(1);
/// How long messages go by the stream after many came: whoever changes ways lets messages cross.
const LASTS: Duration = Duration::from_secs(10);

/// How many members a room has, as far as that decides which way messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    Small,
    Medium,
    Large,
}

/// What the end of a room's log tells of the way of the next message.
#[derive(Debug)]
pub(super) struct Way<'a> {
    app: &'a App,
    /// How many members the room is known to have.
    members: usize,
    /// When messages were stored, newest first.
    sent_at: VecDeque<Timestamp>,
    /// Until when the newest says that messages go by the stream.
    fan_until: Option<Timestamp>,
}

impl<'a> Way<'a> {
    /// As the tail shows it.
    pub(super) fn of(app: &'a App, tail: &Tail) -> Self {
        let members = tail.hand_over.as_ref().map_or(0, |HandOver { members, .. }| *members);
        let sent_at = tail.entries.iter().map(|entry| entry.message.sent_at).collect();
        let fan_until = tail.entries.first().and_then(|newest| newest.fan_until);
        Self { app, members, sent_at, fan_until }
    }

    /// Another message stands before it.
    pub(super) fn see(&mut self, occupant: &Entry) {
        self.sent_at.push_front(occupant.message.sent_at);
        self.fan_until = occupant.fan_until;
    }

    /// Until when messages go by the stream if the next does, which is stored `now` or later; `None` if
    /// its sender delivers it.
    pub(super) fn fan_until(&self, now: Timestamp) -> Option<Timestamp> {
        let now = self.sent_at.front().map_or(now, |newest| (*newest).max(now));
        let size = size_of(self.app, self.members);
        if size == Size::Small {
            return None;
        }
        let rate = self.app.config.fan_out_rate;
        let lately = self.sent_at.iter().filter(|sent_at| now.since(**sent_at) < SECOND).count();
        if rate > 0 && lately + 1 >= rate {
            return Some(now.plus(LASTS));
        }
        let until = self.fan_until.filter(|until| *until > now);
        until.or((size == Size::Large).then_some(now))
    }
}

/// Whether a room that is known to have `noted` members goes another way now that it has `members`.
pub(super) fn is_another_size(app: &App, noted: usize, members: usize) -> bool {
    size_of(app, noted) != size_of(app, members)
}

fn size_of(app: &App, members: usize) -> Size {
    let config = &app.config;
    if config.fan_out_members > 0 && members >= config.fan_out_members {
        Size::Large
    } else if config.fan_out_rate > 0 && members >= config.fan_out_least {
        Size::Medium
    } else {
        Size::Small
    }
}
