//! The state of a client and what moves it.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uuid::Uuid;

use super::asks::{Asks, Wish, is_read};
use super::catching_up::CatchingUp;
use super::event::Event;
use super::log::Log;
use super::outbox::{Address, Outbox, Unsent, is_sendable};
use super::progress::{Mark, Progress};
use super::pulse::Pulse;

/// How often others are shown that one is typing.
const TYPING: Duration = Duration::from_secs(3);

/// A client of one user.
#[derive(Debug)]
pub(crate) struct Session {
    pub(super) me: String,
    pub(super) history: usize,
    pub(super) logs: BTreeMap<String, Log>,
    pub(super) outbox: Outbox,
    pub(super) asks: Asks,
    pub(super) catching_up: CatchingUp,
    pub(super) progress: BTreeMap<String, Progress>,
    pub(super) pulse: Option<Pulse>,
    typing: Option<Instant>,
    /// When the connection was made, by the server's clock.
    pub(super) since: Option<String>,
    frames: Vec<Value>,
    pub(super) events: VecDeque<Event>,
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
            since: None,
            frames: Vec::new(),
            events: VecDeque::new(),
        }
    }

    /// A connection stands: what was missed is asked for, what has no ack is sent again.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.pulse = Some(Pulse::new(now));
        self.since = None;
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
        if !is_sendable(content) {
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
        if wish.is_sendable() {
            self.asks.put(wish);
            return;
        }
        let (code, reason) = ("too_large".to_owned(), "that is far too long for a name".to_owned());
        self.events.push_back(Event::NotGranted { wish, code, reason });
    }

    /// Takes part in a conversation of which everything after `seq` waits.
    pub(crate) fn catch_up(&mut self, conversation: &str, seq: u64) {
        let log = self.logs.entry(conversation.to_owned());
        log.or_insert_with(|| Log::starting_at(seq + 1));
        self.catching_up.want(conversation);
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
}
