//! What is left of a world, and what can be read from it.

use std::collections::BTreeSet;

use dynoxide::Database;
use local::faults::Plan;
use local::in_process::answer;
use serde_json::{Value, json};

use crate::record::{Event, Place, Record, Seen, What};

/// What is left of a world.
pub(crate) struct Outcome {
    pub(crate) record: Record,
    pub(crate) plan: Plan,
    pub(crate) fired: Vec<u64>,
    /// Whether the mechanism that was to be missing has been missed at least once.
    pub(crate) sabotaged: bool,
    /// Every log as the table has it.
    pub(crate) logs: Vec<Seen>,
    pub(crate) room: String,
    /// Who is on which kind of client: (user, device, conforming).
    pub(crate) devices: Vec<(String, usize, bool)>,
    /// Whether inboxes list so little that they fill up.
    pub(crate) fills_up: bool,
    /// The connections that stand although their sessions have ended.
    pub(crate) overdue: Vec<String>,
    /// What is left of an account that was deleted.
    pub(crate) left: Vec<&'static str>,
    /// What of the logs is not as it was after messages have expired.
    pub(crate) lost: Vec<String>,
}

/// Every message in the table, by conversation and number.
pub(crate) fn logs(database: &Database) -> Vec<Seen> {
    let request = json!({ "TableName": "confab" }).to_string();
    let (status, body) = answer(database, "DynamoDB_20120810.Scan", request.as_bytes());
    assert!(status.is_success(), "the table can be read");
    let body: Value = serde_json::from_slice(&body).expect("DynamoDB answers JSON");
    let items = body["Items"].as_array().into_iter().flatten();
    let mut logs: Vec<_> = items.filter_map(message).collect();
    logs.sort_by(|one, other| (&one.conversation, one.seq).cmp(&(&other.conversation, other.seq)));
    logs
}

fn message(item: &Value) -> Option<Seen> {
    let seq = text(item, "sk").strip_prefix("MSG#")?.parse().ok().filter(|seq| *seq > 0)?;
    Some(Seen {
        conversation: text(item, "pk").strip_prefix("CONV#")?.to_owned(),
        seq,
        id: text(item, "id").to_owned(),
        from: text(item, "from").to_owned(),
        content: said(item).to_owned(),
    })
}

/// What was said, or which kind of notice it is.
fn said(item: &Value) -> &str {
    match text(item, "content") {
        "" => text(item, "kind"),
        content => content,
    }
}

/// Every message of which anybody has an ack.
pub(crate) fn acked(events: &[Event]) -> BTreeSet<Place> {
    let acked = events.iter().filter_map(|event| match &event.what {
        What::Acked { conversation, seq, .. } => Some((conversation.clone(), *seq)),
        _ => None,
    });
    acked.collect()
}

/// Whether `user` has a part in the conversation at all.
pub(crate) fn is_part(user: &str, conversation: &str) -> bool {
    match conversation.split_once(':') {
        Some(("dm", pair)) => pair.split(':').any(|one| one == user),
        Some(("room", _)) => user != "eve",
        _ => true,
    }
}

/// An attribute's text.
pub(crate) fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item[name]["S"].as_str().unwrap_or_default()
}
