//! Somebody whose server, clock and wishes are a script's.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use client::{Change, Client, Event, Mark, NewEvent, NewMessage, Request, Target};
use fastrand::Rng;
use protocol::{MessageView, Received, ids};
use serde_json::{Map, Value, json};

use super::patterns::{Names, completed};

/// How finely time passes.
const TICK: Duration = Duration::from_millis(50);

/// alice and her client.
pub(super) struct User {
    client: Client,
    now: Instant,
    names: Names,
    /// What the client has sent, and told, and no step has looked at.
    frames: Vec<Value>,
    events: Vec<Value>,
    /// What `GET /api/conversations` answers: conversation and last message read.
    listed: Vec<(String, u64)>,
    /// How much alice has sent.
    sent: u32,
}

impl User {
    pub(super) fn new() -> Self {
        Self {
            client: Client::new("alice", 20, Rng::with_seed(7)),
            now: Instant::now(),
            names: Names::default(),
            frames: Vec::new(),
            events: Vec::new(),
            listed: Vec::new(),
            sent: 0,
        }
    }

    /// Connects, and follows conversations from what was shown before.
    pub(super) fn follows(&mut self, follows: &Map<String, Value>) {
        self.connects(json!({}));
        for (conversation, seq) in follows {
            self.client.catch_up(conversation, seq.as_u64().unwrap());
        }
        loop {
            self.listens();
            let frames = std::mem::take(&mut self.frames);
            let Some(asked) = frames.iter().find(|frame| frame["action"] == "sync") else { break };
            let since = asked["since"].as_object().unwrap().iter();
            let ends: Map<_, _> =
                since.map(|(name, upto)| (name.clone(), json!({ "upto": upto }))).collect();
            self.hears(json!({ "type": "synced", "id": asked["id"], "conversations": ends }));
        }
        self.events.clear();
    }

    /// Takes one step, or says what is not as it should be.
    pub(super) fn takes(&mut self, step: &Value) -> Result<(), String> {
        let steps = step.as_object().unwrap();
        let has = |name: &str| steps.contains_key(name);
        if has("do") {
            self.does(step);
        } else if has("connected") {
            self.connects(step["connected"].clone());
        } else if has("disconnected") {
            self.client.end();
        } else if has("if_asked") {
            self.answers(&step["if_asked"], &step["given"]);
        } else if has("given") {
            self.hears(self.names.fill(&step["given"]));
        } else if has("listed") {
            let listed = step["listed"].as_array().unwrap().iter();
            let summary = |it: &Value| (text(it, "conversation"), it["read"].as_u64().unwrap());
            self.listed = listed.map(summary).collect();
        } else if let Some(milliseconds) = step["wait_ms"].as_u64() {
            self.waits(Duration::from_millis(milliseconds));
        } else if has("frames") {
            let frames = std::mem::take(&mut self.frames);
            let patterns = step["frames"].as_array().unwrap();
            self.names.expect(patterns, &frames, step["in_any_order"] == true)?;
        } else if has("events") {
            self.expects(step["events"].as_array().unwrap())?;
        } else if let Some(unsent) = step["unsent"].as_u64() {
            is(&json!(self.client.unsent()), &json!(unsent))?;
        } else if has("status") {
            let mark = self.client.mark(&text(&step["status"], "conversation"));
            let status = match mark {
                Some(Mark::Sending) => json!("sending"),
                Some(Mark::Got(status)) => json!(status),
                None => Value::Null,
            };
            is(&status, &step["status"]["is"])?;
        } else {
            return Err("nobody knows this step".into());
        }
        self.listens();
        Ok(())
    }

    /// Everything was looked at.
    pub(super) fn has_nothing_left(&mut self) -> Result<(), String> {
        self.names.expect(&[], &self.frames, false)?;
        self.names.expect(&[], &self.events, false)
    }

    fn does(&mut self, step: &Value) {
        match step["do"].as_str().unwrap() {
            "send" | "reply" => {
                let (conversation, content) = (text(step, "conversation"), text(step, "content"));
                let target = target(&conversation);
                let message = NewMessage::text(self.fresh_id(), content);
                let message = NewMessage { reply_to: step["seq"].as_u64(), ..message };
                self.client.send(&conversation, &target, message);
            }
            "edit" | "delete" | "react" | "pin" => {
                let (id, seq) = (self.fresh_id(), step["seq"].as_u64().unwrap());
                let event = NewEvent { id, seq, change: change(step) };
                self.client.change(&text(step, "conversation"), event);
            }
            "follow" => {
                self.client.catch_up(&text(step, "conversation"), step["seq"].as_u64().unwrap());
            }
            "read" => {
                self.client.read(&text(step, "conversation"), step["seq"].as_u64().unwrap());
            }
            "join" => self.client.request(Request::Join { room: text(step, "room") }),
            "leave" => self.client.request(Request::Leave { room: text(step, "room") }),
            what => panic!("nobody can {what}"),
        }
    }

    fn fresh_id(&mut self) -> String {
        self.sent += 1;
        format!("own-{}", self.sent)
    }

    fn connects(&mut self, mut welcome: Value) {
        self.client.begin(self.now);
        welcome["type"] = "welcome".into();
        self.hears(welcome);
    }

    fn hears(&mut self, frame: Value) {
        let frame = completed(frame);
        let received = Received::from_value(frame.clone());
        let received = received.unwrap_or_else(|| panic!("no client reads {frame}"));
        self.client.receive(received, self.now);
    }

    fn answers(&mut self, pattern: &Value, answer: &Value) {
        let names = &mut self.names;
        let at = self.frames.iter().position(|frame| names.matches(pattern, frame));
        let Some(at) = at else { return };
        let asked = self.frames.remove(at);
        let mut answer = self.names.fill(answer);
        answer["id"] = asked["id"].clone();
        self.hears(answer);
    }

    fn waits(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.now = end.min(self.now + TICK);
            self.listens();
        }
    }

    /// Takes what the client has sent and told, and answers its pings.
    fn listens(&mut self) {
        if !self.client.keep(self.now) {
            self.client.end();
        }
        for outgoing in self.client.frames() {
            let frame: Value = serde_json::from_str(&outgoing.encode()).unwrap();
            if frame["action"] == "ping" {
                self.hears(json!({ "type": "pong", "server_time": "2026-01-01T00:00:00.000Z" }));
            } else {
                self.frames.push(frame);
            }
        }
        while let Some(event) = self.client.event() {
            if event == Event::MoreWaiting {
                for (conversation, read) in &self.listed {
                    self.client.catch_up(conversation, *read);
                }
                self.listens();
            }
            self.events.extend(told(event));
        }
    }

    /// In this order within a conversation.
    fn expects(&mut self, expected: &[Value]) -> Result<(), String> {
        let told = std::mem::take(&mut self.events);
        let conversations: BTreeSet<_> = told.iter().chain(expected).map(conversation_of).collect();
        for conversation in conversations {
            let of = |events: &[Value]| -> Vec<Value> {
                let events = events.iter().filter(|it| conversation_of(it) == conversation);
                events.cloned().collect()
            };
            self.names.expect(&of(expected), &of(&told), false)?;
        }
        Ok(())
    }
}

/// The client's events in the words of the scripts.
fn told(event: Event) -> Option<Value> {
    Some(match event {
        Event::Message(message) => shown(*message),
        Event::Changed(message) => json!({ "changed": *message }),
        Event::NotChanged { conversation, event, code, .. } => {
            let seq = event.seq;
            json!({ "not_changed": { "conversation": conversation, "seq": seq, "code": code } })
        }
        Event::Skipped { conversation } => {
            json!({ "skipped": { "conversation": conversation } })
        }
        Event::Gone { conversation } => json!({ "gone": { "conversation": conversation } }),
        Event::Joined { room } => json!({ "joined": { "conversation": room.conversation } }),
        Event::Left { conversation, reason } => {
            json!({ "left": { "conversation": conversation, "reason": reason } })
        }
        Event::NotSent { content, code, .. } => {
            json!({ "refused": { "content": content, "code": code } })
        }
        Event::Refused { request: Request::Join { room }, code, .. } => {
            json!({ "denied": { "do": "join", "room": room, "code": code } })
        }
        Event::Refused { request: Request::Leave { room }, code, .. } => {
            json!({ "denied": { "do": "leave", "room": room, "code": code } })
        }
        _ => return None,
    })
}

/// What somebody does to a message.
fn change(step: &Value) -> Change {
    match step["do"].as_str().unwrap() {
        "delete" => Change::Delete,
        "pin" => Change::Pin { on: step["on"] != false },
        "react" => Change::React { key: text(step, "key"), on: step["on"] != false },
        _ => Change::Edit {
            content: step["content"].as_str().map(str::to_owned),
            mentions: step.get("mentions").map(|it| serde_json::from_value(it.clone()).unwrap()),
            mentions_everyone: step["mentions_everyone"].as_bool(),
            data: step.get("data").map(|it| it.as_object().cloned()),
        },
    }
}

fn shown(message: MessageView) -> Value {
    let is_text = message.body.content().is_some();
    let view = serde_json::to_value(message).unwrap();
    if is_text { json!({ "shown": view }) } else { json!({ "notice": view }) }
}

fn conversation_of(event: &Value) -> String {
    let told = event.as_object().unwrap().values().next().unwrap();
    told["conversation"].as_str().unwrap_or_default().to_owned()
}

fn target(conversation: &str) -> Target {
    match conversation.split(':').collect::<Vec<_>>()[..] {
        ["dm", one, other] => Target::Person(if one == "alice" { other } else { one }.to_owned()),
        ["room", room] => Target::Room(room.to_owned()),
        _ => {
            assert_eq!(conversation, ids::LOBBY);
            Target::Everybody
        }
    }
}

fn text(step: &Value, field: &str) -> String {
    step[field].as_str().unwrap().to_owned()
}

fn is(found: &Value, expected: &Value) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("expected {expected}, found {found}")) }
}
