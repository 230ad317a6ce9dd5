//! The table's stream as Lambda polls it: batches in order for each lane, tried again until they
//! succeed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use dynoxide::Database;
use fastrand::Rng;
use local::gateway::Lambda;
use local::in_process::answer;
use serde_json::{Value, json};
use shared::store::keys;
use tokio::sync::{Notify, mpsc};

use crate::record::{Record, What};

/// How many records one invocation gets at most.
const BATCH: usize = 5;
/// How long one invocation may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// The longest pause between two looks at the stream.
const LAG: u64 = 100;
/// How often a batch that fails is tried: far more often than any fault lasts.
const TRIES: usize = 200;

/// Serves the stream of `database` until the world ends; `written` says that there may be more.
pub(crate) fn serve(
    database: Database,
    deliver: &Lambda,
    record: &Record,
    written: Arc<Notify>,
    mut dice: Rng,
) {
    let lanes: Vec<_> = (0..dice.usize(1..=3))
        .map(|_| {
            let (sender, records) = mpsc::unbounded_channel();
            tokio::spawn(lane(records, deliver.clone(), record.clone()));
            sender
        })
        .collect();
    tokio::spawn(async move {
        let mut iterator = start(&database);
        loop {
            let read = ask(&database, "GetRecords", &json!({ "ShardIterator": iterator }));
            let records = read["Records"].as_array().cloned().unwrap_or_default();
            if let Some(next) = read["NextShardIterator"].as_str() {
                iterator = next.into();
            }
            for record in &records {
                if record["dynamodb"]["NewImage"].get(keys::ARRIVED).is_some() {
                    let pk = record["dynamodb"]["Keys"][keys::PK]["S"].as_str().unwrap_or_default();
                    let lane = pk.bytes().map(usize::from).sum::<usize>() % lanes.len();
                    lanes[lane].send(record.clone()).unwrap();
                }
            }
            if records.is_empty() {
                written.notified().await;
                tokio::time::sleep(Duration::from_millis(dice.u64(0..LAG))).await;
            }
        }
    });
}

async fn lane(mut records: mpsc::UnboundedReceiver<Value>, deliver: Lambda, record: Record) {
    let mut batch = Vec::new();
    while records.recv_many(&mut batch, BATCH).await > 0 {
        let mut waiting = VecDeque::from(std::mem::take(&mut batch));
        let mut tries = 0;
        while !waiting.is_empty() {
            let event = json!({ "Records": waiting });
            let failed = match deliver.invoke(event, PATIENCE).await {
                Ok(answer) => first_failure(&answer, &waiting),
                Err(_) => Some(0),
            };
            waiting.drain(..failed.unwrap_or(waiting.len()));
            tries += 1;
            if tries > TRIES {
                record.note("", 0, What::Broken("a stream batch never succeeds".into()));
                return;
            }
            if failed.is_some() {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
    }
}

fn first_failure(answer: &Value, batch: &VecDeque<Value>) -> Option<usize> {
    let failures = answer["batchItemFailures"].as_array()?;
    let failed: Vec<_> = failures.iter().map(|failure| &failure["itemIdentifier"]).collect();
    let named = |record: &Value| failed.contains(&&record["dynamodb"]["SequenceNumber"]);
    (!failed.is_empty()).then(|| batch.iter().position(named).unwrap_or(0))
}

fn start(database: &Database) -> Value {
    let streams = ask(database, "ListStreams", &json!({}));
    let stream = &streams["Streams"][0]["StreamArn"];
    let description = ask(database, "DescribeStream", &json!({ "StreamArn": stream }));
    let shard = &description["StreamDescription"]["Shards"][0]["ShardId"];
    let request = json!({
        "StreamArn": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON",
    });
    ask(database, "GetShardIterator", &request)["ShardIterator"].clone()
}

fn ask(database: &Database, operation: &str, request: &Value) -> Value {
    let target = format!("DynamoDBStreams_20120810.{operation}");
    let (status, body) = answer(database, &target, request.to_string().as_bytes());
    assert!(status.is_success(), "{operation}: {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).expect("DynamoDB answers JSON")
}
