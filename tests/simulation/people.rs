//! What all simulated people have in common: a name, a device, habits, and a world to live in.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::gateway::{EPOCH, SimulatedGateway, Socket};
use crate::record::{ASKED, Place, Record, What, pushed, says_more_waits, seen, skipped_before};
use crate::sabotage::Sabotage;

/// How the world is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Things go wrong, and people chat.
    Faults,
    /// Nothing goes wrong any more; people finish what they began.
    Calm,
}

/// A person at one device.
pub(crate) struct Device {
    pub(crate) user: String,
    pub(crate) number: usize,
    pub(crate) gateway: SimulatedGateway,
    pub(crate) record: Record,
    pub(crate) phase: watch::Receiver<Phase>,
    pub(crate) rng: Rng,
    /// The conversations this person has a part in.
    pub(crate) conversations: Vec<String>,
    /// Those that this person has a part in at all.
    pub(crate) hears: Vec<String>,
    /// How many messages are still to be sent.
    pub(crate) to_say: u32,
    /// What is broken, if something is.
    pub(crate) sabotage: Arc<Sabotage>,
    /// What was last heard of what people said.
    pub(crate) heard: VecDeque<Place>,
}

/// How much of that somebody keeps in mind.
const IN_MIND: usize = 8;

impl Device {
    /// A device of somebody in a world, who has nothing to say yet.
    pub(crate) fn at(
        (user, number): (&str, usize),
        (gateway, record, sabotage): (&SimulatedGateway, &Record, &Arc<Sabotage>),
        phase: watch::Receiver<Phase>,
        rng: Rng,
    ) -> Self {
        Self {
            user: user.to_owned(),
            number,
            gateway: gateway.clone(),
            record: record.clone(),
            phase,
            rng,
            conversations: Vec::new(),
            hears: Vec::new(),
            to_say: 0,
            sabotage: Arc::clone(sabotage),
            heard: VecDeque::new(),
        }
    }

    pub(crate) fn note(&self, what: What) {
        self.record.note(&self.user, self.number, what);
    }

    pub(crate) fn is_calm(&self) -> bool {
        *self.phase.borrow() == Phase::Calm
    }

    /// Opens a connection, however often that takes.
    pub(crate) async fn connects(&mut self) -> Socket {
        loop {
            if let Some(socket) = self.gateway.connect(&self.user, self.number).await {
                return socket;
            }
            self.waits(2_000).await;
        }
    }

    /// Up to so many milliseconds go by, and a little more.
    pub(crate) async fn waits(&mut self, most: u64) {
        let moment = self.moment(most);
        tokio::time::sleep_until(moment).await;
    }

    /// The same, unless it becomes calm: then people come back soon.
    pub(crate) async fn stays_away(&mut self, most: u64) {
        let back = self.moment(most);
        let soon = Duration::from_millis(self.rng.u64(0..400));
        let calm = async {
            let calm = self.phase.wait_for(|phase| *phase == Phase::Calm).await;
            drop(calm.expect("the phases outlive the people"));
        };
        if tokio::time::timeout_at(back, calm).await.is_ok() {
            tokio::time::sleep(soon).await;
        }
    }

    /// When to do something, within so many milliseconds and a little more: people like the same
    /// moments, so that what they do meets.
    pub(crate) fn moment(&mut self, most: u64) -> Instant {
        const GRID: u64 = 1_000;
        let now = u64::try_from(self.record.now()).unwrap();
        let then = now + self.rng.u64(0..most);
        let close = if self.rng.bool() { 30 } else { 400 };
        let beat = then.next_multiple_of(GRID) + self.rng.u64(0..close);
        Instant::now() + Duration::from_millis(beat - now)
    }

    /// A conversation to say something in.
    pub(crate) fn picks(&mut self) -> String {
        // Half of what is said is said in the room, where most people meet.
        let room = self.rng.bool();
        let index = if room { 0 } else { self.rng.usize(0..self.conversations.len()) };
        self.conversations[index].clone()
    }

    /// An id for a message: mostly a UUIDv7, by a clock that may be wrong by seconds.
    pub(crate) fn fresh_id(&mut self) -> String {
        if self.rng.u8(0..5) == 0 {
            return format!("{}-{}-{}", self.user, self.number, self.rng.u32(..));
        }
        let now = EPOCH + i64::try_from(self.record.now()).unwrap() + self.rng.i64(-3_000..3_000);
        let mut random = [0; 10];
        self.rng.fill(&mut random);
        let now = u64::try_from(now).unwrap();
        uuid::Builder::from_unix_timestamp_millis(now, &random).into_uuid().to_string()
    }

    /// The frame that says something in `conversation`.
    pub(crate) fn frame(&self, conversation: &str, id: Option<&str>, content: &str) -> Value {
        let mut frame = json!({ "action": "message", "content": content });
        match conversation.split_once(':') {
            Some(("room", room)) => frame["room"] = room.into(),
            Some((_, pair)) => {
                let (first, second) = pair.split_once(':').expect("a pair");
                frame["to"] = if first == self.user { second } else { first }.into();
            }
            None => frame["action"] = "broadcast".into(),
        }
        if let Some(id) = id {
            frame["id"] = id.into();
        }
        frame
    }

    /// A frame that edits, deletes or reacts to something that was heard, whoever said it, and without an
    /// id: nobody knows what became of it unless the ack comes.
    pub(crate) fn changes(&mut self) -> Option<Value> {
        let (conversation, seq) = self.heard.get(self.rng.usize(0..IN_MIND))?.clone();
        let (action, content) = (self.rng.u8(0..4), format!("{} edits", self.user));
        Some(match action {
            0 => json!({
                "action": "edit", "conversation": conversation, "seq": seq, "content": content,
            }),
            1 => json!({ "action": "delete", "conversation": conversation, "seq": seq }),
            _ => json!({
                "action": "react", "conversation": conversation, "seq": seq, "key": "+1",
                "on": action == 2,
            }),
        })
    }

    /// A frame that asks for the end of a conversation.
    pub(crate) fn asks_for_a_page(&mut self) -> Value {
        let conversation = self.picks();
        let mut frame = self.frame(&conversation, None, "");
        frame["action"] = "history".into();
        if let Some(with) = frame.get("to").cloned() {
            frame["with"] = with;
        }
        if let Some(fields) = frame.as_object_mut() {
            fields.retain(|name, _| ["action", "with", "room"].contains(&name.as_str()));
        }
        frame
    }

    /// Notes every message that a frame shows, an ack, a welcome.
    pub(crate) fn notes(&mut self, frame: &Value, connection: &str) {
        let connection = connection.to_owned();
        if says_more_waits(frame) {
            self.note(What::Told);
        }
        if let Some(place) = skipped_before(frame) {
            self.note(What::Skipped { connection: connection.clone(), place });
        }
        let unasked = pushed(frame).into_iter().filter(|_| frame.get(ASKED).is_none());
        for message in unasked {
            let place = (message.conversation, message.seq);
            self.note(What::Pushed { connection: connection.clone(), place });
        }
        if frame["type"] == "welcome" {
            self.note(What::Welcome { connection: connection.clone() });
        }
        let pages = frame["messages"].as_array().into_iter().flatten();
        let one = (frame["type"] == "message").then_some(frame);
        for view in pages.chain(one) {
            let Some(message) = seen(view) else { continue };
            self.note(What::Came {
                connection: connection.clone(),
                place: (message.conversation.clone(), message.seq),
                revised: view["revised"].as_u64().unwrap_or_default(),
            });
            if message.kind == "message" {
                self.heard.push_front((message.conversation.clone(), message.seq));
                self.heard.truncate(IN_MIND);
            }
            self.note(What::Received(message));
        }
        if frame["type"] == "ack" && frame["of"].is_u64() && frame["of"] == frame["seq"] {
            // It is so already.
            let id = frame["id"].as_str().unwrap_or_default().to_owned();
            self.note(What::Refused { id });
        } else if frame["type"] == "ack" {
            let conversation = frame["conversation"].as_str().unwrap_or_default().to_owned();
            let seq = frame["seq"].as_u64().unwrap_or_default();
            if frame["of"].is_u64() {
                // One's own events come by their acks.
                let place = (conversation.clone(), seq);
                self.note(What::Came { connection, place, revised: 0 });
            }
            self.note(What::Acked {
                conversation,
                id: frame["id"].as_str().unwrap_or_default().to_owned(),
                seq,
                duplicate: frame["duplicate"] == true,
            });
        }
    }
}
