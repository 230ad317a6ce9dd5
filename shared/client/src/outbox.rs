//! What is sent and not yet acknowledged: one message in flight in each conversation, the same id until
//! the ack comes.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use fastrand::Rng;
use protocol::{BroadcastRequest, ClientFrame, SendRequest};

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
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Its id: a UUIDv7 serves best, see [`protocol::ids::message`].
    pub id: String,
    /// What is said.
    pub content: String,
}

/// The messages of one conversation, the first of them in flight.
#[derive(Debug)]
struct Lane {
    conversation: String,
    target: Target,
    queue: VecDeque<NewMessage>,
    repeat: Repeat,
}

/// Everything that waits for its ack.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    lanes: Vec<Lane>,
}

impl Outbox {
    /// Takes something to be said.
    pub(crate) fn put(&mut self, conversation: &str, target: &Target, message: NewMessage) {
        if let Some(lane) = self.lane(conversation) {
            lane.queue.push_back(message);
            return;
        }
        let (conversation, target) = (conversation.to_owned(), target.clone());
        let queue = VecDeque::from([message]);
        self.lanes.push(Lane { conversation, target, queue, repeat: Repeat::default() });
    }

    /// How many messages have no ack yet, here or anywhere.
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
                frames.push(frame(&lane.target, first));
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
    pub(crate) fn settle(&mut self, id: &str) -> Option<(Target, NewMessage)> {
        let index = self.index_of(id)?;
        let lane = &mut self.lanes[index];
        let message = lane.queue.pop_front()?;
        lane.repeat = Repeat::default();
        let settled = (lane.target.clone(), message);
        if lane.queue.is_empty() {
            self.lanes.remove(index);
        }
        Some(settled)
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
        self.lanes.iter().position(|lane| lane.queue.front().is_some_and(|first| first.id == id))
    }

    fn lane(&mut self, conversation: &str) -> Option<&mut Lane> {
        self.lanes.iter_mut().find(|lane| lane.conversation == conversation)
    }
}

fn frame(target: &Target, message: &NewMessage) -> Outgoing {
    let NewMessage { id, content } = message.clone();
    let frame = match target.clone() {
        Target::Person(to) => {
            ClientFrame::Message(SendRequest { to: Some(to), room: None, content })
        }
        Target::Room(room) => {
            ClientFrame::Message(SendRequest { to: None, room: Some(room), content })
        }
        Target::Everybody => ClientFrame::Broadcast(BroadcastRequest { content }),
    };
    Outgoing { frame, id: Some(id) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str) -> NewMessage {
        NewMessage { id: id.into(), content: "hello".into() }
    }

    fn ids(frames: &[Outgoing]) -> Vec<&str> {
        frames.iter().filter_map(|frame| frame.id.as_deref()).collect()
    }

    fn outbox() -> Outbox {
        let (bob, room) = (Target::Person("bob".into()), Target::Room("r".into()));
        let mut outbox = Outbox::default();
        outbox.put("dm:alice:bob", &bob, message("1"));
        outbox.put("dm:alice:bob", &bob, message("2"));
        outbox.put("room:r", &room, message("3"));
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
