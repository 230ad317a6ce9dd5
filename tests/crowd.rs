//! A crowd, alone on the machine: it takes both processors.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[expect(dead_code, unused_imports, reason = "shared with the other tests")]
mod support;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use futures::future::join_all;
use local::server::TestHooks;
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::support::{Chat, Person};

/// How many messages each of them says without waiting for an answer.
const MESSAGES: usize = 10;

/// How many are in the room: 50, or as many as the environment says.
fn people() -> usize {
    std::env::var("CONFAB_TEST_CROWD").map_or(50, |people| people.parse().unwrap())
}

/// What somebody knows of the room: who said what under each number.
type Log = BTreeMap<u64, (String, String)>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_talking_at_once_all_hears_one_order() {
    let crowd = people();
    // Nothing is counted: a meter would see every one of some ten thousand pushes.
    let chat = Chat::start_on(TestHooks::default()).await;
    let room = chat.room_of("p0", "crowd").await;
    for number in 1..crowd {
        let body = json!({ "user_id": format!("p{number}") });
        assert_eq!(chat.post(&format!("/api/rooms/{room}/join"), body).await.status, 200);
    }
    let mut people = Vec::new();
    for number in 0..crowd {
        people.push(chat.joined_by(&format!("p{number}")).await);
    }
    let all_there = Arc::new(Barrier::new(crowd));
    let talking = people.into_iter().map(|person| {
        let (room, all_there) = (room.clone(), Arc::clone(&all_there));
        tokio::spawn(async move {
            all_there.wait().await;
            talks_and_listens(person, &room, crowd).await
        })
    });
    let mut heard = Vec::new();
    for log in join_all(talking).await {
        heard.push(log.unwrap());
    }
    let kept = kept(&chat, &room).await;
    assert_eq!(kept.len(), crowd * MESSAGES, "something was kept twice, or not at all");
    let numbers: Vec<_> = kept.keys().collect();
    assert!(numbers.windows(2).all(|two| *two[1] == two[0] + 1), "a number is missing");
    assert!(heard.iter().all(|log| *log == kept), "somebody heard another order");
}

/// Says everything at once, then listens until everything is acknowledged and everybody was heard.
///
/// What took too long for the gateway or for the database, as it may on a busy machine, is said again
/// under the same id, as `local/README.md` has clients do. Whatever else the server says fails the test.
async fn talks_and_listens(mut person: Person, room: &str, crowd: usize) -> Log {
    let mut unanswered = VecDeque::new();
    for number in 0..MESSAGES {
        let content = format!("{} {number}", person.name);
        let id = uuid::Uuid::now_v7().to_string();
        let frame = json!({ "action": "message", "room": room, "content": content, "id": id });
        person.sends(&frame).await;
        unanswered.push_back(frame);
    }
    let (mut heard, mut acknowledged) = (Log::new(), BTreeMap::new());
    while heard.len() < crowd * MESSAGES || acknowledged.len() < MESSAGES {
        let frame = person.sees().await;
        match frame["type"].as_str() {
            Some("ack") => {
                let earlier = acknowledged.insert(frame["seq"].as_u64().unwrap(), frame.clone());
                assert_eq!(earlier, None, "two of {}'s have one number", person.name);
                unanswered.retain(|sent| sent["id"] != frame["id"]);
            }
            Some("message") => note(&mut heard, &frame),
            // What one connection says is answered in its order.
            None if is_failure(&frame) => {
                let again = unanswered.pop_front().unwrap();
                person.sends(&again).await;
                unanswered.push_back(again);
            }
            _ => panic!("{} sees {frame}", person.name),
        }
    }
    let own = |seq: &u64| heard.get(seq).is_some_and(|(from, _)| *from == person.name);
    assert!(acknowledged.keys().all(own), "{} hears other numbers than the acks'", person.name);
    heard
}

/// Whether this is how API Gateway says that a function took too long or failed.
fn is_failure(frame: &Value) -> bool {
    ["Endpoint request timed out", "Internal server error"]
        .iter()
        .any(|failure| frame["message"] == *failure)
}

/// Notes something said under its number. It may come twice, as after a push that took too long, but
/// never as something else.
fn note(log: &mut Log, message: &Value) {
    if message["kind"] != "message" {
        return;
    }
    let text = |field: &str| message[field].as_str().unwrap().to_owned();
    let said = (text("from"), text("content"));
    let known = log.entry(message["seq"].as_u64().unwrap()).or_insert_with(|| said.clone());
    assert_eq!(*known, said, "one number, two messages");
}

/// The room's whole log as it is kept.
async fn kept(chat: &Chat, room: &str) -> Log {
    let (path, mut after) = (format!("/api/rooms/{room}/messages"), "0".to_owned());
    let mut log = Log::new();
    loop {
        let query = [("user_id", "p0"), ("after", &after), ("limit", "100")];
        let page = chat.get(&path, &query).await;
        assert_eq!(page.status, 200, "{:?}", page.body);
        let messages = page.body.as_array().unwrap();
        let Some(last) = messages.last() else { return log };
        after = last["seq"].to_string();
        messages.iter().for_each(|message| note(&mut log, message));
    }
}
