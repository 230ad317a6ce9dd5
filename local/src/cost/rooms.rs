//! A message into a room, both ways to its members.
//!
//! Everybody in the room is there, with one connection each.

use super::prices::Prices;
use super::work::{ACK_BYTES, MESSAGE_BYTES, PUSHES_AT_ONCE, Work, frames, units};

/// How often Lambda reads a shard of the table's stream in a second
/// (<https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>).
const POLLS_A_SECOND: f64 = 4.0;
/// How many members one read unit reads.
const MEMBERS_A_UNIT: u32 = 30;
/// In larger rooms nobody looked for where the ways cost the same.
const LARGEST: u32 = 10_000;

/// Its sender's invocation pushes it.
pub fn direct(members: u32) -> Work {
    let all = f64::from(members);
    // What everybody's append reads; the members; and their inboxes, but for the sender's own, which is read
    // already.
    said().asking((0.0, of_members(members) + all - 1.0), 2.0).pushing(all, MESSAGE_BYTES)
}

/// The table's stream brings it, while so many messages a second come into the room, as evenly as can be.
///
/// That is the dearest case: what comes in bursts is brought more at once.
pub fn by_stream(members: u32, rate: f64) -> Work {
    let messages = batch(rate);
    said() + brought(members, messages) * (1.0 / messages)
}

/// How many messages the stream brings at once, while so many come in a second. Each reading of the stream is
/// taken to find all that came since the one before, so a delivery that outlasts it, and so finds more, is
/// counted too dear.
pub fn batch(rate: f64) -> f64 {
    (rate / POLLS_A_SECOND).max(1.0)
}

/// What the sender's invocation does when the stream brings the message: the end of the log, the sender's
/// inbox and the member, at once; then the put; then the `ack`.
pub fn said() -> Work {
    Work::answered(ACK_BYTES).asking((1.0, 3.0), 2.0)
}

/// What the stream does to bring so many messages at once: the lease, the log, the members, their inboxes,
/// the pushes, and how far it got.
pub fn brought(members: u32, messages: f64) -> Work {
    let all = f64::from(members);
    let bytes = messages * MESSAGE_BYTES;
    let frames = frames(bytes);
    let reads = units(messages) + of_members(members) + all;
    let wake = Work { invocations: 1.0, ..Work::default() };
    let pushes = Work {
        pushes: frames * all,
        push_bytes: bytes * all,
        push_rounds: frames * (all / PUSHES_AT_ONCE).ceil(),
        ..Work::default()
    };
    wake.asking((2.0, reads), 5.0) + pushes
}

/// What the stream does when it wakes for messages that were brought already: it is refused the lease.
pub fn woken_in_vain() -> Work {
    Work { invocations: 1.0, ..Work::default() }.asking((1.0, 0.0), 1.0)
}

/// From how many members on the stream costs less than a `share` of what direct costs, at so many messages a
/// second; `None` if it never does.
pub fn cheaper_from(share: f64, rate: f64, prices: &Prices) -> Option<u32> {
    let is_cheaper = |members: &u32| {
        let direct = direct(*members).usage().dollars(prices);
        by_stream(*members, rate).usage().dollars(prices) < share * direct
    };
    (1..=LARGEST).rev().take_while(is_cheaper).last()
}

/// The read units of a room's members.
fn of_members(members: u32) -> f64 {
    f64::from(members.div_ceil(MEMBERS_A_UNIT))
}
