//! What every invocation asks of the table, held to its budget where nothing goes wrong.
//!
//! Budgets are those of the table in `functions/README.md`, without units. What others do at the same
//! time may add to them: each write that is refused, because somebody was faster, costs itself and at
//! most a new look at the tail, with the permission to write there, or another try of the same write.

use std::cell::RefCell;

use local::Functions;
use local::apigateway::Lambda;
use serde_json::Value;

use crate::record::{Event, Record, Spent, What};

/// The name under which refused writes are counted.
const REFUSED: &str = "refused";

tokio::task_local! {
    static SPENT: RefCell<Spent>;
    /// What the running invocation serves, and whom.
    static SERVES: (String, String);
}

/// `functions`, each of whose invocations leaves a note of what it asked for.
pub(crate) fn counted(functions: Functions, record: &Record) -> Functions {
    let counted = |name: &'static str, lambda: Lambda| {
        let record = record.clone();
        Lambda::new(move |event: Value| {
            let (lambda, record) = (lambda.clone(), record.clone());
            let kind = kind_of(name, &event);
            SPENT.scope(RefCell::default(), async move {
                let caller = &event["requestContext"]["authorizer"]["user"];
                let serves = (kind.clone(), caller.as_str().unwrap_or_default().to_owned());
                let answer = SERVES.scope(serves, lambda.call(event)).await;
                let refused = answer.as_ref().is_ok_and(|it| it["statusCode"] == 429);
                let kind = if refused { format!("{kind} refused") } else { kind };
                let spent = SPENT.with(RefCell::take);
                record.note("", 0, What::Spent { kind, spent });
                answer
            })
        })
    };
    Functions {
        connect: counted("connect", functions.connect),
        disconnect: counted("disconnect", functions.disconnect),
        message: counted("message", functions.message),
        ..functions
    }
}

/// Whether the running invocation serves a `sync`.
pub(crate) fn syncs() -> bool {
    SERVES.try_with(|(kind, _)| kind.starts_with("sync")).unwrap_or(false)
}

/// Whom it serves, if it serves such an action.
pub(crate) fn caller_of(action: &str) -> Option<String> {
    let caller = SERVES.try_with(|(kind, caller)| kind.starts_with(action).then(|| caller.clone()));
    caller.unwrap_or_default()
}

/// Notes that the running invocation has asked for `operation`.
pub(crate) fn note(operation: &str, refused: bool) {
    let count = |name: &str, spent: &RefCell<Spent>| {
        *spent.borrow_mut().entry(name.to_owned()).or_default() += 1;
    };
    // What furnishes the world belongs to no invocation.
    let _ = SPENT.try_with(|spent| {
        count(operation, spent);
        if refused && is_write(operation) {
            count(REFUSED, spent);
        }
    });
}

/// The function, or of `message` the frame's action and whom it is for.
fn kind_of(function: &str, event: &Value) -> String {
    let Some(body) = event["body"].as_str().filter(|_| function == "message") else {
        return function.to_owned();
    };
    let frame: Value = serde_json::from_str(body).unwrap_or_default();
    let action = frame["action"].as_str().unwrap_or_default();
    let is_room = |it: &Value| it.as_str().is_some_and(|it| it.starts_with("room:"));
    let of_room = frame.get("room").is_some() || is_room(&frame["conversation"]);
    let room = if of_room { " into a room" } else { "" };
    let since =
        frame["since"].as_object().map_or(String::new(), |since| format!(" {}", since.len()));
    format!("{action}{room}{since}")
}

fn is_write(operation: &str) -> bool {
    ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"].contains(&operation)
}

/// What a message asks for that answers another, or is for somebody who has come just now: the original before
/// and after, the permission to read it, and the message once more.
const REFERS: u64 = 5;

/// The most reads and writes of an invocation of this kind that nobody gets in the way of; `people`
/// is how many may be served.
///
/// A frame whose connection is not known as ready makes it so, and may notify `deliver`: two writes. A
/// recipient costs at most a mark and a notification.
fn budget(kind: &str, people: u64) -> (u64, u64) {
    let heal = 2;
    let hand_over = 2 * people;
    match kind.split(' ').collect::<Vec<_>>()[..] {
        // Beyond the limit those that are gone are forgotten, and then perhaps the newcomer.
        ["connect"] => (0, 1 + 1),
        ["connect", "refused"] => (0, 1 + 1 + 1),
        // One of several is forgotten by itself, and the last of them takes the user off the index.
        ["disconnect"] => (0, 2),
        ["ping"] => (1, heal),
        // The tail, the own inbox, the other; where the log starts, if the tail does not show it; a repeat that is
        // older than the tail.
        ["message"] => (3 + 2 + REFERS, 1 + heal + hand_over),
        // Besides, the permission and the members; whether the room stands, if that is refused.
        ["message", ..] => (5 + 3 + REFERS, 1 + heal + hand_over),
        // Besides, who is online, from eight shards.
        ["broadcast"] => (11 + 2 + REFERS, 1 + heal + hand_over),
        // As a message, and the one that it is about.
        ["edit" | "delete" | "react" | "pin"] => (4 + 2 + 8 + REFERS, 1 + heal + hand_over),
        ["edit" | "delete" | "react" | "pin", ..] => (6 + 3 + REFERS, 1 + heal + hand_over),
        // The own inbox; a page of each, whether one may read it, where it began, and the room.
        ["sync", count] => (1 + (4 + 3) * count.parse().unwrap_or(0), heal),
        ["history", ..] => (4 + 3, heal),
        ["read", ..] => (4, 1),
        // The transaction and the notice; `join` marks it read, reads the page and looks again.
        ["join", ..] => (7 + 4 + 3, 3 + heal + hand_over),
        ["leave", ..] => (5 + 2, 2 + hand_over),
        _ => (0, 0),
    }
}

/// Every invocation that asked for more than its budget.
pub(crate) fn is_kept(events: &[Event], people: u64, broken: &mut Vec<String>) {
    for event in events {
        let What::Spent { kind, spent } = &event.what else { continue };
        let refused = spent.get(REFUSED).copied().unwrap_or(0);
        let (mut reads, mut writes) = (0, 0);
        for (operation, count) in spent.iter().filter(|(operation, _)| *operation != REFUSED) {
            *if is_write(operation) { &mut writes } else { &mut reads } += count;
        }
        let (most_reads, most_writes) = budget(kind, people);
        if reads > most_reads + 2 * refused || writes > most_writes + refused {
            broken.push(format!("`{kind}` costs too much: {spent:?}"));
        }
    }
}
