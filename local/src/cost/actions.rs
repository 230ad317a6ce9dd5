//! What single people do, as `functions/README.md` names it.

use super::work::{
    ACK_BYTES, MESSAGE_BYTES, SMALL_FRAME_BYTES, WELCOME_BYTES, Work, frames, units,
};

/// How many messages are read and pushed at once of what waited.
const PAGE: f64 = 100.0;

/// Something that people do.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    /// What it is called; where `functions/README.md` has a row for it, as it is called there.
    pub name: &'static str,
    /// What `N` stands for in that row.
    pub number: u32,
    /// What it takes.
    pub work: Work,
}

/// Everything that has a price of its own, but for messages into rooms.
pub fn all() -> Vec<Action> {
    let page = 50.0 * MESSAGE_BYTES;
    let action = |name, work| Action { name, number: 0, work };
    vec![
        action("connecting and being welcomed", connecting()),
        action("disconnecting", disconnecting()),
        action("an hour of being connected", connected(60.0)),
        action("`ping`", Work::answered(SMALL_FRAME_BYTES).asking((0.0, 1.0), 1.0)),
        action("`message` to somebody who is there", message()),
        action(
            "`message` to somebody newly away",
            Work::answered(ACK_BYTES).asking((2.0, 3.0), 4.0),
        ),
        action(
            "a repeat of a recent `message`",
            Work::answered(ACK_BYTES).asking((0.0, 3.0), 2.0).pushing(1.0, MESSAGE_BYTES),
        ),
        action(
            "`POST /api/send_message` to somebody who is there",
            Work::http(ACK_BYTES).asking((1.0, 3.0), 3.0).pushing(1.0, MESSAGE_BYTES),
        ),
        action("1,000 messages that waited, besides connecting", waited(1_000.0)),
        Action { name: "`broadcast`, N there", number: 100, work: broadcast(100) },
        action(
            "`typing` to somebody",
            Work::unanswered().asking((0.0, 2.0), 1.0).pushing(1.0, SMALL_FRAME_BYTES),
        ),
        action(
            "`read`",
            Work::answered(SMALL_FRAME_BYTES)
                .asking((1.0, 3.0), 3.0)
                .pushing(1.0, SMALL_FRAME_BYTES),
        ),
        action("`history`, 50 short messages", Work::answered(page).asking((0.0, 3.0), 1.0)),
        action("`GET /messages`, 50 short ones", Work::http(page).asking((0.0, 5.0), 1.0)),
    ]
}

/// A direct message to somebody with one connection.
pub fn message() -> Work {
    Work::answered(ACK_BYTES).asking((1.0, 3.0), 3.0).pushing(1.0, MESSAGE_BYTES)
}

/// Something said to everybody, of whom so many are there.
pub fn broadcast(there: u32) -> Work {
    let all = f64::from(there);
    Work::answered(ACK_BYTES).asking((1.0, 5.0 + all), 4.0).pushing(all, MESSAGE_BYTES)
}

/// What waited for somebody in one direct conversation, brought to them when they come.
pub fn waited(messages: f64) -> Work {
    let pages = (messages / PAGE).ceil();
    let frames = frames(PAGE * MESSAGE_BYTES);
    // While there are more, the newest are read as well, since of too many only these come.
    let read = units(PAGE) * (2.0 * pages - 1.0);
    let pushes = Work {
        pushes: pages * frames,
        push_bytes: messages * MESSAGE_BYTES,
        push_rounds: pages * frames,
        ..Work::default()
    };
    // The lease, and that it is kept or ended; the inbox with every page, and the sender's, who gets a receipt.
    let asked = (1.0 + pages, read + pages + 1.0);
    pushes.asking(asked, 4.0 * pages + 1.0).pushing(1.0, SMALL_FRAME_BYTES)
}

/// The authorizer, `connect`, and `deliver`, which asks whether the connection stands before it greets.
fn connecting() -> Work {
    let invoked = Work { invocations: 3.0, push_rounds: 1.0, ..Work::default() };
    invoked.asking((3.0, 2.0), 4.0).pushing(1.0, WELCOME_BYTES)
}

/// `disconnect`, and `deliver`, which looks whom to show it.
fn disconnecting() -> Work {
    Work { invocations: 2.0, ..Work::default() }.asking((2.0, 2.0), 3.0)
}

fn connected(minutes: f64) -> Work {
    Work { connection_minutes: minutes, ..Work::default() }
}
