//! Event source mappings: which functions follow the table's stream, as Lambda does it
//! (<https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>). Each follows by itself, with a filter
//! of its own: batches of records, in order for each partition key, tried again when they fail. What is
//! read together comes together.
//!
//! - `pattern` is the filter; `stream` reads the table's stream.

mod pattern;
mod stream;

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};
use shared::store::keys;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::apigateway::Lambda;

pub(crate) use stream::{Follower, Pace};

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
    /// every batch with how many records it had. Whatever has come by the time a batch begins is in it,
    /// as far as there is room.
    pub async fn serve(
        &self,
        mut reads: UnboundedReceiver<Vec<Value>>,
        retry: Retry,
        served: impl Fn(usize, Served),
    ) {
        let mut waiting = VecDeque::new();
        while let Some(read) = reads.recv().await {
            waiting.extend(read);
            while !waiting.is_empty() {
                while let Ok(read) = reads.try_recv() {
                    waiting.extend(read);
                }
                let batch: Vec<_> = waiting.drain(..waiting.len().min(self.batch)).collect();
                let records = batch.len();
                served(records, self.serve_batch(batch, retry).await);
            }
        }
    }

    async fn serve_batch(&self, mut batch: Vec<Value>, retry: Retry) -> Served {
        let mut pause = retry.pause;
        for attempt in 1..=retry.tries {
            let answer = self.function.invoke(json!({ "Records": batch }), PATIENCE).await;
            let failed = match answer {
                Ok(answer) => first_failure(&answer, &batch),
                Err(error) => {
                    tracing::warn!(function = self.name, "following the stream failed: {error}");
                    Some(0)
                }
            };
            let Some(place) = failed else { return Served::Done };
            batch.drain(..place);
            if attempt < retry.tries {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(retry.longest_pause);
            }
        }
        Served::GivenUp
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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::{Arc, Mutex};

    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn what_is_read_together_is_served_together() {
        let batches: Arc<Mutex<Vec<usize>>> = Arc::default();
        let noted = Arc::clone(&batches);
        let function = Lambda::new(move |event: Value| {
            noted.lock().unwrap().push(event["Records"].as_array().unwrap().len());
            std::future::ready(Ok::<_, Infallible>(Value::Null))
        });
        let source = EventSource { name: "counts", patterns: Vec::new(), batch: 5, function };
        let (sender, reads) = mpsc::unbounded_channel();
        for records in [3, 1, 8] {
            sender.send(vec![json!({}); records]).unwrap();
        }
        drop(sender);
        let retry = Retry { tries: 1, pause: Duration::ZERO, longest_pause: Duration::ZERO };
        source.serve(reads, retry, |_, outcome| assert_eq!(outcome, Served::Done)).await;
        assert_eq!(*batches.lock().unwrap(), [5, 5, 2]);
    }
}
