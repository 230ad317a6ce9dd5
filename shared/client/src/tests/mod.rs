//! A client talks to a server that is played here.

mod changing;
mod news;
mod pictures;
mod rooms;

use std::time::{Duration, Instant};

use fastrand::Rng;
use protocol::{ErrorCode, MessageView, Received, Status};
use serde_json::{Value, json};

use crate::{Client, Event, Mark, NewMessage, Request, Target};

const BOTH: &str = "dm:alice:bob";

/// What bob said as the message `seq`.
pub(crate) fn said(seq: u64) -> MessageView {
    serde_json::from_value(message(seq)).unwrap()
}

fn message(seq: u64) -> Value {
    json!({
        "type": "message", "id": seq.to_string(), "conversation": BOTH, "seq": seq,
        "kind": "message", "from": "bob", "to": "alice", "content": seq.to_string(),
        "timestamp": "2026-01-01T00:00:00.000Z",
    })
}

fn ack(id: &Value, seq: u64, delivered: bool) -> Value {
    json!({
        "type": "ack", "status": "ok", "id": id, "conversation": BOTH, "seq": seq,
        "timestamp": "2026-01-01T00:00:00.000Z", "delivered": delivered, "duplicate": false,
    })
}

fn page(numbers: impl IntoIterator<Item = u64>) -> Value {
    let messages: Vec<_> = numbers.into_iter().map(message).collect();
    json!({
        "type": "history", "conversation": BOTH, "messages": messages, "before": null, "after": null,
    })
}

fn synced(upto: u64, complete: bool) -> Value {
    let synced = json!({ "upto": upto, "complete": complete, "more": false });
    json!({ "type": "synced", "conversations": { BOTH: synced } })
}

fn joined(name: &str) -> Value {
    let room = json!({
        "id": "7", "name": name, "topic": null, "metadata": null, "access": "public",
        "history": "everything", "creator": "bob", "created_at": "2026-01-01T00:00:00.000Z",
        "members": 1, "conversation": "room:7",
    });
    json!({
        "type": "joined", "room": room, "conversation": "room:7", "messages": [], "before": null,
    })
}

/// The frame as the answer to a request.
fn answer(mut frame: Value, request: &Value) -> Value {
    frame["id"] = request["id"].clone();
    frame
}

/// API Gateway's own words.
fn failure() -> Value {
    json!({ "message": "Internal server error", "requestId": "r" })
}

/// alice's client, and the clock.
struct Alice {
    client: Client,
    now: Instant,
    /// How many messages have been sent.
    sent: u64,
}

impl Alice {
    /// A connected client.
    fn new() -> Self {
        let (mut client, now) = (Client::new("alice", 20, Rng::with_seed(7)), Instant::now());
        client.begin(now);
        Self { client, now, sent: 0 }
    }

    /// A client that has shown these messages of bob.
    fn after(numbers: impl IntoIterator<Item = u64>) -> Self {
        let mut alice = Self::new();
        alice.client.open(BOTH, "bob");
        let asked = alice.sends("history");
        assert_eq!(asked["with"], "bob");
        alice.hears(&answer(page(numbers), &asked));
        alice.shown();
        alice
    }

    fn hears(&mut self, frame: &Value) {
        self.client.receive(Received::from_value(frame.clone()).unwrap(), self.now);
    }

    fn says(&mut self, content: &str) {
        self.sent += 1;
        let message = NewMessage::text(format!("m{}", self.sent), content);
        self.client.send(BOTH, &Target::Person("bob".into()), message);
    }

    /// The frames that are due.
    fn due(&mut self) -> Vec<Value> {
        assert!(self.client.keep(self.now));
        let frames = self.client.frames();
        frames.iter().map(|frame| serde_json::from_str(&frame.encode()).unwrap()).collect()
    }

    /// The one frame that is due.
    fn sends(&mut self, action: &str) -> Value {
        let frames = self.due();
        assert!(frames.len() == 1 && frames[0]["action"] == action, "{action}: {frames:?}");
        frames[0].clone()
    }

    fn waits(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn reconnects(&mut self) {
        self.client.end();
        self.client.begin(self.now);
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.client.event()).collect()
    }

    /// What is shown of what was said.
    fn shown(&mut self) -> Vec<String> {
        let events = self.events().into_iter();
        let said = events.filter_map(|event| match event {
            Event::Message(message) => message.body.content().map(str::to_owned),
            _ => None,
        });
        said.collect()
    }
}

#[test]
fn after_a_reconnect_what_was_missed_is_asked_for_and_shown_once() {
    let mut alice = Alice::after([7, 8]);
    alice.hears(&message(9));
    assert_eq!(alice.shown(), ["9"]);
    alice.reconnects();
    let asked = alice.sends("sync");
    assert_eq!(asked["since"], json!({ BOTH: 9 }));
    alice.hears(&message(12));
    alice.hears(&page([10, 11, 12]));
    alice.hears(&answer(synced(12, true), &asked));
    alice.hears(&message(11));
    assert_eq!(alice.shown(), ["10", "11", "12"]);
    alice.waits(1);
    assert!(alice.due().is_empty());
    // Once more, when what was under way as the connection was made has been done.
    alice.waits(29);
    let asked = alice.sends("sync");
    assert_eq!(asked["since"], json!({ BOTH: 12 }));
    alice.hears(&answer(synced(12, true), &asked));
    alice.waits(25);
    assert!(alice.due().is_empty());
}

#[test]
fn a_gap_is_asked_for_until_it_is_filled() {
    let mut alice = Alice::after([7]);
    alice.hears(&message(9));
    assert!(alice.shown().is_empty());
    // It may be on its way.
    assert!(alice.due().is_empty());
    alice.waits(1);
    let asked = alice.sends("sync");
    assert_eq!(asked["since"], json!({ BOTH: 7 }));
    // The page is lost on the way, only its end comes.
    alice.hears(&answer(synced(9, true), &asked));
    alice.waits(1);
    assert_eq!(alice.sends("sync")["since"], json!({ BOTH: 7 }));
    alice.hears(&page([8, 9]));
    assert_eq!(alice.shown(), ["8", "9"]);
}

#[test]
fn what_is_gone_is_told_and_not_waited_for() {
    let mut alice = Alice::after([7]);
    alice.hears(&message(12));
    assert!(alice.due().is_empty());
    alice.waits(1);
    let asked = alice.sends("sync");
    alice.hears(&page([11, 12]));
    alice.hears(&answer(synced(12, false), &asked));
    let events = alice.events();
    assert_eq!(events[0], Event::Gone { conversation: BOTH.into() });
    assert_eq!(events.len(), 3);
}

#[test]
fn what_has_no_ack_is_sent_again_under_its_id() {
    let mut alice = Alice::after([7]);
    alice.says("one");
    alice.says("two");
    let first = alice.sends("message");
    assert_eq!(alice.client.mark(BOTH), Some(Mark::Sending));
    alice.waits(4);
    assert_eq!(alice.sends("message"), first);
    alice.reconnects();
    let again = alice.due();
    assert!(again.contains(&first) && again.iter().all(|it| it["content"] != "two"));
    alice.hears(&ack(&first["id"], 8, false));
    assert_eq!(alice.sends("message")["content"], "two");
    alice.hears(&ack(&first["id"], 8, false));
    assert_eq!((alice.shown(), alice.client.unsent()), (vec!["one".to_owned()], 1));
}

#[test]
fn a_failure_of_the_cloud_is_followed_by_a_repeat_soon() {
    let mut alice = Alice::after([7]);
    alice.says("one");
    let first = alice.sends("message");
    alice.hears(&failure());
    alice.waits(1);
    assert_eq!(alice.sends("message"), first);
    let failed = json!({ "type": "error", "code": "internal", "message": "try again" });
    alice.hears(&answer(failed, &first));
    alice.waits(1);
    assert_eq!((alice.sends("message"), alice.client.unsent()), (first, 1));
}

#[test]
fn a_failure_that_lasts_is_answered_ever_more_patiently() {
    let mut alice = Alice::after([7]);
    alice.says("one");
    alice.sends("message");
    for tries in 0..8 {
        alice.hears(&failure());
        alice.hears(&failure());
        let heard = alice.now;
        loop {
            let due = alice.due();
            if due.iter().any(|frame| frame["action"] == "message") {
                break;
            }
            if let [sync] = &due[..] {
                alice.hears(&answer(synced(7, true), sync));
            }
            alice.now += Duration::from_millis(10);
        }
        let waited = alice.now - heard;
        let longest = Duration::from_millis((500 << tries).min(15_000));
        let step = Duration::from_millis(10);
        assert!((longest / 2..=longest + step).contains(&waited), "{tries}: {waited:?}");
    }
}

#[test]
fn whoever_was_told_how_long_to_wait_does_so_whatever_else_fails() {
    let mut alice = Alice::after([7]);
    alice.hears(&message(9));
    assert!(alice.due().is_empty());
    alice.waits(1);
    alice.says("one");
    let frames = alice.due();
    assert_eq!(frames.len(), 2, "{frames:?}");
    let hurried = json!({ "type": "error", "code": "rate_limited", "message": "slowly", "retry_after_ms": 20_000 });
    let answers = frames.iter().map(|frame| answer(hurried.clone(), frame));
    for frame in answers.chain([failure()]).collect::<Vec<_>>() {
        alice.hears(&frame);
    }
    alice.waits(19);
    assert_eq!(alice.due(), [] as [Value; 0]);
    alice.waits(1);
    assert_eq!(alice.due().len(), 2);
}

#[test]
fn ones_own_messages_take_their_place_and_get_marks() {
    let mut alice = Alice::after([7]);
    alice.says("mine");
    let sent = alice.sends("message");
    alice.hears(&ack(&sent["id"], 9, false));
    assert_eq!(alice.client.mark(BOTH), Some(Mark::Got(Status::Sent)));
    alice.hears(&message(8));
    assert_eq!(alice.shown(), ["8", "mine"]);
    let receipt = |user: &str, kind: &str| json!({ "type": "receipt", "conversation": BOTH, "user": user, kind: 9 });
    alice.hears(&receipt("bob", "delivered"));
    assert_eq!(alice.client.mark(BOTH), Some(Mark::Got(Status::Delivered)));
    alice.hears(&receipt("alice", "read"));
    assert_eq!(alice.client.mark(BOTH), Some(Mark::Got(Status::Delivered)));
    alice.hears(&receipt("bob", "read"));
    assert_eq!(alice.client.mark(BOTH), Some(Mark::Got(Status::Read)));
}

#[test]
fn ones_own_message_is_known_before_its_ack() {
    let mut alice = Alice::after([7]);
    alice.says("mine");
    let id = alice.sends("message")["id"].clone();
    let mut own = message(8);
    (own["from"], own["id"]) = ("alice".into(), id.clone());
    alice.hears(&own);
    alice.hears(&ack(&id, 8, true));
    let events = alice.events();
    let [Event::Message(shown)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(shown.status, Some(Status::Sent));
    assert_eq!(alice.client.mark(BOTH), Some(Mark::Got(Status::Delivered)));
}

#[test]
fn whoever_hurries_waits_and_what_is_refused_is_told() {
    let mut alice = Alice::after([7]);
    alice.says("one");
    let id = alice.sends("message")["id"].clone();
    let refusal = json!({ "type": "error", "code": "rate_limited", "message": "slowly", "id": id, "retry_after_ms": 900 });
    alice.hears(&refusal);
    assert!(alice.due().is_empty());
    alice.waits(1);
    assert_eq!(alice.sends("message")["id"], id);
    let refusal = json!({ "type": "error", "code": "forbidden", "message": "no", "id": id });
    alice.hears(&refusal);
    let (id, content, code) = ("m1".into(), "one".into(), ErrorCode::Forbidden);
    let told = Event::NotSent { id, content, code, reason: "no".into() };
    assert_eq!((alice.events(), alice.client.unsent()), (vec![told], 0));
}

#[test]
fn a_silent_connection_counts_as_lost() {
    let mut alice = Alice::after([7]);
    alice.waits(30);
    let asked = alice.sends("sync");
    alice.hears(&answer(synced(7, true), &asked));
    alice.waits(29);
    assert!(alice.due().is_empty());
    alice.waits(1);
    alice.sends("ping");
    alice.waits(9);
    assert!(alice.client.keep(alice.now));
    alice.waits(1);
    assert!(!alice.client.keep(alice.now));
}

#[test]
fn only_the_newest_receipt_of_ones_own_is_repeated() {
    let mut alice = Alice::after([7, 8]);
    alice.client.read(BOTH, 7);
    alice.client.read(BOTH, 8);
    assert_eq!(alice.sends("read")["seq"], 8);
    // As another device may have read it.
    alice.hears(&json!({ "type": "receipt", "conversation": BOTH, "user": "alice", "read": 8 }));
    alice.reconnects();
    alice.sends("sync");
}

#[test]
fn a_conversation_somebody_else_begins_is_shown_from_there() {
    let mut alice = Alice::new();
    alice.hears(&message(3));
    alice.hears(&message(2));
    assert_eq!(alice.shown(), ["3", "2"]);
    alice.reconnects();
    assert_eq!(alice.sends("sync")["since"], json!({ BOTH: 3 }));
}
