//! In the end messages expire: the table lets go of the oldest of each log, or all, in any order, and the
//! stream brings them to the archive, some batches twice, late, and overlapping. Whoever reads after any of
//! them sees all that was said.

use std::collections::BTreeMap;
use std::sync::Arc;

use dynoxide::Database;
use fastrand::Rng;
use local::Functions;
use local::apigateway::Lambda;
use local::in_process::answer;
use object_store::memory::InMemory;
use serde_json::{Value, json};
use shared::App;
use shared::archive::Archive;
use shared::domain::{ConversationId, Message, MessageBody, Range, Seq};
use shared::services::messages::log_page;

use crate::outcome::text;

/// How many messages a batch has at most.
const BATCH: usize = 4;
/// How often a batch is tried: far more often than anything fails.
const TRIES: usize = 200;

/// What there is to say against the archive, after so many messages as were kept have expired or not.
pub(crate) async fn passes(
    app: &App,
    database: &Database,
    kept: usize,
    mut rng: Rng,
) -> Vec<String> {
    let archive = Archive::new(Arc::new(InMemory::new()));
    let app = App { archive: Some(archive), ..app.clone() };
    let sources = Functions::new(&app).event_sources;
    let function = sources.into_iter().find(|source| source.name == "archive");
    let function = function.expect("a function that archives").function;
    let mut logs = BTreeMap::new();
    for item in messages(database) {
        let conversation = text(&item, "pk").trim_start_matches("CONV#").to_owned();
        logs.entry(conversation).or_insert_with(Vec::new).push(item);
    }
    let mut broken = Vec::new();
    if logs.values().map(Vec::len).sum::<usize>() != kept {
        broken.push(format!("not all of {kept} messages were tried"));
    }
    for (conversation, log) in &logs {
        let conversation = ConversationId::parse(conversation).expect("a conversation");
        let before: Vec<_> =
            reads(&app, &conversation, &mut rng).await.iter().map(in_table).collect();
        if before.len() != log.len() {
            broken.push(format!("{conversation} has {} of {}", before.len(), log.len()));
        }
        let expired = rng.usize(0..=log.len());
        let items: Vec<_> = log[..expired].iter().map(|item| expires(database, item)).collect();
        for batch in batches(&items, &mut rng) {
            let records: Vec<_> = batch.iter().map(|item| removed(database, item)).collect();
            is_archived(&function, &records).await;
            let meanwhile: Vec<_> = reads(&app, &conversation, &mut rng).await;
            if !meanwhile.iter().map(in_table).eq(before.iter().cloned()) {
                broken.push(format!("{conversation} shows {} meanwhile", meanwhile.len()));
            }
        }
        let after: Vec<_> = reads(&app, &conversation, &mut rng).await;
        let archived = after.iter().filter(|message| message.archived).count();
        let shown: Vec<_> = after.iter().map(in_table).collect();
        if shown != before || archived != expired {
            broken.push(format!(
                "{conversation} shows {} of {}, {archived} of them from the archive of {expired}",
                shown.len(),
                before.len(),
            ));
        }
    }
    broken
}

/// The same as it was before it expired, but for whether it was pinned.
fn in_table(message: &Message) -> Message {
    let mut message = Message { archived: false, ..message.clone() };
    if let MessageBody::Said(said) = &mut message.body {
        said.pinned = None;
    }
    message
}

/// Every message of the table, by conversation and number.
fn messages(database: &Database) -> Vec<Value> {
    let items = asks(database, "Scan", &json!({ "TableName": "confab" }))["Items"].clone();
    let items = items.as_array().cloned().unwrap_or_default();
    let is_message = |item: &Value| {
        let seq = text(item, "sk").strip_prefix("MSG#").and_then(|seq| seq.parse::<Seq>().ok());
        seq.is_some_and(|seq| seq > 0)
    };
    let mut messages: Vec<_> = items.into_iter().filter(is_message).collect();
    messages.sort_by_key(|item| (text(item, "pk").to_owned(), text(item, "sk").to_owned()));
    messages
}

/// An item expires; what it is then.
fn expires(database: &Database, item: &Value) -> Value {
    let mut item = item.clone();
    item["expires_at"] = json!({ "N": "1" });
    asks(database, "PutItem", &json!({ "TableName": "confab", "Item": item }));
    item
}

/// The table lets go of an item; what the stream says of that.
fn removed(database: &Database, item: &Value) -> Value {
    let key = json!({ "pk": item["pk"], "sk": item["sk"] });
    asks(database, "DeleteItem", &json!({ "TableName": "confab", "Key": key }));
    let number = text(item, "sk").trim_start_matches("MSG#").trim_start_matches('0').to_owned();
    json!({
        "eventID": number, "eventName": "REMOVE", "eventVersion": "1.1",
        "eventSource": "aws:dynamodb", "awsRegion": "us-east-1",
        "userIdentity": { "type": "Service", "principalId": "dynamodb.amazonaws.com" },
        "dynamodb": {
            "ApproximateCreationDateTime": 0, "SequenceNumber": number, "SizeBytes": 0,
            "StreamViewType": "NEW_AND_OLD_IMAGES", "Keys": key, "OldImage": item,
        },
    })
}

/// The items in batches that overlap, in any order, each item in one at least.
fn batches<'a>(items: &'a [Value], rng: &mut Rng) -> Vec<&'a [Value]> {
    let mut batches = Vec::new();
    let mut begin = 0;
    while begin < items.len() {
        let end = (begin + rng.usize(1..=BATCH)).min(items.len());
        batches.push(&items[begin.saturating_sub(rng.usize(0..2))..end]);
        if rng.bool() {
            batches.push(&items[begin..end]);
        }
        begin = end;
    }
    rng.shuffle(&mut batches);
    batches
}

async fn is_archived(function: &Lambda, batch: &[Value]) {
    for _ in 0..TRIES {
        let answer = function.call(json!({ "Records": batch })).await;
        if answer.is_ok_and(|answer| answer["batchItemFailures"] == json!([])) {
            return;
        }
    }
    panic!("a batch is never archived");
}

/// A whole log, in pages of some size from one of its ends.
async fn reads(app: &App, conversation: &ConversationId, rng: &mut Rng) -> Vec<Message> {
    let (limit, upwards) = (rng.usize(1..8), rng.bool());
    let mut log = Vec::new();
    let mut range = Range { before: None, after: upwards.then_some(0) };
    loop {
        let page = reads_page(app, conversation, range, limit).await;
        let next: Option<Seq> = page.after.or(page.before);
        if upwards {
            log.extend(page.messages);
        } else {
            log.splice(0..0, page.messages);
        }
        let Some(next) = next else { return log };
        range = if upwards {
            Range { before: None, after: Some(next) }
        } else {
            Range { before: Some(next), after: None }
        };
    }
}

async fn reads_page(
    app: &App,
    conversation: &ConversationId,
    range: Range,
    limit: usize,
) -> shared::domain::Page {
    for _ in 0..TRIES {
        if let Ok(page) = log_page(app, conversation, range, limit).await {
            return page;
        }
    }
    panic!("a page is never read");
}

fn asks(database: &Database, operation: &str, request: &Value) -> Value {
    let target = format!("DynamoDB_20120810.{operation}");
    let (status, body) = answer(database, &target, request.to_string().as_bytes());
    assert!(status.is_success(), "{operation}: {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).expect("DynamoDB answers JSON")
}
