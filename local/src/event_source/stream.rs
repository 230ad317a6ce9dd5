//! Reads the table's stream for one event source mapping.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use anyhow::Context;
use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::error::{DisplayErrorContext, SdkError};
use aws_sdk_dynamodbstreams::operation::get_records::GetRecordsError;
use aws_sdk_dynamodbstreams::types::{Record, ShardIteratorType};
use serde_dynamo::Item;
use serde_json::{Value, json};
use shared::aws::Aws;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use super::{EventSource, Retry, lane_of};
use crate::meter::Meter;

/// How often the stream is read when nobody says that there is something.
const PAUSE: Duration = Duration::from_millis(100);
/// How soon it is read when somebody says so: who looks after each record does little else.
const SOON: Duration = Duration::from_millis(2);
/// So many records at once, and there are soon more.
const MANY: usize = 100;
/// How many partition keys are served at the same time.
const LANES: usize = 64;
/// A batch is tried until it is done: the functions themselves say what is hopeless.
const RETRY: Retry = Retry { tries: u32::MAX, pause: PAUSE, longest_pause: Duration::from_secs(1) };

/// When the stream is read.
pub(crate) enum Pace {
    /// Soon after this says that there is something, and now and then.
    Promptly(watch::Receiver<()>),
    /// Every so often.
    Every(Duration),
}

/// One event source mapping at work; dropping it stops it.
pub(crate) struct Follower {
    tasks: JoinSet<()>,
    /// Asks to be answered when the stream has been read to its end.
    reads: mpsc::UnboundedSender<oneshot::Sender<()>>,
    /// How many records were read and are not served yet.
    unserved: watch::Receiver<usize>,
}

struct Shard {
    id: String,
    iterator: Option<String>,
    /// The last record read, to skip what comes again after the iterator had to be renewed.
    last: u128,
}

struct Reader {
    source: EventSource,
    client: Client,
    stream: String,
    shards: VecDeque<Shard>,
    known: HashSet<String>,
    /// Whether a shard has ended whose successors are not known yet.
    one_has_ended: bool,
    lanes: Vec<mpsc::UnboundedSender<Vec<Value>>>,
    /// Who is answered when the stream has been read to its end.
    waiting: mpsc::UnboundedReceiver<oneshot::Sender<()>>,
    unserved: watch::Sender<usize>,
}

impl Follower {
    /// Serves what is written from now on to the table's stream, which is read at this pace, and at once
    /// when somebody wants it to have [`caught_up`](Self::caught_up); what that takes is counted.
    pub(crate) async fn start(
        aws: &Aws,
        table: &str,
        source: EventSource,
        pace: Pace,
        meter: &Meter,
    ) -> anyhow::Result<Self> {
        let client = Client::new(aws.sdk());
        // A description of the table names its stream as well, but the engine counts all items for it. A
        // stream that was switched off is listed for a day more; the labels are times.
        let streams = client.list_streams().table_name(table).send().await;
        let streams =
            streams.context("cannot list the table's streams")?.streams.unwrap_or_default();
        let stream = streams.into_iter().max_by(|a, b| a.stream_label.cmp(&b.stream_label));
        let stream = stream.and_then(|stream| stream.stream_arn);
        let stream = stream.context("the table has no stream")?;

        let mut tasks = JoinSet::new();
        let mut lanes = Vec::with_capacity(LANES);
        let unserved = watch::Sender::new(0);
        for _ in 0..LANES {
            let (sender, records) = mpsc::unbounded_channel();
            lanes.push(sender);
            let (source, unserved) = (source.clone(), unserved.clone());
            let action = meter.stream(source.name);
            tasks.spawn(action.run(async move {
                // None is given up.
                let served = |records, _| unserved.send_modify(|unserved| *unserved -= records);
                source.serve(records, RETRY, served).await;
            }));
        }
        let (shards, known) = (VecDeque::new(), HashSet::new());
        let one_has_ended = false;
        let (reads, waiting) = mpsc::unbounded_channel();
        let left = unserved.subscribe();
        let mut reader = Reader {
            source,
            client,
            stream,
            shards,
            known,
            one_has_ended,
            lanes,
            waiting,
            unserved,
        };
        reader.find_shards(ShardIteratorType::Latest).await?;
        tasks.spawn(reader.run(pace));
        Ok(Self { tasks, reads, unserved: left })
    }

    /// Waits until everything that was written before is served; what serving it writes may not be.
    pub(crate) async fn caught_up(&self) {
        let (answer, read) = oneshot::channel();
        if self.reads.send(answer).is_ok() && read.await.is_ok() {
            // If the lanes have ended, there is nothing to wait for.
            let _ = self.unserved.clone().wait_for(|unserved| *unserved == 0).await;
        }
    }

    /// Stops reading; what is being delivered is dropped, as when a laptop is closed.
    pub(crate) async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

impl Pace {
    /// Returns when the stream is to be read again.
    async fn next_read(&mut self) {
        match self {
            Self::Promptly(more) => tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                Ok(()) = more.changed() => tokio::time::sleep(SOON).await,
            },
            Self::Every(interval) => tokio::time::sleep(*interval).await,
        }
    }
}

impl Reader {
    async fn run(mut self, mut pace: Pace) {
        let mut waiting = Vec::new();
        loop {
            match self.read().await {
                Ok(found) if found >= MANY || self.one_has_ended => continue,
                Ok(0) => waiting.drain(..).for_each(|answer: oneshot::Sender<()>| {
                    // Nobody waits for it any more.
                    let _ = answer.send(());
                }),
                Ok(_) if !waiting.is_empty() => continue,
                // Of a few records there is no hurry: who looks after each one does little else.
                Ok(_) => {}
                Err(error) => tracing::warn!("cannot read the table's stream: {error:#}"),
            }
            tokio::select! {
                () = pace.next_read() => {}
                _ = self.waiting.recv_many(&mut waiting, usize::MAX) => {}
            }
        }
    }

    /// Reads every shard once; how many records there were.
    async fn read(&mut self) -> anyhow::Result<usize> {
        if self.shards.is_empty() || self.one_has_ended {
            self.find_shards(ShardIteratorType::TrimHorizon).await?;
            self.one_has_ended = false;
        }
        let mut found = 0;
        for _ in 0..self.shards.len() {
            let Some(mut shard) = self.shards.pop_front() else { break };
            let Some(iterator) = shard.iterator.take() else { continue };
            let answer = self.client.get_records().shard_iterator(&iterator).send().await;
            let answer = match answer {
                Ok(answer) => answer,
                Err(error) => {
                    let renewed = self.renewed(&shard.id, &error, iterator.clone()).await;
                    shard.iterator = Some(renewed.unwrap_or(iterator));
                    self.shards.push_back(shard);
                    anyhow::bail!("{}", DisplayErrorContext(&error));
                }
            };
            let new = answer.records().iter().filter(|record| {
                let number = sequence_number(record);
                let is_new = number > shard.last;
                shard.last = shard.last.max(number);
                is_new
            });
            found += self.invoke(new);
            match answer.next_shard_iterator {
                Some(next) => {
                    shard.iterator = Some(next);
                    self.shards.push_back(shard);
                }
                None => {
                    tracing::debug!(shard = shard.id, "a shard of the stream has ended");
                    // Those that follow it are looked for until they are found.
                    self.one_has_ended = true;
                }
            }
        }
        Ok(found)
    }

    async fn find_shards(&mut self, start: ShardIteratorType) -> anyhow::Result<()> {
        let mut from = None;
        loop {
            let request = self.client.describe_stream().stream_arn(&self.stream);
            let answer = request.set_exclusive_start_shard_id(from).send().await;
            let description = answer.context("cannot describe the stream")?.stream_description;
            let description = description.context("the stream has no description")?;
            for shard in description.shards() {
                let id = shard.shard_id().context("a shard has no id")?.to_owned();
                if self.known.contains(&id) {
                    continue;
                }
                let iterator = self.open(&id, start.clone()).await?;
                self.known.insert(id.clone());
                self.shards.push_back(Shard { id, iterator, last: 0 });
            }
            from = description.last_evaluated_shard_id;
            if from.is_none() {
                return Ok(());
            }
        }
    }

    async fn open(&self, shard: &str, start: ShardIteratorType) -> anyhow::Result<Option<String>> {
        let request = self.client.get_shard_iterator().stream_arn(&self.stream);
        let answer = request.shard_id(shard).shard_iterator_type(start).send().await;
        Ok(answer.context("cannot read a shard")?.shard_iterator)
    }

    /// The iterator to go on with after `error`: one that is too old, as after a laptop has slept, is
    /// replaced by one from the shard's beginning. DynamoDB Local calls even new ones too old.
    async fn renewed(
        &self,
        shard: &str,
        error: &SdkError<GetRecordsError>,
        iterator: String,
    ) -> anyhow::Result<String> {
        let too_old = error.as_service_error().is_some_and(|error| {
            error.is_expired_iterator_exception() || error.is_trimmed_data_access_exception()
        });
        if !too_old {
            return Ok(iterator);
        }
        self.open(shard, ShardIteratorType::TrimHorizon).await?.context("a shard has no iterator")
    }

    /// Hands the records that the filter lets through to their lanes, those of one lane together; how
    /// many records there were.
    fn invoke<'a>(&self, records: impl Iterator<Item = &'a Record>) -> usize {
        let patterns = &self.source.patterns;
        let named = |image: &str, attribute: &str| {
            patterns.iter().any(|pattern| pattern["dynamodb"][image].get(attribute).is_some())
        };
        let (mut found, mut by_lane) = (0, BTreeMap::<_, Vec<_>>::new());
        for record in records {
            found += 1;
            if self.source.matches(&event_record(record, &self.stream, named)) {
                let record = event_record(record, &self.stream, |_, _| true);
                by_lane.entry(lane_of(&record, LANES)).or_default().push(record);
            }
        }
        for (lane, records) in by_lane {
            self.unserved.send_modify(|unserved| *unserved += records.len());
            if self.lanes[lane].send(records).is_err() {
                tracing::error!("nobody serves the table's stream any more");
            }
        }
        found
    }
}

fn sequence_number(record: &Record) -> u128 {
    let number = record.dynamodb().and_then(|change| change.sequence_number());
    number.and_then(|number| number.parse().ok()).unwrap_or(u128::MAX)
}

/// A record as Lambda's event shows it, with the attributes of its images that are wanted.
fn event_record(record: &Record, stream: &str, wanted: impl Fn(&str, &str) -> bool) -> Value {
    let change = record.dynamodb();
    let mut dynamodb = json!({
        "ApproximateCreationDateTime": change
            .and_then(|change| change.approximate_creation_date_time())
            .map_or(0, |created| created.secs()),
        "SequenceNumber": change.and_then(|change| change.sequence_number()),
        "SizeBytes": change.and_then(|change| change.size_bytes()).unwrap_or_default(),
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    });
    for (name, image) in [
        ("Keys", change.and_then(|change| change.keys())),
        ("NewImage", change.and_then(|change| change.new_image())),
        ("OldImage", change.and_then(|change| change.old_image())),
    ] {
        if let Some(image) = image {
            let attributes = image.iter().filter(|(attribute, _)| wanted(name, attribute));
            let attributes = attributes.map(|(name, value)| (name.clone(), value.clone()));
            dynamodb[name] = json!(Item::from(attributes.collect::<HashMap<_, _>>()));
        }
    }
    let mut event = json!({
        "eventID": record.event_id(),
        "eventName": record.event_name().map(|name| name.as_str()),
        "eventVersion": record.event_version().unwrap_or("1.1"),
        "eventSource": "aws:dynamodb",
        "awsRegion": record.aws_region().unwrap_or("us-east-1"),
        "dynamodb": dynamodb,
        "eventSourceARN": stream,
    });
    if let Some(by) = record.user_identity() {
        // What has expired the service deletes by itself. The embedded engine spells these names as
        // Lambda does, not as the stream's API, so that the SDK finds none.
        let (kind, principal) = (by.r#type(), by.principal_id());
        event["userIdentity"] = json!({
            "type": kind.unwrap_or("Service"),
            "principalId": principal.unwrap_or("dynamodb.amazonaws.com"),
        });
    }
    event
}
