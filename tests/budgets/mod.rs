//! What every action may cost, counted request by request and unit by unit.
//!
//! Budgets are rows as the table in `functions/README.md` has them: an action, its writes, their
//! units, its reads, their units, and the round trips, which are requests that wait for each other.
//! Units are those the embedded engine reports, which follow AWS; DynamoDB Local's are rough, so there
//! only requests are held.

mod coming;
mod reading;
mod rooms;
mod server_side;
mod speaking;

use crate::support::{Chat, Person, Usage};

pub(crate) const README: &str = include_str!("../../functions/README.md");

/// What every coming asks for, beside asking again while the handshake is not through: two writes,
/// the lobby's history, and whom to show it.
pub(crate) const COMING: [&str; 4] = ["Update", "Update", "Query", "Query"];

pub(crate) fn units_count() -> bool {
    std::env::var_os("CONFAB_TEST_DYNAMODB").is_none()
}

/// Somebody who has been there for a while, with everything that their coming costs already counted and forgotten.
async fn present(chat: &Chat, user: &str) -> Person {
    let person = chat.joined_by(user).await;
    chat.meter.take_after(&COMING).await;
    chat.settles();
    person
}

#[test]
fn every_promise_is_held() {
    let tests = [
        include_str!("coming.rs"),
        include_str!("reading.rs"),
        include_str!("rooms.rs"),
        include_str!("server_side.rs"),
        include_str!("speaking.rs"),
    ];
    let (_, table) = README.split_once("| round trips |\n|---|---|---|---|---|---|\n").unwrap();
    for row in table.lines().take_while(|line| line.starts_with('|')) {
        assert!(tests.iter().any(|test| test.contains(row)), "no test holds {row}");
    }
}

/// Holds what `functions/README.md` promises in this row, in which `N` stands for `number`.
#[track_caller]
fn is_promised(row: &str, number: u32, usage: &Usage) {
    assert!(
        README.lines().any(|line| line == row),
        "functions/README.md does not have the row {row}"
    );
    costs(row, number, usage);
}

/// Holds a row that is not worth a promise.
#[track_caller]
fn costs(row: &str, number: u32, usage: &Usage) {
    let cells: Vec<_> = row.split('|').map(str::trim).collect();
    let expected: Vec<_> = cells[2..=6].iter().map(|sum| value(sum, number)).collect();
    let count = |requests: usize| f64::from(u32::try_from(requests).unwrap());
    let mut actual = [
        count(usage.writes),
        usage.write_units,
        count(usage.reads),
        usage.read_units,
        count(usage.round_trips),
    ];
    if !units_count() {
        (actual[1], actual[3]) = (expected[1], expected[3]);
    }
    assert_eq!(actual[..], expected, "{row}");
}

/// The value of a sum such as `2 + 9N + N/30`; what is left of a division counts as one more.
pub(crate) fn value(sum: &str, number: u32) -> f64 {
    let parse = |text: &str| text.parse::<u32>().unwrap();
    let value = |term: &str| match term.split_once('N') {
        None => parse(term),
        Some(("", "")) => number,
        Some((factor, "")) => parse(factor) * number,
        Some((_, divisor)) => number.div_ceil(parse(&divisor[1..])),
    };
    f64::from(sum.split(" + ").map(value).sum::<u32>())
}
