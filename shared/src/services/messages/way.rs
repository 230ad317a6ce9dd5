//! Which way a message goes to its recipients: its sender's invocation pushes it, or the table's stream brings
//! it, many at once.
//!
//! The stream costs two writes whenever it brings something, and saves a push a recipient for every
//! message that it does not bring alone. So messages of large rooms go by it, whose senders would wait for
//! long; and those of rooms that are not small while many come.

use std::time::Duration;

use crate::App;
use crate::domain::Timestamp;
use crate::store::{HandOver, Tail};

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

/// Until when messages go by the stream if the next does, which is stored `now` or later behind this end
/// of the log; `None` if its sender delivers it.
pub(super) fn fan_until(app: &App, tail: &Tail, now: Timestamp) -> Option<Timestamp> {
    let members = tail.hand_over.as_ref().map_or(0, |HandOver { members, .. }| *members);
    let size = size_of(app, members);
    if size == Size::Small {
        return None;
    }
    let newest = tail.entries.first();
    let now = newest.map_or(now, |newest| newest.message.sent_at.max(now));
    let rate = app.config.fan_out_rate;
    let lately = tail.entries.iter().filter(|entry| now.since(entry.message.sent_at) < SECOND);
    if rate > 0 && lately.count() + 1 >= rate {
        return Some(now.plus(LASTS));
    }
    let until = newest.and_then(|newest| newest.fan_until).filter(|until| *until > now);
    until.or((size == Size::Large).then_some(now))
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
