//! A server with an archive, and what DynamoDB tells the function that fills it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::types::AttributeValue;
use local::apigateway::Lambda;
use local::options::Options;
use local::time::Time;
use reqwest::Method;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::support::member::{Member, PASSWORD};
use crate::support::{Chat, Item, Person};

/// What alice and bob share.
pub(super) const THEIRS: &str = "dm:alice:bob";

/// A server with an archive in a folder.
pub(super) struct Archive {
    pub(super) chat: Chat,
    pub(super) folder: TempDir,
    function: Lambda,
}

impl Archive {
    pub(super) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(super) async fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().to_str().unwrap().to_owned();
        let function: Arc<Mutex<Option<Lambda>>> = Arc::default();
        let seen = Arc::clone(&function);
        let around = move |functions: local::Functions| {
            functions.map(|name, lambda| {
                if name == "archive" {
                    *seen.lock().unwrap() = Some(lambda.clone());
                }
                lambda
            })
        };
        let chat = Chat::start_around(Time::new(), around, |options| {
            options.archive = Some(place);
            options.settings.set("RETENTION_DAYS", "7");
            change(options);
        })
        .await;
        let function = function.lock().unwrap().take().unwrap();
        Self { chat, folder, function }
    }

    /// alice, who has said so many things to bob; the number of the first.
    pub(super) async fn of_two(&self, count: u64) -> (Person, u64) {
        let mut alice = self.chat.joined_by("alice").await;
        let first = alice.says("bob", "1").await["seq"].as_u64().unwrap();
        for number in 2..=count {
            alice.says("bob", &number.to_string()).await;
        }
        (alice, first)
    }

    /// DynamoDB deletes messages that have expired; the records that tell the function.
    pub(super) async fn deletes(
        &self,
        conversation: &str,
        seqs: impl IntoIterator<Item = u64>,
    ) -> Vec<Value> {
        deletes(&self.chat, conversation, seqs).await
    }

    /// The function is invoked for records; which it says have failed.
    pub(super) async fn archives(&self, records: &[Value]) -> Vec<Value> {
        let answer = self.function.call(json!({ "Records": records })).await.unwrap();
        let failures = answer["batchItemFailures"].as_array().unwrap();
        failures.iter().map(|failure| failure["itemIdentifier"].clone()).collect()
    }

    /// Every file of the archive.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        files_in(self.folder.path())
    }

    /// What the two said, in pages of so many from the newest to the oldest.
    pub(super) async fn pages(&self, limit: &str) -> Vec<Vec<Value>> {
        let mut path = format!("/messages?user1=alice&user2=bob&limit={limit}");
        let mut pages = Vec::new();
        loop {
            let answer = self.chat.get(&path, &[]).await;
            assert_eq!(answer.status, 200, "{:?}", answer.body);
            pages.push(answer.body.as_array().unwrap().clone());
            let Some(link) = answer.link else { return pages };
            path = link.split(['<', '>']).nth(1).unwrap().to_owned();
        }
    }
}

/// DynamoDB deletes messages that have expired; what the stream says of that.
pub(super) async fn deletes(
    chat: &Chat,
    conversation: &str,
    seqs: impl IntoIterator<Item = u64>,
) -> Vec<Value> {
    let mut records = Vec::new();
    for seq in seqs {
        let (pk, sk) = (format!("CONV#{conversation}"), format!("MSG#{seq:016}"));
        let item = chat.item(&pk, &sk).await;
        chat.removes(&pk, &sk).await;
        records.push(removal(&item, seq));
    }
    records
}

/// What the stream says of an item that has expired
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html>).
fn removal(item: &Item, number: u64) -> Value {
    let image: Map<_, _> = item.iter().map(|(name, it)| (name.clone(), value(it))).collect();
    json!({
        "eventID": number.to_string(), "eventName": "REMOVE", "eventVersion": "1.1",
        "eventSource": "aws:dynamodb", "awsRegion": "us-east-1",
        "userIdentity": { "type": "Service", "principalId": "dynamodb.amazonaws.com" },
        "dynamodb": {
            "ApproximateCreationDateTime": 1_800_000_000, "SequenceNumber": number.to_string(),
            "SizeBytes": 100, "StreamViewType": "NEW_AND_OLD_IMAGES",
            "Keys": { "pk": image["pk"], "sk": image["sk"] }, "OldImage": image,
        },
    })
}

pub(super) async fn deletes_account(chat: &Chat, member: &Member) {
    let password = Some(json!({ "password": PASSWORD }));
    let deleted = chat.asks_as(&member.access, Method::DELETE, "/api/me", password).await;
    assert_eq!(deleted.status, 204, "{:?}", deleted.body);
}

/// An attribute as the stream tells it.
fn value(attribute: &AttributeValue) -> Value {
    match attribute {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::Ss(texts) => json!({ "SS": texts }),
        AttributeValue::L(list) => json!({ "L": list.iter().map(value).collect::<Vec<_>>() }),
        AttributeValue::M(map) => {
            let map: Map<_, _> = map.iter().map(|(name, it)| (name.clone(), value(it))).collect();
            json!({ "M": map })
        }
        other => panic!("{other:?} in a message"),
    }
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let parts = entries.map(|path| if path.is_dir() { files_in(&path) } else { vec![path] });
    parts.flatten().collect()
}

pub(super) fn contents<'a>(messages: impl IntoIterator<Item = &'a Value>) -> Vec<&'a str> {
    messages.into_iter().filter_map(|message| message["content"].as_str()).collect()
}
