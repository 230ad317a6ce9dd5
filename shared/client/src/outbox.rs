//! What is sent and not yet acknowledged: one message in flight in each conversation, the same id until
//! the ack comes.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use fastrand::Rng;
use protocol::{
    BroadcastRequest, ClientFrame, DeleteRequest, EditRequest, PinRequest, ReactRequest,
    SendRequest, Seq,
};
use serde_json::{Map, Value};

use crate::repeat::Repeat;

/// How long a text may be in JSON: a longer one would not fit into a frame of 32 KB, and the server
/// would close the connection.
const TEXT: usize = 31 * 1024;

/// Whether a text fits into a frame.
pub(crate) fn is_sendable(text: &str) -> bool {
    serde_json::to_string(text).is_ok_and(|text| text.len() <= TEXT)
}

/// A frame to be sent, with the `id` that its answer will have.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The frame.
    pub frame: ClientFrame,
    /// Its `id`, if it is answered.
    pub id: Option<String>,
}

impl Outgoing {
    /// The frame as it is sent.
    pub fn encode(&self) -> String {
        self.frame.encode(self.id.as_deref())
    }
}

/// Whom a message is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One person, by id.
    Person(String),
    /// Everybody in a room, by its id.
    Room(String),
    /// Everybody who is online.
    Everybody,
}

/// A message that is to be sent.
#[derive(Clone, Debug, Default)]
pub struct NewMessage {
    /// Its id: a UUIDv7 serves best, see [`protocol::ids::message`].
    pub id: String,
    /// What is said.
    pub content: String,
    /// The number of the message that it answers.
    pub reply_to: Option<Seq>,
    /// Whom it calls.
    pub mentions: Vec<String>,
    /// Whether it calls everybody.
    pub mentions_everyone: bool,
    /// What the user's program keeps with it.
    pub data: Option<Map<String, Value>>,
}

impl NewMessage {
    /// A message that says this, and no more.
    pub fn text(id: impl Into<String>, content: impl Into<String>) -> Self {
        Self { id: id.into(), content: content.into(), ..Self::default() }
    }
}

/// What is to become of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// Its id, as a message has one.
    pub id: String,
    /// The number of the message.
    pub seq: Seq,
    /// What.
    pub change: Change,
}

/// What somebody does to a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// It says something else; what is not given stays as it is.
    Edit {
        /// What.
        content: Option<String>,
        /// Whom it calls.
        mentions: Option<Vec<String>>,
        /// Whether it calls everybody.
        mentions_everyone: Option<bool>,
        /// What the user's program keeps with it.
        data: Option<Option<Map<String, Value>>>,
    },
    /// It is deleted.
    Delete,
    /// One reacts to it, or does not any more.
    React {
        /// With what.
        key: String,
        /// Whether one does.
        on: bool,
    },
    /// It is pinned, or not any more.
    Pin {
        /// Whether it is to be.
        on: bool,
    },
}

impl Change {
    /// Another text.
    pub fn text(content: impl Into<String>) -> Self {
        let content = Some(content.into());
        Self::Edit { content, mentions: None, mentions_everyone: None, data: None }
    }
}

/// What is to be an entry of a log.
#[derive(Clone, Debug)]
pub(crate) enum NewEntry {
    /// Something is said.
    Said(Target, NewMessage),
    /// Something becomes of what was said.
    Event(NewEvent),
}

impl NewEntry {
    fn id(&self) -> &str {
        match self {
            Self::Said(_, NewMessage { id, .. }) | Self::Event(NewEvent { id, .. }) => id,
        }
    }
}

/// The entries of one conversation, the first of them in flight.
#[derive(Debug)]
struct Lane {
    conversation: String,
    queue: VecDeque<NewEntry>,
    repeat: Repeat,
}

/// Everything that waits for its ack.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    lanes: Vec<Lane>,
}

impl Outbox {
    /// Takes something to be said or done.
    pub(crate) fn put(&mut self, conversation: &str, entry: NewEntry) {
        if let Some(lane) = self.lane(conversation) {
            lane.queue.push_back(entry);
            return;
        }
        let (conversation, queue) = (conversation.to_owned(), VecDeque::from([entry]));
        self.lanes.push(Lane { conversation, queue, repeat: Repeat::default() });
    }

    /// How many entries have no ack yet, here or anywhere.
    pub(crate) fn waiting(&self, conversation: Option<&str>) -> usize {
        let lanes = self.lanes.iter();
        let lanes = lanes.filter(|lane| conversation.is_none_or(|it| lane.conversation == it));
        lanes.map(|lane| lane.queue.len()).sum()
    }

    /// Whether `id` is in flight.
    pub(crate) fn has_sent(&self, id: &str) -> bool {
        self.index_of(id).is_some()
    }

    /// The frames that are due.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<Outgoing> {
        let mut frames = Vec::new();
        for lane in &mut self.lanes {
            let Some(first) = lane.queue.front() else { continue };
            if lane.repeat.is_due(now) {
                lane.repeat.ask(now);
                frames.push(frame(&lane.conversation, first));
            }
        }
        frames
    }

    /// A new connection: whatever is first is sent at once.
    pub(crate) fn begin(&mut self) {
        for lane in &mut self.lanes {
            lane.repeat = Repeat::default();
        }
    }

    /// Something failed, and nobody knows what: repeats come soon.
    pub(crate) fn suspect(&mut self, now: Instant, random: &mut Rng) {
        for lane in &mut self.lanes {
            lane.repeat.suspect(now, random);
        }
    }

    /// `id` is acknowledged or refused; what it was, unless it is known to be.
    pub(crate) fn settle(&mut self, id: &str) -> Option<NewEntry> {
        let index = self.index_of(id)?;
        let lane = &mut self.lanes[index];
        let settled = lane.queue.pop_front()?;
        lane.repeat = Repeat::default();
        if lane.queue.is_empty() {
            self.lanes.remove(index);
        }
        Some(settled)
    }

    /// The same, with the conversation that it was for.
    pub(crate) fn settle_of(&mut self, id: &str) -> Option<(String, NewEntry)> {
        let conversation = self.lanes[self.index_of(id)?].conversation.clone();
        self.settle(id).map(|entry| (conversation, entry))
    }

    /// `id` is to be sent again, but not before `pause` is over; whether it waits here.
    pub(crate) fn put_off(&mut self, id: &str, now: Instant, pause: Duration) -> bool {
        let index = self.index_of(id);
        if let Some(index) = index {
            self.lanes[index].repeat.put_off(now, pause);
        }
        index.is_some()
    }

    fn index_of(&self, id: &str) -> Option<usize> {
        self.lanes.iter().position(|lane| lane.queue.front().is_some_and(|first| first.id() == id))
    }

    fn lane(&mut self, conversation: &str) -> Option<&mut Lane> {
        self.lanes.iter_mut().find(|lane| lane.conversation == conversation)
    }
}

fn frame(conversation: &str, entry: &NewEntry) -> Outgoing {
    let (frame, id) = match entry.clone() {
        NewEntry::Said(target, message) => said(target, message),
        NewEntry::Event(event) => changed(conversation, event),
    };
    Outgoing { frame, id: Some(id) }
}

fn said(target: Target, message: NewMessage) -> (ClientFrame, String) {
    let NewMessage { id, content, reply_to, mentions, mentions_everyone, data } = message;
    let (to, room) = match target {
        Target::Person(to) => (Some(to), None),
        Target::Room(room) => (None, Some(room)),
        Target::Everybody => {
            let request = BroadcastRequest { content, reply_to, mentions, mentions_everyone, data };
            return (ClientFrame::Broadcast(request), id);
        }
    };
    let request = SendRequest { to, room, content, reply_to, mentions, mentions_everyone, data };
    (ClientFrame::Message(request), id)
}

fn changed(conversation: &str, event: NewEvent) -> (ClientFrame, String) {
    let NewEvent { id, seq, change } = event;
    let conversation = conversation.to_owned();
    let frame = match change {
        Change::Edit { content, mentions, mentions_everyone, data } => {
            let place =
                EditRequest { conversation, seq, content, mentions, mentions_everyone, data };
            ClientFrame::Edit(place)
        }
        Change::Delete => ClientFrame::Delete(DeleteRequest { conversation, seq }),
        Change::React { key, on } => {
            ClientFrame::React(ReactRequest { conversation, seq, key, on })
        }
        Change::Pin { on } => ClientFrame::Pin(PinRequest { conversation, seq, on }),
    };
    (frame, id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str) -> NewMessage {
        NewMessage::text(id, "hello")
    }

    fn ids(frames: &[Outgoing]) -> Vec<&str> {
        frames.iter().filter_map(|frame| frame.id.as_deref()).collect()
    }

    fn outbox() -> Outbox {
        let (bob, room) = (Target::Person("bob".into()), Target::Room("r".into()));
        let mut outbox = Outbox::default();
        outbox.put("dm:alice:bob", NewEntry::Said(bob.clone(), message("1")));
        outbox.put("dm:alice:bob", NewEntry::Said(bob, message("2")));
        outbox.put("room:r", NewEntry::Said(room, message("3")));
        outbox
    }

    #[test]
    fn one_send_is_in_flight_in_each_conversation() {
        let (mut outbox, now) = (outbox(), Instant::now());
        assert_eq!(ids(&outbox.due(now)), ["1", "3"]);
        assert!(outbox.due(now).is_empty());
        assert!(outbox.settle("2").is_none());
        assert!(outbox.settle("1").is_some() && outbox.settle("1").is_none());
        assert_eq!(ids(&outbox.due(now)), ["2"]);
        assert_eq!((outbox.waiting(None), outbox.waiting(Some("room:r"))), (2, 1));
    }

    #[test]
    fn what_is_not_acknowledged_is_repeated_under_its_id_ever_more_patiently() {
        let (mut outbox, mut now) = (outbox(), Instant::now());
        outbox.due(now);
        let mut waited = Vec::new();
        for _ in 0..4 {
            let since = now;
            while outbox.due(now).is_empty() {
                now += Duration::from_millis(100);
            }
            waited.push(now - since);
        }
        assert!(waited.is_sorted() && waited[0] < waited[3], "{waited:?}");
    }

    #[test]
    fn a_new_connection_repeats_at_once_and_a_hurried_server_is_given_time() {
        let (mut outbox, now) = (outbox(), Instant::now());
        outbox.due(now);
        outbox.begin();
        assert_eq!(ids(&outbox.due(now)), ["1", "3"]);
        let pause = Duration::from_secs(20);
        assert!(outbox.put_off("1", now, pause) && !outbox.put_off("2", now, pause));
        assert_eq!(ids(&outbox.due(now + Duration::from_secs(19))), ["3"]);
        assert!(ids(&outbox.due(now + pause)).contains(&"1"));
    }
}
