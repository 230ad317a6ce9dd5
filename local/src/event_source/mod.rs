//! Event source mappings: which functions follow the table's stream, as Lambda does it
//! (<https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>). Each follows by itself, with a filter
//! of its own: batches of records, in order for each partition key, tried again when they fail.
//!
//! - `pattern` is the filter; `stream` reads the table's stream.

mod pattern;
mod stream;

use std::time::Duration;

use serde_json::{Value, json};
use shared::store::keys;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::apigateway::Lambda;

pub(crate) use stream::Follower;

/// How long one invocation may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A function that follows the table's stream: what `template.yaml` says in its event.
#[derive(Clone)]
pub struct EventSource {
    /// The function's folder in `functions/`.
    pub name: &'static str,
    /// Which records it gets: one of the patterns of `FilterCriteria` must fit.
    pub patterns: Vec<Value>,
    /// How many of them one invocation gets at most.
    pub batch: usize,
    /// What gets them.
    pub function: Lambda,
}

/// How often a batch is tried that fails.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// At most so often.
    pub tries: u32,
    /// At first after so long; each time doubles it.
    pub pause: Duration,
    /// At last after so long.
    pub longest_pause: Duration,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// The function took it.
    Done,
    /// It failed as often as it may.
    GivenUp,
}

impl EventSource {
    /// Whether the function gets this record.
    pub fn matches(&self, record: &Value) -> bool {
        self.patterns.iter().any(|pattern| pattern::matches(pattern, record))
    }

    /// Invokes the function for records in order, until nobody sends any more; `served` is called after
    /// every batch with how many records it had.
    pub async fn serve(
        &self,
        mut records: UnboundedReceiver<Value>,
        retry: Retry,
        served: impl Fn(usize, Served),
    ) {
        let mut batch = Vec::with_capacity(self.batch);
        while records.recv_many(&mut batch, self.batch).await > 0 {
            let (records, mut outcome) = (batch.len(), Served::Done);
            let mut pause = retry.pause;
            for attempt in 1..=retry.tries {
                let answer = self.function.invoke(json!({ "Records": batch }), PATIENCE).await;
                let failed = match answer {
                    Ok(answer) => first_failure(&answer, &batch),
                    Err(error) => {
                        tracing::warn!(
                            function = self.name,
                            "following the stream failed: {error}"
                        );
                        Some(0)
                    }
                };
                let Some(place) = failed else { break };
                batch.drain(..place);
                if attempt == retry.tries {
                    outcome = Served::GivenUp;
                    break;
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(retry.longest_pause);
            }
            batch.clear();
            served(records, outcome);
        }
    }
}

/// The lane of a record, of so many: records of one partition key stay in order.
pub fn lane_of(record: &Value, lanes: usize) -> usize {
    let key = record["dynamodb"]["Keys"][keys::PK]["S"].as_str().unwrap_or_default();
    key.bytes().map(usize::from).sum::<usize>() % lanes
}

/// The first record that `batchItemFailures` names; the batch is tried again from there.
fn first_failure(answer: &Value, batch: &[Value]) -> Option<usize> {
    let failures = answer.get("batchItemFailures")?.as_array()?;
    let failed: Vec<_> = failures.iter().map(|failure| &failure["itemIdentifier"]).collect();
    let named = |record: &Value| failed.contains(&&record["dynamodb"]["SequenceNumber"]);
    // An identifier that is not in the batch fails all of it, as on Lambda.
    (!failed.is_empty()).then(|| batch.iter().position(named).unwrap_or(0))
}
