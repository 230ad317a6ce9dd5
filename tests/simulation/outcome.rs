//! What is left of a world, and what can be read from it.

use std::collections::{BTreeMap, BTreeSet};

use dynoxide::Database;
use local::faults::Plan;
use local::in_process::answer;
use protocol::{MessageView, Reaction};
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
    /// What the table has of each message.
    pub(crate) kept: Kept,
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

/// The messages of a table, and how people react to them.
#[derive(Default)]
pub(crate) struct Kept {
    items: BTreeMap<Place, Value>,
    /// The keys of somebody's reactions to a message.
    reactions: BTreeMap<(Place, String), Vec<String>>,
    /// What is listed as pinned, by conversation.
    pins: BTreeMap<String, BTreeSet<u64>>,
}

impl Kept {
    pub(crate) fn of(database: &Database) -> Self {
        let mut kept = Self::default();
        for item in items(database) {
            let conversation = text(&item, "pk").strip_prefix("CONV#").unwrap_or_default();
            let sk = text(&item, "sk");
            if let Some(seq) = sk.strip_prefix("MSG#").and_then(|seq| seq.parse().ok()) {
                kept.items.insert((conversation.to_owned(), seq), item);
            } else if sk == "PINS" {
                let pins = item["pins"]["NS"].as_array().into_iter().flatten();
                let pins = pins.map(|seq| seq.as_str().expect("text").parse().expect("a number"));
                kept.pins.insert(conversation.to_owned(), pins.collect());
            } else if let Some((seq, user)) =
                sk.strip_prefix("REACTED#").and_then(|rest| rest.split_once('#'))
            {
                let place = (conversation.to_owned(), seq.parse().expect("a number"));
                let keys = item["keys"]["SS"].as_array().into_iter().flatten();
                let keys = keys.map(|key| key.as_str().unwrap_or_default().to_owned()).collect();
                kept.reactions.insert((place, user.to_owned()), keys);
            }
        }
        kept
    }

    /// Whether something became of a message after it was stored, so that people may have seen it say
    /// something else.
    pub(crate) fn has_changed(&self, place: &Place) -> bool {
        let item = self.items.get(place);
        item.is_some_and(|it| it.get("revised").is_some() || text(it, "kind") == "edited")
    }

    /// The message that an event is about.
    pub(crate) fn of_event(&self, place: &Place) -> Option<u64> {
        self.items.get(place)?["of"]["N"].as_str()?.parse().ok()
    }

    /// The edits that still have their words although something has taken their place.
    pub(crate) fn words_left(&self) -> impl Iterator<Item = &Place> {
        let edits = self.items.iter().filter(|(_, item)| text(item, "kind") == "edited");
        edits
            .filter(|(place, edit)| {
                let of = self.of_event(place).map(|of| (place.0.clone(), of));
                let said = of.and_then(|of| self.items.get(&of));
                let is_last = said.is_some_and(|said| number(&said["edit"]) == Some(place.1));
                edit.get("content").is_some() && !is_last
            })
            .map(|(place, _)| place)
    }

    /// The messages that are pinned without being listed, or listed without being pinned.
    pub(crate) fn pins_amiss(&self) -> BTreeSet<Place> {
        let pinned = self.items.iter().filter(|(_, item)| item.get("pinned_at").is_some());
        let pinned: BTreeSet<_> = pinned.map(|(place, _)| place.clone()).collect();
        let listed = self
            .pins
            .iter()
            .flat_map(|(conversation, pins)| pins.iter().map(|seq| (conversation.clone(), *seq)));
        pinned.symmetric_difference(&listed.collect()).cloned().collect()
    }

    /// What `user` sees of a message, if it is one.
    pub(crate) fn picture(&self, place: &Place, user: &str) -> Option<String> {
        let item = self.items.get(place).filter(|item| item.get("kind").is_none())?;
        if item.get("deleted_at").is_some() {
            return Some(DELETED.to_owned());
        }
        let reactions = item["reactions"]["L"].as_array().into_iter().flatten();
        let reactions: Vec<_> = reactions.map(|it| self.reaction(place, user, &it["M"])).collect();
        let quote = item["reply_to"]["N"].as_str().map(|seq| {
            let seq = seq.parse().expect("a number");
            let original = self.items.get(&(place.0.clone(), seq));
            (seq, original.map_or("", |it| text(it, "content")).to_owned())
        });
        let pinned_by = text(item, "pinned_by");
        Some(picture((text(item, "content"), pinned_by), &reactions, quote.as_ref()))
    }

    fn reaction(&self, place: &Place, user: &str, reaction: &Value) -> Reaction {
        let key = text(reaction, "key").to_owned();
        let own = self.reactions.get(&(place.clone(), user.to_owned()));
        let users = reaction["users"]["L"].as_array().into_iter().flatten();
        Reaction {
            count: reaction["count"]["N"].as_str().unwrap_or_default().parse().unwrap_or_default(),
            users: users.map(|it| it["S"].as_str().unwrap_or_default().to_owned()).collect(),
            mine: own.is_some_and(|keys| keys.contains(&key)),
            key,
        }
    }
}

/// What is shown of a message that is deleted.
const DELETED: &str = "deleted";

/// What is shown of a message.
pub(crate) fn picture_of(view: &MessageView) -> Option<String> {
    let said = view.body.said()?;
    if said.deleted_at.is_some() {
        return Some(DELETED.to_owned());
    }
    let quote = said.reply_to.as_ref();
    let quote = quote.map(|it| (it.seq, it.content.clone().unwrap_or_default()));
    let pinned_by = said.pinned_by.as_deref().unwrap_or_default();
    Some(picture((&said.content, pinned_by), &said.reactions, quote.as_ref()))
}

fn picture(
    (content, pinned_by): (&str, &str),
    reactions: &[Reaction],
    quote: Option<&(u64, String)>,
) -> String {
    format!("{content} {reactions:?} {quote:?} {pinned_by}")
}

/// Every message in the table, by conversation and number.
pub(crate) fn logs(database: &Database) -> Vec<Seen> {
    let mut logs: Vec<_> = items(database).iter().filter_map(message).collect();
    logs.sort_by(|one, other| (&one.conversation, one.seq).cmp(&(&other.conversation, other.seq)));
    logs
}

/// Everything in the table.
fn items(database: &Database) -> Vec<Value> {
    let request = json!({ "TableName": "confab" }).to_string();
    let (status, body) = answer(database, "DynamoDB_20120810.Scan", request.as_bytes());
    assert!(status.is_success(), "the table can be read");
    let mut body: Value = serde_json::from_slice(&body).expect("DynamoDB answers JSON");
    match body["Items"].take() {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}

fn message(item: &Value) -> Option<Seen> {
    let seq = text(item, "sk").strip_prefix("MSG#")?.parse().ok().filter(|seq| *seq > 0)?;
    Some(Seen {
        conversation: text(item, "pk").strip_prefix("CONV#")?.to_owned(),
        seq,
        id: text(item, "id").to_owned(),
        from: text(item, "from").to_owned(),
        kind: if text(item, "kind").is_empty() { "message" } else { text(item, "kind") }.to_owned(),
        content: text(item, "content").to_owned(),
    })
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

/// An attribute's number.
fn number(attribute: &Value) -> Option<u64> {
    attribute["N"].as_str()?.parse().ok()
}

/// An attribute's text.
pub(crate) fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item[name]["S"].as_str().unwrap_or_default()
}
