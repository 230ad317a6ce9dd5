//! The protocol's mechanisms, broken one at a time: the simulation must see each of them missing.
//!
//! The handlers stay as they are. What breaks is what they say to the table and what it answers, as
//! if they had been written without the mechanism. Several are faults that public samples for this
//! stack really have.

mod by_stream;
mod inbox;
mod revising;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::broken::Broken;
use crate::record::lock;
use inbox::{hide_endings, hide_others, hide_readiness};
pub(crate) use revising::take_change;

/// What holds where no account is being deleted.
const CLOSED: &str = "attribute_not_exists(closed)";

/// The place of the item that says how far the stream has brought a room's messages.
const HANDED: &str = "MSG#~HANDED";

/// One broken mechanism, or none.
#[derive(Debug, Default)]
pub(crate) struct Sabotage {
    broken: Option<Broken>,
    /// Whether anything was said or answered otherwise than it would have been.
    fired: Arc<AtomicBool>,
    /// Every image of each inbox, for what looks at the past.
    inboxes: Mutex<BTreeMap<String, Vec<(Instant, Value)>>>,
    /// What was seen of the way by the stream.
    seen: by_stream::Seen,
    /// What clients have heard of messages that change.
    heard: revising::Heard,
    /// When a push failed last.
    failed: Mutex<Option<Instant>>,
}

impl Sabotage {
    pub(crate) fn of(broken: Option<Broken>) -> Self {
        Self { broken, ..Self::default() }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.broken.is_some()
    }

    /// Becomes true when the mechanism was missing for the first time: a world in which its turn never
    /// came has not tried it.
    pub(crate) fn fired(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.fired)
    }

    /// Something was done otherwise than it would have been.
    pub(crate) fn has_fired(&self) {
        self.fires_if(true);
    }

    fn fires_if(&self, condition: bool) {
        self.fired.fetch_or(condition, Ordering::Relaxed);
    }

    /// Whether this request is to be made twice.
    pub(crate) fn reads_twice(&self, operation: &str) -> bool {
        let reads = ["GetItem", "Query", "BatchGetItem"];
        let twice = self.broken == Some(Broken::ReadTwice) && reads.contains(&operation);
        self.fires_if(twice);
        twice
    }

    /// Changes a request to the table, or answers a request in the place of whoever should.
    pub(crate) fn before(
        &self,
        operation: &str,
        method: &str,
        body: &mut Value,
    ) -> Option<HttpResponse> {
        let unchanged = body.clone();
        let answer = self.change(operation, method, body);
        // That one only asks for the images that it needs afterwards.
        let prepares = self.broken == Some(Broken::InboxBeforePut);
        self.fires_if(answer.is_some() || (*body != unchanged && !prepares));
        answer
    }

    fn change(&self, operation: &str, method: &str, body: &mut Value) -> Option<HttpResponse> {
        if operation.is_empty() {
            return self.before_push(method, body);
        }
        match (operation, self.broken?) {
            ("PutItem", broken) if is_message(&body["Item"]) => {
                break_put(broken, &mut body["Item"].clone(), body)
            }
            ("TransactWriteItems", Broken::StartTwice) => break_start(body),
            (
                "TransactWriteItems",
                Broken::ItemUnchanged | Broken::ItemBlindly | Broken::WordsLeft,
            ) => revising::break_event(self.broken?, body),
            ("TransactWriteItems", Broken::ClosedUnseen) => {
                updates(body).for_each(see_nothing_closed);
            }
            ("UpdateItem", Broken::ClosedUnseen) => see_nothing_closed(body),
            ("UpdateItem", broken) if body["Key"]["sk"]["S"] == HANDED => {
                by_stream::break_hand_over(broken, body);
            }
            ("UpdateItem", broken) if body["Key"]["sk"]["S"] == "INBOX" => {
                self.break_range(broken, body);
                return self.break_inbox(broken, body);
            }
            _ => {}
        }
        None
    }

    /// Changes an answer.
    pub(crate) fn after(
        &self,
        operation: &str,
        method: &str,
        request: &Value,
        answer: &mut HttpResponse,
    ) {
        if operation.is_empty() {
            if method == "POST" && !answer.status().is_success() {
                *lock(&self.failed) = Some(Instant::now());
            }
            return;
        }
        let mut body: Value =
            serde_json::from_slice(answer.body().bytes().unwrap_or_default()).unwrap_or_default();
        let unchanged = body.clone();
        match (operation, self.broken) {
            ("PutItem", Some(Broken::OccupantUnseen)) if body.get("Item").is_some() => {
                body["Item"]["id"]["S"] = "another".into();
            }
            ("UpdateItem", _) if request["Key"]["sk"]["S"] == "INBOX" => {
                self.after_inbox(request, &mut body);
            }
            ("UpdateItem", Some(Broken::Unpassed)) if request["Key"]["sk"]["S"] == HANDED => {
                if let Some(item) = body.get_mut("Item") {
                    item["handed"]["N"] = "9999999999999999".into();
                }
            }
            ("GetItem", Some(Broken::EndedUnseen)) => hide_endings(body.get_mut("Item")),
            ("BatchGetItem", Some(Broken::EndedUnseen)) => {
                items(&mut body).for_each(|item| hide_endings(Some(item)));
            }
            ("BatchGetItem", Some(Broken::AnyAuthor)) => revising::make_an_author(&mut body),
            ("BatchGetItem", Some(Broken::InboxBeforePut)) => {
                items(&mut body).for_each(|item| self.age(item));
            }
            ("BatchGetItem", Some(Broken::InboxesRemembered)) => {
                items(&mut body).for_each(|item| self.remember_inbox(item));
            }
            ("BatchGetItem", Some(Broken::NoMembership)) => make_a_member(request, &mut body),
            ("GetItem", Some(Broken::NoMembership)) => {
                let key = &request["Key"];
                if key["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("MEMBER#")) {
                    let (pk, sk) = (&key["pk"], &key["sk"]);
                    body["Item"] = json!({
                        "pk": pk, "sk": sk, "role": { "S": "member" }, "joined_at": { "N": "1" },
                    });
                }
            }
            ("Query", Some(Broken::OnePage)) => show_two_members(request, &mut body),
            ("Query", Some(broken)) => self.break_read(broken, request, &mut body),
            _ => return,
        }
        self.fires_if(body != unchanged);
        *answer = response(answer.status().as_u16(), &body);
    }

    /// Changes the answer to an update of an inbox.
    fn after_inbox(&self, request: &Value, body: &mut Value) {
        self.remember(request, body);
        let says = |part: &str| says(request, "UpdateExpression", part);
        match self.broken {
            Some(Broken::BlindMark) if says("SET #wait = :seq") => {
                hide_readiness(body.get_mut("Attributes"));
            }
            Some(Broken::Uncounted) if says("arrived = :id") => {
                let newcomer = &request["ExpressionAttributeNames"]["#conn"];
                hide_others(body.get_mut("Attributes"), newcomer);
            }
            Some(Broken::EndedUnseen) => hide_endings(body.get_mut("Attributes")),
            _ => {}
        }
    }

    fn before_push(&self, method: &str, frame: &mut Value) -> Option<HttpResponse> {
        if self.broken == Some(Broken::SkipUntold)
            && let Some(frame) = frame.as_object_mut()
        {
            frame.remove("more");
        }
        if self.broken == Some(Broken::NotClosed) && method == "DELETE" {
            return Some(response(200, &json!({})));
        }
        let lately = |at: Instant| at.elapsed() < Duration::from_millis(100);
        let left_out = self.broken == Some(Broken::OneFailsAll)
            && method == "POST"
            && lock(&self.failed).is_some_and(lately);
        left_out.then(|| response(200, &json!({})))
    }
}

fn break_put(broken: Broken, item: &mut Value, body: &mut Value) {
    if broken == Broken::NoWake
        && let Some(item) = body["Item"].as_object_mut()
    {
        item.remove("fan_until");
    }
    if broken == Broken::SameMillisecond {
        let sent_at = item["sent_at"]["N"].as_str().unwrap_or_default();
        item["sk"]["S"] = format!("MSG#{sent_at:0>16}").into();
        body["Item"] = item.clone();
    }
    if matches!(broken, Broken::PutUnconditionally | Broken::SameMillisecond) {
        drop_condition(body, &[]);
        if let Some(body) = body.as_object_mut() {
            body.remove("ReturnValuesOnConditionCheckFailure");
        }
    }
}

/// Takes the condition off the update of the item that says where a log starts.
fn break_start(body: &mut Value) {
    for update in updates(body) {
        if update["Key"]["sk"]["S"] == "MSG#0000000000000000" {
            drop_condition(update, &[":seen"]);
        }
    }
}

/// Has a write's condition look for something that is never there, where it looks for the mark of an
/// account that is being deleted.
fn see_nothing_closed(write: &mut Value) {
    if says(write, "ConditionExpression", CLOSED) {
        replace(write, "ConditionExpression", CLOSED, "attribute_not_exists(nothing)");
    }
}

/// The updates of a transaction.
fn updates(body: &mut Value) -> impl Iterator<Item = &mut Value> {
    let items = body["TransactItems"].as_array_mut().into_iter().flatten();
    items.filter_map(|item| item.get_mut("Update"))
}

/// The items of the answer to a BatchGetItem.
fn items(answer: &mut Value) -> impl Iterator<Item = &mut Value> {
    let items = answer.pointer_mut("/Responses/confab").and_then(Value::as_array_mut);
    items.into_iter().flatten()
}

fn is_message(item: &Value) -> bool {
    item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("MSG#"))
}

fn says(body: &Value, field: &str, part: &str) -> bool {
    body[field].as_str().is_some_and(|expression| expression.contains(part))
}

fn replace(body: &mut Value, field: &str, from: &str, to: &str) {
    let expression = body[field].as_str().unwrap_or_default().replace(from, to);
    body[field] = expression.into();
}

fn drop_condition(body: &mut Value, values: &[&str]) {
    if let Some(body) = body.as_object_mut() {
        body.remove("ConditionExpression");
    }
    for value in values {
        drop_value(body, value);
    }
}

fn drop_value(body: &mut Value, name: &str) {
    if let Some(values) = body["ExpressionAttributeValues"].as_object_mut() {
        values.remove(name);
        if values.is_empty() {
            body.as_object_mut().expect("an object").remove("ExpressionAttributeValues");
        }
    }
}

/// Shows whoever is looked up beside their inbox as a member.
fn make_a_member(request: &Value, answer: &mut Value) {
    let keys = request["RequestItems"]["confab"]["Keys"].as_array().map_or(&[][..], Vec::as_slice);
    let is = |key: &Value, sk: &str| key["sk"]["S"].as_str().is_some_and(|it| it.starts_with(sk));
    let [member, inbox] = keys else { return };
    let found = answer.pointer_mut("/Responses/confab").and_then(Value::as_array_mut);
    if let Some(found) = found
        && is(member, "MEMBER#")
        && is(inbox, "INBOX")
        && !found.iter().any(|item| is(item, "MEMBER#"))
    {
        let user = inbox["pk"]["S"].as_str().unwrap_or_default().trim_start_matches("USER#");
        found.push(json!({
            "pk": member["pk"], "sk": member["sk"], "user": { "S": user },
            "role": { "S": "member" }, "joined_at": { "N": "1" },
        }));
    }
}

/// Shows only the first two members of a room.
fn show_two_members(request: &Value, answer: &mut Value) {
    if request["ExpressionAttributeValues"].to_string().contains("MEMBER#")
        && let Some(items) = answer.get_mut("Items").and_then(Value::as_array_mut)
    {
        items.truncate(2);
    }
}

fn response(status: u16, body: &Value) -> HttpResponse {
    let status = StatusCode::try_from(status).expect("a status");
    HttpResponse::new(status, SdkBody::from(body.to_string()))
}
