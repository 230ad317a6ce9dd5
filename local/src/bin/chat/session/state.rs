//! The state of a client and what moves it.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uuid::Uuid;

use super::asks::{Asks, Wish};
use super::catching_up::CatchingUp;
use super::event::Event;
use super::log::Log;
use super::outbox::{Address, Outbox, Unsent};
use super::progress::{Mark, Progress};
use super::pulse::Pulse;
use super::repeat::SOON;
use crate::frames::{Ack, Frame, Message, Refusal, Room, Status, Synced};

/// How long a text may be in JSON: a longer one would not fit into a frame of 32 KB, and the server
/// would close the connection.
const TEXT: usize = 31 * 1024;
/// How often others are shown that one is typing.
const TYPING: Duration = Duration::from_secs(3);

/// A client of one user.
#[derive(Debug)]
pub(crate) struct Session {
    me: String,
    history: usize,
    logs: BTreeMap<String, Log>,
    outbox: Outbox,
    asks: Asks,
    catching_up: CatchingUp,
    progress: BTreeMap<String, Progress>,
    pulse: Option<Pulse>,
    typing: Option<Instant>,
    frames: Vec<Value>,
    events: VecDeque<Event>,
}

impl Session {
    /// A client that shows the last `history` messages of a conversation it opens.
    pub(crate) fn new(me: &str, history: usize) -> Self {
        Self {
            me: me.to_owned(),
            history,
            logs: BTreeMap::new(),
            outbox: Outbox::default(),
            asks: Asks::default(),
            catching_up: CatchingUp::default(),
            progress: BTreeMap::new(),
            pulse: None,
            typing: None,
            frames: Vec::new(),
            events: VecDeque::new(),
        }
    }

    /// A connection stands: what was missed is asked for, what has no ack is sent again.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.pulse = Some(Pulse::new(now));
        self.frames.clear();
        self.outbox.begin();
        self.asks.begin();
        self.catching_up.begin();
        for (conversation, _) in self.logs.iter().filter(|(_, log)| log.is_open()) {
            self.catching_up.want(conversation);
        }
    }

    /// The connection has ended.
    pub(crate) fn end(&mut self) {
        self.pulse = None;
    }

    /// Whether a connection stands.
    pub(crate) fn is_connected(&self) -> bool {
        self.pulse.is_some()
    }

    /// Says something, as soon as everything said there before has its ack.
    pub(crate) fn say(&mut self, conversation: &str, address: &Address, content: &str) {
        if json!(content).to_string().len() > TEXT {
            let reason = "it is far too long".to_owned();
            self.events.push_back(Event::NotSaid { content: content.to_owned(), reason });
            return;
        }
        let unsent = Unsent { id: Uuid::now_v7().to_string(), content: content.to_owned() };
        self.outbox.put(conversation, address, unsent);
    }

    /// How many messages have no ack yet.
    pub(crate) fn unsent(&self) -> usize {
        self.outbox.waiting(None)
    }

    /// Opens the conversation with somebody; it says when that is done.
    pub(crate) fn open(&mut self, conversation: &str, with: &str) {
        if self.logs.get(conversation).is_some_and(Log::is_open) {
            let conversation = conversation.to_owned();
            self.events.push_back(Event::Opened { conversation });
            return;
        }
        self.logs.entry(conversation.to_owned()).or_default();
        let (conversation, with) = (conversation.to_owned(), with.to_owned());
        self.asks.put(Wish::Open { conversation, with, limit: self.history.clamp(1, 100) });
    }

    /// Asks for something; an event tells what became of it.
    pub(crate) fn wish(&mut self, wish: Wish) {
        self.asks.put(wish);
    }

    /// Everything up to `seq` has been read, and whatever was read before it too.
    pub(crate) fn read(&mut self, conversation: &str, seq: u64) {
        self.asks.fulfil(|wish| is_read(wish, conversation, seq));
        self.asks.put(Wish::Read { conversation: conversation.to_owned(), seq });
    }

    /// Shows others that one is typing, now and then.
    pub(crate) fn type_to(&mut self, address: &Address, now: Instant) {
        let is_fresh = self.typing.is_some_and(|at| now - at < TYPING);
        if is_fresh || !self.is_connected() {
            return;
        }
        self.typing = Some(now);
        match address {
            Address::Person(to) => self.frames.push(json!({ "action": "typing", "to": to })),
            Address::Room(room) => self.frames.push(json!({ "action": "typing", "room": room })),
            Address::Everybody => {}
        }
    }

    /// How far one's last message in a conversation got, if there is one.
    pub(crate) fn mark(&self, conversation: &str) -> Option<Mark> {
        if self.outbox.waiting(Some(conversation)) > 0 {
            return Some(Mark::Sending);
        }
        let progress = self.progress.get(conversation)?;
        let last = progress.last?;
        Some(Mark::Got(progress.status(last)))
    }

    /// The first number of a conversation that was to be shown.
    pub(crate) fn start(&self, conversation: &str) -> Option<u64> {
        self.logs.get(conversation)?.start()
    }

    /// Does what is due; false when the connection counts as lost.
    pub(crate) fn keep(&mut self, now: Instant) -> bool {
        let Some(pulse) = &mut self.pulse else { return true };
        let mut frames = self.outbox.due(now);
        frames.extend(self.asks.due(now));
        let watermark = |conversation: &str| self.logs.get(conversation).map(Log::watermark);
        frames.extend(self.catching_up.due(now, watermark));
        if pulse.is_quiet(now) {
            frames.push(json!({ "action": "ping" }));
        }
        if !frames.is_empty() {
            pulse.expect(now);
        }
        self.frames.append(&mut frames);
        !pulse.is_lost(now)
    }

    /// The frames to be sent.
    pub(crate) fn frames(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.frames)
    }

    /// The next thing to be shown.
    pub(crate) fn event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Takes a frame of the server.
    pub(crate) fn take(&mut self, frame: Frame, now: Instant) {
        if let Some(pulse) = &mut self.pulse {
            pulse.hear(now);
        }
        match frame {
            Frame::Ack(ack) => self.acknowledged(ack),
            Frame::Message(message) => self.pushed(message),
            Frame::History { conversation, messages } => self.paged(&conversation, messages),
            Frame::Synced { conversations } => self.synced(conversations, now),
            Frame::Receipt { conversation, user, delivered, read } => {
                self.receipt(&conversation, &user, delivered, read);
            }
            Frame::Typing { user, conversation } => {
                self.events.push_back(Event::Typing { conversation, user });
            }
            Frame::Presence { user, status } => {
                self.events.push_back(Event::Presence { user, status });
            }
            Frame::Joined { room, conversation, messages } => {
                self.joined(room, &conversation, messages);
            }
            Frame::Left { conversation, reason } => self.left(conversation, reason),
            Frame::Error(refusal) => self.refused(refusal, now),
            Frame::Failure => {
                self.outbox.suspect(now);
                self.asks.suspect(now);
                self.catching_up.suspect(now);
            }
            Frame::Other => {}
        }
    }

    fn acknowledged(&mut self, ack: Ack) {
        let Some((_, address, unsent)) = self.outbox.settle(&ack.id) else { return };
        let progress = self.progress.entry(ack.conversation.clone()).or_default();
        progress.last = progress.last.max(Some(ack.seq));
        if ack.delivered {
            progress.delivered = progress.delivered.max(ack.seq);
        }
        let status = Some(progress.status(ack.seq));
        let (to, room) = match address {
            Address::Person(to) => (Some(to), None),
            Address::Room(room) => (None, Some(room)),
            Address::Everybody => (None, None),
        };
        self.pushed(Message {
            id: ack.id,
            conversation: ack.conversation,
            seq: ack.seq,
            kind: "message".into(),
            from: self.me.clone(),
            about: None,
            to,
            room,
            content: unsent.content,
            timestamp: ack.timestamp,
            status,
        });
    }

    fn pushed(&mut self, message: Message) {
        let message = self.recognised(message);
        let (conversation, seq) = (message.conversation.clone(), message.seq);
        let log = self.logs.entry(conversation.clone()).or_insert_with(|| Log::starting_at(seq));
        let shown = log.push(message);
        self.show(&conversation, shown);
    }

    fn paged(&mut self, conversation: &str, messages: Vec<Message>) {
        let messages = messages.into_iter().map(|message| self.recognised(message)).collect();
        let Some(log) = self.logs.get_mut(conversation) else { return };
        let is_asked =
            |wish: &Wish| matches!(wish, Wish::Open { conversation: it, .. } if it == conversation);
        let opens = self.asks.fulfil(is_asked);
        let shown = if opens { log.open(messages, self.history) } else { log.fill(messages) };
        self.show(conversation, shown);
        if opens {
            let conversation = conversation.to_owned();
            self.events.push_back(Event::Opened { conversation });
        }
    }

    /// The message, marked as one's own if it is on its way from here: the server may show it before
    /// it acknowledges it, or the ack was lost.
    fn recognised(&self, message: Message) -> Message {
        let is_own = message.from == self.me && self.outbox.has_sent(&message.id);
        let status = message.status.or(is_own.then_some(Status::Sent));
        Message { status, ..message }
    }

    /// Shows what is next in a conversation, and asks for what is missing behind it.
    fn show(&mut self, conversation: &str, messages: Vec<Message>) {
        self.events.extend(messages.into_iter().map(Event::Said));
        if self.logs.get(conversation).is_some_and(Log::has_gap) {
            self.catching_up.want(conversation);
        }
    }

    fn synced(&mut self, conversations: BTreeMap<String, Synced>, now: Instant) {
        self.catching_up.answer(now);
        for (conversation, synced) in conversations {
            if let Some(reason) = synced.error {
                self.left(conversation, Some(reason));
                continue;
            }
            let Some(log) = self.logs.get_mut(&conversation) else { continue };
            let shown = log.synced(synced.upto, synced.complete);
            if synced.more || log.watermark() < synced.upto {
                self.catching_up.want(&conversation);
            } else {
                self.catching_up.has(&conversation);
            }
            if !synced.complete {
                let conversation = conversation.clone();
                self.events.push_back(Event::Gone { conversation });
            }
            self.show(&conversation, shown);
        }
    }

    fn receipt(
        &mut self,
        conversation: &str,
        user: &str,
        delivered: Option<u64>,
        read: Option<u64>,
    ) {
        if user == self.me {
            let upto = read.unwrap_or(0);
            self.asks.fulfil(|wish| is_read(wish, conversation, upto));
            return;
        }
        let progress = self.progress.entry(conversation.to_owned()).or_default();
        progress.delivered = progress.delivered.max(delivered.or(read).unwrap_or(0));
        progress.read = progress.read.max(read.unwrap_or(0));
    }

    fn joined(&mut self, room: Room, conversation: &str, messages: Vec<Message>) {
        let is_asked =
            |wish: &Wish| matches!(wish, Wish::Join { room: asked } if is_called(&room, asked));
        let asked = self.asks.fulfil(is_asked);
        let log = self.logs.entry(conversation.to_owned()).or_default();
        let shown = log.open(messages, self.history);
        if asked {
            let (conversation, topic) = (conversation.to_owned(), room.topic);
            let joined = Event::Joined { id: room.id, name: room.name, topic, conversation };
            self.events.push_back(joined);
        }
        self.show(conversation, shown);
        if asked {
            let conversation = conversation.to_owned();
            self.events.push_back(Event::Opened { conversation });
        }
    }

    fn left(&mut self, conversation: String, reason: Option<String>) {
        let is_left = |wish: &Wish| match wish {
            Wish::Leave { room } => conversation.strip_prefix("room:") == Some(room),
            Wish::Read { conversation: it, .. } => *it == conversation,
            Wish::Open { .. } | Wish::Join { .. } => false,
        };
        self.asks.fulfil(is_left);
        if self.logs.remove(&conversation).is_some() {
            self.events.push_back(Event::Left { conversation, reason });
        }
    }

    fn refused(&mut self, refusal: Refusal, now: Instant) {
        let Refusal { code, message: reason, id, retry_after_ms } = refusal;
        let id = id.unwrap_or_default();
        // Whoever hurries is told how long to wait; whose token is over connects with another.
        let pause = match (code.as_str(), retry_after_ms) {
            (_, Some(pause)) => Some(Duration::from_millis(pause)),
            ("rate_limited" | "unauthorized", None) => Some(SOON),
            _ => None,
        };
        if let Some(pause) = pause {
            let is_known =
                self.outbox.put_off(&id, now, pause) || self.asks.put_off(&id, now, pause);
            if !is_known {
                self.catching_up.put_off(now, pause);
            }
        } else if let Some((_, _, unsent)) = self.outbox.settle(&id) {
            self.events.push_back(Event::NotSaid { content: unsent.content, reason });
        } else if let Some(wish) = self.asks.refuse(&id) {
            self.events.push_back(Event::NotGranted { wish, code, reason });
        } else {
            self.events.push_back(Event::Complaint { reason });
        }
    }
}

fn is_read(wish: &Wish, conversation: &str, upto: u64) -> bool {
    matches!(wish, Wish::Read { conversation: it, seq } if it == conversation && *seq <= upto)
}

/// Whether a room is meant by `asked`: names are the same whatever their case and the blanks around
/// them.
fn is_called(room: &Room, asked: &str) -> bool {
    room.id == asked || room.name.to_lowercase() == asked.trim().to_lowercase()
}
