//! What breaks of the way by the stream: who brings what, as which range, and whom the table names.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Sabotage, says};
use crate::broken::Broken;
use crate::record::lock;

/// How long is remembered what may not be.
const REMEMBERED: Duration = Duration::from_secs(3);

/// The value that the mark is set to.
const MARK: &str = ":seq";

/// What was seen of the way by the stream.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The first and last message that were last read to be brought, by conversation.
    ranges: Mutex<BTreeMap<String, (u64, u64)>>,
    /// What was remembered of the table, and since when.
    remembered: Mutex<BTreeMap<String, (Instant, Value)>>,
}

impl Sabotage {
    /// Breaks how an inbox takes a range of messages.
    pub(super) fn break_range(&self, broken: Broken, body: &mut Value) {
        let Some(conversation) = marked_in(body) else { return };
        let ranges = lock(&self.seen.ranges);
        let Some((first, last)) = ranges.get(&conversation).copied() else { return };
        let values = &mut body["ExpressionAttributeValues"];
        if broken == Broken::MarkedByLast && (first..last).contains(&number(&values[MARK]["N"])) {
            values[MARK]["N"] = last.to_string().into();
        }
    }

    /// Notes what is read to be brought, and shows it another way.
    pub(super) fn break_read(&self, broken: Broken, request: &Value, answer: &mut Value) {
        let items = answer["Items"].as_array_mut();
        let (Some(items), Some(pk)) =
            (items, request["ExpressionAttributeValues"][":pk"]["S"].as_str())
        else {
            return;
        };
        let backwards = request["ScanIndexForward"] == false;
        if says(request, "FilterExpression", "fan_until") {
            let seqs = items.iter().filter_map(|item| seq_of(&item["sk"]));
            let (first, last) = (seqs.clone().min(), seqs.max());
            if let (Some(first), Some(last), Some(it)) = (first, last, pk.strip_prefix("CONV#")) {
                lock(&self.seen.ranges).insert(it.to_owned(), (first, last));
            }
            if broken == Broken::LogReversed {
                items.reverse();
            }
        } else if broken == Broken::RepeatDecidesAnew && backwards && pk.starts_with("CONV#room:") {
            let messages = items.iter_mut().filter(|item| item.get("id").is_some());
            messages.filter_map(Value::as_object_mut).for_each(|item| {
                item.entry("fan_until").or_insert_with(|| json!({ "N": "0" }));
            });
        } else if broken == Broken::MembersRemembered
            && request["ExpressionAttributeValues"].to_string().contains("MEMBER#")
        {
            let key = request["ExpressionAttributeValues"].to_string();
            self.remembers(key, &mut answer["Items"]);
        }
    }

    /// Shows an inbox as it was when it was last read.
    pub(super) fn remember_inbox(&self, item: &mut Value) {
        if item["sk"]["S"] == "INBOX" {
            self.remembers(item["pk"].to_string(), item);
        }
    }

    /// Shows something as it was a while ago.
    fn remembers(&self, key: String, what: &mut Value) {
        let mut remembered = lock(&self.seen.remembered);
        match remembered.get(&key).filter(|(at, _)| at.elapsed() < REMEMBERED) {
            Some((_, before)) => *what = before.clone(),
            None => drop(remembered.insert(key, (Instant::now(), what.clone()))),
        }
    }
}

/// Changes an update of the item that says how far the stream has brought a room's messages.
pub(super) fn break_hand_over(broken: Broken, body: &mut Value) {
    if broken == Broken::HandedTooFar && says(body, "UpdateExpression", "SET handed = :handed") {
        let handed = &mut body["ExpressionAttributeValues"][":handed"]["N"];
        *handed = (number(handed) + 1).to_string().into();
    }
}

/// Of which conversation an update of an inbox sets the mark, since nobody took a message.
fn marked_in(update: &Value) -> Option<String> {
    if !says(update, "UpdateExpression", "SET #wait = :seq") {
        return None;
    }
    let name = update["ExpressionAttributeNames"]["#wait"].as_str()?;
    Some(name.strip_prefix("wait:")?.to_owned())
}

fn seq_of(sk: &Value) -> Option<u64> {
    sk["S"].as_str()?.strip_prefix("MSG#")?.parse().ok()
}

fn number(value: &Value) -> u64 {
    value.as_str().and_then(|it| it.parse().ok()).unwrap_or_default()
}
