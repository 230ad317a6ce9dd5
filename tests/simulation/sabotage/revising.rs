//! What breaks of messages that change: what is written with an event, what is read before it, and what clients
//! make of what they hear.

use std::collections::BTreeMap;
use std::sync::Mutex;

use client::Client;
use serde_json::{Value, json};

use super::{Sabotage, drop_condition, items, says};
use crate::broken::Broken;
use crate::budget;
use crate::record::lock;

/// What was seen of events, by the device, the conversation and the message.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// The number of an event of each message: the greatest, or the last.
    raised: Mutex<BTreeMap<(usize, String, u64), u64>>,
}

/// Changes a transaction that stores an event.
pub(super) fn break_event(broken: Broken, body: &mut Value) {
    let Some(items) = body["TransactItems"].as_array_mut() else { return };
    let is_of_message = |item: &Value| changes_message(item, "#new0 = :new0");
    match broken {
        Broken::ItemUnchanged if items.len() > 1 => items.retain(|item| !is_of_message(item)),
        Broken::ItemBlindly => {
            for item in items.iter_mut().filter(|item| is_of_message(item)) {
                drop_condition(&mut item["Update"], &[":seen"]);
            }
        }
        Broken::WordsLeft if items.len() > 1 => {
            items.retain(|item| !changes_message(item, "REMOVE #gone0") || is_of_message(item));
        }
        _ => {}
    }
}

/// The part of a transaction that changes a message, to be made later; the rest stays.
pub(crate) fn take_change(body: &mut Value) -> Option<Value> {
    let items = body["TransactItems"].as_array_mut()?;
    let place = items.iter().position(|item| changes_message(item, "#new0 = :new0"))?;
    let change = items.remove(place);
    Some(json!({ "TransactItems": [change] }))
}

fn changes_message(item: &Value, how: &str) -> bool {
    let update = &item["Update"];
    let is_message = update["Key"]["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("MSG#"));
    is_message
        && update["Key"]["sk"]["S"] != "MSG#0000000000000000"
        && says(update, "UpdateExpression", how)
}

/// Shows whoever edits a message as its author.
pub(super) fn make_an_author(answer: &mut Value) {
    let Some(caller) = budget::caller_of("edit") else { return };
    for item in items(answer).filter(|item| item.get("content").is_some()) {
        item["from"]["S"] = caller.clone().into();
    }
}

impl Sabotage {
    /// Whether a message is to change later than its event is stored.
    pub(crate) fn changes_later(&self) -> bool {
        self.broken == Some(Broken::ItemLater)
    }

    /// Whether what came before a skipped part of the log is forgotten.
    pub(crate) fn forgets(&self) -> bool {
        let keeps = self.broken == Some(Broken::CopiesKept);
        self.fires_if(keeps);
        !keeps
    }

    /// Changes what a client hears, so that it does what it would do without one of its rules.
    pub(crate) fn hears(&self, device: usize, client: &Client, frame: &mut Value) {
        let Some(broken) = self.broken else { return };
        let unchanged = frame.clone();
        match frame["type"].as_str() {
            Some("message") => self.hears_one(broken, device, client, frame),
            Some("messages" | "history" | "joined") => {
                for message in frame["messages"].as_array_mut().into_iter().flatten() {
                    self.hears_one(broken, device, client, message);
                }
            }
            _ => {}
        }
        self.fires_if(*frame != unchanged);
    }

    fn hears_one(&self, broken: Broken, device: usize, client: &Client, message: &mut Value) {
        let conversation = message["conversation"].as_str().unwrap_or_default().to_owned();
        let seq = message["seq"].as_u64().unwrap_or_default();
        let Some(of) = message["of"].as_u64() else {
            if broken == Broken::RevisedUnheeded && message["kind"] == "message" {
                // As if everything that was heard of it were in it.
                let place = (device, conversation, seq);
                if let Some(last) = lock(&self.heard.raised).get(&place) {
                    let revised = message["revised"].as_u64().unwrap_or_default();
                    message["revised"] = (*last).max(revised).into();
                }
            }
            return;
        };
        let held = client.picture(&conversation, of);
        let place = (device, conversation, of);
        let mut raised = lock(&self.heard.raised);
        let before = raised.get(&place).copied().unwrap_or_default();
        match broken {
            Broken::EventsForgotten if held.is_none() => is_nothing(message),
            Broken::RevisedUnheeded => drop(raised.insert(place, before.max(seq))),
            Broken::RevisedRaised if held.is_some() => {
                if seq < before {
                    is_nothing(message);
                }
                raised.insert(place, before.max(seq));
            }
            Broken::EventsTwice if message["kind"] == "reacted" => {
                if seq == before {
                    message["count"] = (message["count"].as_u64().unwrap_or_default() + 1).into();
                }
                raised.insert(place, seq);
            }
            _ => {}
        }
    }
}

/// The event has its number, and sets nothing.
fn is_nothing(event: &mut Value) {
    event["kind"] = "dance".into();
}
