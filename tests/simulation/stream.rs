//! The table's stream as Lambda polls it: batches in order for each lane, tried again until they
//! succeed.

use std::sync::Arc;
use std::time::Duration;

use dynoxide::Database;
use fastrand::Rng;
use local::event_source::{EventSource, Retry, Served, lane_of};
use local::in_process::answer;
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};

use crate::record::{Record, What};

/// How many records one invocation gets at most: fewer than Lambda's, so that more batches meet.
const BATCH: usize = 5;
/// The longest pause between two looks at the stream.
const LAG: u64 = 100;
/// How often a batch that fails is tried: far more often than any fault lasts.
const RETRY: Retry = Retry { tries: 200, pause: HALF_A_SECOND, longest_pause: HALF_A_SECOND };
const HALF_A_SECOND: Duration = Duration::from_millis(500);

/// Serves those who follow the stream of `database` until the world ends; `written` says that there may
/// be more.
pub(crate) fn serve(
    database: Database,
    sources: Vec<EventSource>,
    record: &Record,
    written: Arc<Notify>,
    mut rng: Rng,
) {
    let lanes = rng.usize(1..=3);
    let mut followers = Vec::new();
    for source in sources {
        let of_lane = |_| {
            let (sender, records) = mpsc::unbounded_channel();
            let (source, record) = (source.clone(), record.clone());
            let source = EventSource { batch: BATCH, ..source };
            tokio::spawn(async move {
                let served = |_, outcome| {
                    if outcome == Served::GivenUp {
                        let never = What::Broken("a stream batch never succeeds".into());
                        record.note("", 0, never);
                    }
                };
                source.serve(records, RETRY, served).await;
            });
            sender
        };
        followers.push((source.clone(), (0..lanes).map(of_lane).collect::<Vec<_>>()));
    }
    tokio::spawn(async move {
        let mut iterator = start(&database);
        loop {
            let read = ask(&database, "GetRecords", &json!({ "ShardIterator": iterator }));
            let records = read["Records"].as_array().cloned().unwrap_or_default();
            if let Some(next) = read["NextShardIterator"].as_str() {
                iterator = next.into();
            }
            for record in &records {
                for (_, lanes) in followers.iter().filter(|(source, _)| source.matches(record)) {
                    lanes[lane(record, lanes.len())].send(vec![record.clone()]).unwrap();
                }
            }
            if records.is_empty() {
                written.notified().await;
                tokio::time::sleep(Duration::from_millis(rng.u64(0..LAG))).await;
            }
        }
    });
}

/// The lane of a record, which does not depend on the id of a room: that is another every time.
fn lane(record: &Value, lanes: usize) -> usize {
    let pk = record["dynamodb"]["Keys"]["pk"]["S"].as_str().unwrap_or_default();
    if pk.starts_with("CONV#room:") { 0 } else { lane_of(record, lanes) }
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
