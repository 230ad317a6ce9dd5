//! What is said and not yet acknowledged: one send in flight in each conversation, the same id until
//! the ack comes.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::repeat::Repeat;

/// How long a text may be in JSON: a longer one would not fit into a frame of 32 KB, and the server
/// would close the connection.
const TEXT: usize = 31 * 1024;

/// Whether a text fits into a frame.
pub(super) fn is_sendable(text: &str) -> bool {
    json!(text).to_string().len() <= TEXT
}

/// Whom something is said to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// One person, by id.
    Person(String),
    /// Everybody in a room, by its id.
    Room(String),
    /// Everybody who is online.
    Everybody,
}

/// Something said.
#[derive(Clone, Debug)]
pub(crate) struct Unsent {
    pub(crate) id: String,
    pub(crate) content: String,
}

/// The sends of one conversation, the first of them in flight.
#[derive(Debug)]
struct Lane {
    conversation: String,
    address: Address,
    queue: VecDeque<Unsent>,
    repeat: Repeat,
}

/// Everything that waits for its ack.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    lanes: Vec<Lane>,
}

impl Outbox {
    /// Takes something to be said.
    pub(crate) fn put(&mut self, conversation: &str, address: &Address, unsent: Unsent) {
        if let Some(lane) = self.lane(conversation) {
            lane.queue.push_back(unsent);
            return;
        }
        let (conversation, address) = (conversation.to_owned(), address.clone());
        let queue = VecDeque::from([unsent]);
        self.lanes.push(Lane { conversation, address, queue, repeat: Repeat::default() });
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
    pub(crate) fn due(&mut self, now: Instant) -> Vec<Value> {
        let mut frames = Vec::new();
        for lane in &mut self.lanes {
            let Some(first) = lane.queue.front() else { continue };
            if lane.repeat.is_due(now) {
                lane.repeat.ask(now);
                frames.push(frame(&lane.address, first));
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
    pub(crate) fn suspect(&mut self, now: Instant) {
        for lane in &mut self.lanes {
            lane.repeat.suspect(now);
        }
    }

    /// `id` is acknowledged or refused; what it was, unless it is known to be.
    pub(crate) fn settle(&mut self, id: &str) -> Option<(String, Address, Unsent)> {
        let index = self.index_of(id)?;
        let lane = &mut self.lanes[index];
        let unsent = lane.queue.pop_front()?;
        lane.repeat = Repeat::default();
        let settled = (lane.conversation.clone(), lane.address.clone(), unsent);
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

fn frame(address: &Address, unsent: &Unsent) -> Value {
    let Unsent { id, content } = unsent;
    match address {
        Address::Person(to) => {
            json!({ "action": "message", "to": to, "content": content, "id": id })
        }
        Address::Room(room) => {
            json!({ "action": "message", "room": room, "content": content, "id": id })
        }
        Address::Everybody => json!({ "action": "broadcast", "content": content, "id": id }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unsent(id: &str) -> Unsent {
        Unsent { id: id.into(), content: "hello".into() }
    }

    fn ids(frames: &[Value]) -> Vec<&str> {
        frames.iter().filter_map(|frame| frame["id"].as_str()).collect()
    }

    fn outbox() -> Outbox {
        let (bob, room) = (Address::Person("bob".into()), Address::Room("r".into()));
        let mut outbox = Outbox::default();
        outbox.put("dm:alice:bob", &bob, unsent("1"));
        outbox.put("dm:alice:bob", &bob, unsent("2"));
        outbox.put("room:r", &room, unsent("3"));
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
