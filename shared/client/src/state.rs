//! The state of a client and what moves it.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use fastrand::Rng;
use protocol::{ClientFrame, ErrorCode, MessageView, Seq, Timestamp, TypingRequest};

use crate::event::Event;
use crate::heartbeat::Heartbeat;
use crate::log::Log;
use crate::outbox::{
    Change, NewEntry, NewEvent, NewMessage, Outbox, Outgoing, Target, is_sendable,
};
use crate::picture::Pictures;
use crate::progress::{Mark, Progress};
use crate::receiving::is_shown;
use crate::requests::{Request, Requests, is_read};
use crate::sync::Sync;

/// How long after a connection was made everything has been done that was under way then: API Gateway
/// gives an invocation 29 seconds
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>).
const UNDER_WAY: Duration = Duration::from_secs(30);
/// How often others are shown that one is typing.
const TYPING: Duration = Duration::from_secs(3);

/// A client of one user: everything that it keeps of conversations, requests and the connection.
#[derive(Debug)]
pub struct Client {
    pub(crate) me: String,
    pub(crate) history: usize,
    pub(crate) logs: BTreeMap<String, Log>,
    pub(crate) pictures: BTreeMap<String, Pictures>,
    pub(crate) outbox: Outbox,
    pub(crate) requests: Requests,
    pub(crate) sync: Sync,
    pub(crate) progress: BTreeMap<String, Progress>,
    pub(crate) heartbeat: Option<Heartbeat>,
    typing: Option<Instant>,
    /// When to ask once more for what was missed: another device's message that was under way when the
    /// connection was made is not pushed to it.
    asks_again: Option<Instant>,
    /// When the connection was made, by the server's clock.
    pub(crate) since: Option<Timestamp>,
    pub(crate) random: Rng,
    frames: Vec<Outgoing>,
    pub(crate) events: VecDeque<Event>,
}

impl Client {
    /// A client of the user `me` that shows the last `history` messages of a conversation it opens.
    pub fn new(me: &str, history: usize, random: Rng) -> Self {
        Self {
            me: me.to_owned(),
            history,
            logs: BTreeMap::new(),
            pictures: BTreeMap::new(),
            outbox: Outbox::default(),
            requests: Requests::default(),
            sync: Sync::default(),
            progress: BTreeMap::new(),
            heartbeat: None,
            typing: None,
            asks_again: None,
            since: None,
            random,
            frames: Vec::new(),
            events: VecDeque::new(),
        }
    }

    /// A connection stands: what was missed is asked for, what has no ack is sent again.
    pub fn begin(&mut self, now: Instant) {
        self.heartbeat = Some(Heartbeat::new(now));
        self.since = None;
        self.frames.clear();
        self.outbox.begin();
        self.requests.begin();
        self.sync.begin();
        self.asks_again = Some(now + UNDER_WAY);
        self.want_all();
    }

    fn want_all(&mut self) {
        for (conversation, log) in &self.logs {
            if !log.is_waiting() {
                self.sync.want(conversation);
            }
        }
    }

    /// The connection has ended.
    pub fn end(&mut self) {
        self.heartbeat = None;
    }

    /// Whether a connection stands.
    pub fn is_connected(&self) -> bool {
        self.heartbeat.is_some()
    }

    /// Sends a message, as soon as everything sent there before has its ack.
    pub fn send(&mut self, conversation: &str, target: &Target, message: NewMessage) {
        if is_sendable(&message.content) {
            return self.outbox.put(conversation, NewEntry::Said(target.clone(), message));
        }
        let NewMessage { id, content, .. } = message;
        let (code, reason) = (ErrorCode::TooLarge, "it is far too long".to_owned());
        self.events.push_back(Event::NotSent { id, content, code, reason });
    }

    /// Does something to a message, as soon as everything sent there before has its ack.
    pub fn change(&mut self, conversation: &str, event: NewEvent) {
        let is_too_long = match &event.change {
            Change::Edit { content: Some(content), .. } => !is_sendable(content),
            Change::React { key, .. } => !is_sendable(key),
            Change::Edit { .. } | Change::Delete | Change::Pin { .. } => false,
        };
        if !is_too_long {
            return self.outbox.put(conversation, NewEntry::Event(event));
        }
        let (code, reason) = (ErrorCode::TooLarge, "it is far too long".to_owned());
        let conversation = conversation.to_owned();
        self.events.push_back(Event::NotChanged { conversation, event, code, reason });
    }

    /// What a message looks like now, if it is here.
    pub fn picture(&self, conversation: &str, seq: Seq) -> Option<MessageView> {
        self.pictures.get(conversation)?.picture(seq, &self.me)
    }

    /// The numbers of the messages of a conversation that are here.
    pub fn numbers(&self, conversation: &str) -> Vec<Seq> {
        self.pictures.get(conversation).into_iter().flat_map(Pictures::numbers).collect()
    }

    /// What messages look like that somebody has looked up, without what is not shown; from now on it is
    /// told when they change.
    pub fn look(&mut self, conversation: &str, messages: Vec<MessageView>) -> Vec<MessageView> {
        let changed = self.draw(conversation, &messages, false);
        self.events.extend(changed);
        let pictures = self.pictures.entry(conversation.to_owned()).or_default();
        let shown = messages.into_iter().filter(is_shown);
        shown.map(|message| pictures.show(message, &self.me)).collect()
    }

    /// How many messages have no ack yet.
    pub fn unsent(&self) -> usize {
        self.outbox.waiting(None)
    }

    /// Opens the conversation with somebody; it says when that is done.
    pub fn open(&mut self, conversation: &str, with: &str) {
        if self.logs.get(conversation).is_some_and(Log::is_open) {
            let conversation = conversation.to_owned();
            self.events.push_back(Event::Opened { conversation });
            return;
        }
        self.logs.entry(conversation.to_owned()).or_default();
        let (conversation, with) = (conversation.to_owned(), with.to_owned());
        let limit = self.history.clamp(1, protocol::limits::HISTORY_PAGE);
        self.ask(Request::Open { conversation, with, limit });
    }

    /// Asks for something; an event tells what became of it.
    pub fn request(&mut self, request: Request) {
        if request.is_sendable() {
            return self.ask(request);
        }
        let (code, reason) = (ErrorCode::TooLarge, "that is far too long for a name".to_owned());
        self.events.push_back(Event::Refused { request, code, reason });
    }

    fn ask(&mut self, request: Request) {
        self.requests.put(request, &mut self.random);
    }

    /// Takes part in a conversation from its first message on, however long ago that was.
    pub fn follow(&mut self, conversation: &str) {
        self.logs.entry(conversation.to_owned()).or_insert_with(Log::whole);
        self.sync.want(conversation);
    }

    /// Takes part in a conversation of which everything after `seq` waits.
    pub fn catch_up(&mut self, conversation: &str, seq: Seq) {
        let log = self.logs.entry(conversation.to_owned());
        log.or_insert_with(|| Log::starting_at(seq + 1));
        self.sync.want(conversation);
    }

    /// Everything up to `seq` has been read, and whatever was read before it too.
    pub fn read(&mut self, conversation: &str, seq: Seq) {
        self.requests.drop_if(|request| is_read(request, conversation, seq));
        self.ask(Request::Read { conversation: conversation.to_owned(), seq });
    }

    /// Shows others that one is typing, now and then.
    pub fn type_to(&mut self, target: &Target, now: Instant) {
        let is_fresh = self.typing.is_some_and(|at| now - at < TYPING);
        if is_fresh || !self.is_connected() {
            return;
        }
        let (to, room) = match target.clone() {
            Target::Person(to) => (Some(to), None),
            Target::Room(room) => (None, Some(room)),
            Target::Everybody => return,
        };
        self.typing = Some(now);
        let frame = ClientFrame::Typing(TypingRequest { to, room, typing: true });
        self.frames.push(Outgoing { frame, id: None });
    }

    /// How far one's last message in a conversation got, if there is one.
    pub fn mark(&self, conversation: &str) -> Option<Mark> {
        if self.outbox.waiting(Some(conversation)) > 0 {
            return Some(Mark::Sending);
        }
        let progress = self.progress.get(conversation)?;
        let last = progress.last?;
        Some(Mark::Got(progress.status(last)))
    }

    /// The first number of a conversation that was to be shown.
    pub fn start(&self, conversation: &str) -> Option<Seq> {
        self.logs.get(conversation)?.start()
    }

    /// Does what is due; false when the connection counts as lost.
    pub fn keep(&mut self, now: Instant) -> bool {
        if self.is_connected() && self.asks_again.take_if(|at| *at <= now).is_some() {
            self.want_all();
        }
        let Some(heartbeat) = &mut self.heartbeat else { return true };
        let mut frames = self.outbox.due(now);
        frames.extend(self.requests.due(now));
        let watermark = |conversation: &str| self.logs.get(conversation).map(Log::watermark);
        frames.extend(self.sync.due(now, &mut self.random, watermark));
        if frames.is_empty() && heartbeat.is_quiet(now) {
            frames.push(Outgoing { frame: ClientFrame::Ping, id: None });
        }
        if !frames.is_empty() {
            heartbeat.expect(now);
        }
        self.frames.append(&mut frames);
        !heartbeat.is_lost(now)
    }

    /// The frames to be sent.
    pub fn frames(&mut self) -> Vec<Outgoing> {
        std::mem::take(&mut self.frames)
    }

    /// The next thing to be shown.
    pub fn event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
}
