//! A client that follows the protocol: one send in flight in a conversation, the same id until the
//! ack comes; shows messages in order without a gap, and asks for what it missed.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::gateway::Socket;
use crate::people::Device;
use crate::record::{Seen, What, seen};

/// How long an answer may take before the client asks again.
const PATIENCE: Duration = Duration::from_secs(8);
/// How often a client shows that it lives, and sees that the server does.
const PING: Duration = Duration::from_secs(20);
/// How long after a ping without any frame a connection counts as lost.
const SILENCE: Duration = Duration::from_secs(10);
/// The pace at which a client looks at its clocks.
const TICK: Duration = Duration::from_millis(250);
/// How long a frame may be under way before its invocation has ended.
const UNDER_WAY: Duration = Duration::from_secs(35);
/// How long between two things a person says at most, in milliseconds.
const BETWEEN: u64 = 4_000;

/// What a client keeps of one conversation; survives its connections.
#[derive(Default)]
struct Conversation {
    /// The last message shown; everything before it was shown too.
    shown: Option<u64>,
    /// What came beyond a gap.
    beyond: BTreeMap<u64, Seen>,
    /// What is to be said, the first of it in flight.
    outbox: Vec<(String, String)>,
    /// When the send in flight is to be repeated.
    repeat: Option<Instant>,
}

/// A client and its connection.
struct Client {
    device: Device,
    conversations: BTreeMap<String, Conversation>,
    /// When the `sync` under way is to be repeated; what is asked for next is more than that.
    syncing: Option<Instant>,
    gap: bool,
    heard: Instant,
    pinged: Instant,
    next: Instant,
    /// Whether the person left the room, and when to change that.
    out: bool,
    restless: bool,
    /// What was asked last of `join` and `leave`, how many of these are unanswered, and since when.
    asked: (&'static str, u32, Instant),
    /// When the person says a last word, once it is calm.
    last_word: Option<Instant>,
}

/// Lives until the world ends.
pub(crate) async fn lives(mut device: Device, restless: bool) {
    device.waits(5_000).await;
    let conversations =
        device.conversations.iter().map(|name| (name.clone(), Conversation::default())).collect();
    let now = Instant::now();
    let mut client = Client {
        device,
        conversations,
        syncing: None,
        gap: false,
        heard: now,
        pinged: now,
        next: now,
        out: false,
        restless,
        asked: ("leave", 0, now),
        last_word: None,
    };
    loop {
        let socket = client.device.connects().await;
        client.begins(&socket);
        client.chats(socket).await;
        let pause = if client.device.is_calm() { 500 } else { 4_000 };
        client.device.waits(pause).await;
    }
}

impl Client {
    /// A new connection: whatever is not acknowledged is sent again, whatever was missed is asked for.
    fn begins(&mut self, socket: &Socket) {
        (self.heard, self.pinged) = (Instant::now(), Instant::now());
        self.syncs(socket);
        for conversation in self.conversations.values_mut() {
            conversation.repeat = None;
        }
    }

    async fn chats(&mut self, mut socket: Socket) {
        loop {
            tokio::select! {
                biased;
                frame = socket.next() => {
                    let Some(frame) = frame else { return };
                    self.heard = Instant::now();
                    self.device.notes(&frame, &socket.id);
                    self.takes(&frame);
                }
                () = tokio::time::sleep(TICK) => {}
            }
            if self.device.is_calm() && self.device.dice.u16(0..400) == 0 {
                return socket.close();
            }
            if !self.keeps(&socket) {
                return socket.close();
            }
        }
    }

    /// Does what is due; false when the connection counts as lost.
    fn keeps(&mut self, socket: &Socket) -> bool {
        let now = Instant::now();
        if now - self.pinged > PING {
            // A `sync` is a heartbeat too, and finds what was lost without a gap to show it.
            self.pinged = now;
            self.gap = true;
        }
        if self.heard < self.pinged && now - self.pinged > SILENCE {
            return false;
        }
        if self.syncing.is_some_and(|until| until < now) || (self.gap && self.syncing.is_none()) {
            self.syncs(socket);
        }
        if now > self.next && !self.device.is_calm() {
            self.next = self.device.moment(BETWEEN);
            self.acts(socket);
        }
        if self.device.is_calm() {
            let soon = now + Duration::from_millis(self.device.dice.u64(0..1_000));
            let last_word = *self.last_word.get_or_insert(soon);
            if self.device.to_say > 0 && now >= last_word {
                self.speaks();
            }
        }
        self.says(socket);
        true
    }

    /// The person does something.
    fn acts(&mut self, socket: &Socket) {
        let room = self.device.conversations[0].clone();
        let id = room.trim_start_matches("room:").to_owned();
        if self.restless && self.device.dice.u8(0..4) == 0 {
            let now = Instant::now();
            let action = if self.out { "join" } else { "leave" };
            let (before, unanswered, at) = self.asked;
            let under_way = unanswered > 0 && now - at < UNDER_WAY;
            if under_way && action != before {
                // What is under way may be done last.
                return;
            }
            self.asked = (action, if under_way { unanswered + 1 } else { 1 }, now);
            self.device.note(if self.out {
                What::Joining { conversation: room }
            } else {
                What::Leaving { conversation: room }
            });
            return socket.send(&json!({ "action": action, "room": id }));
        }
        if self.device.to_say > 1 {
            self.speaks();
        }
    }

    /// The person says something; the last word is kept for the end.
    fn speaks(&mut self) {
        self.device.to_say -= 1;
        let conversation = self.device.picks();
        let content = format!("{} {}", self.device.user, self.device.to_say);
        let id = self.device.fresh_id();
        self.conversation(&conversation).outbox.push((id, content));
    }

    /// Sends the first of each outbox, again if its ack is late.
    fn says(&mut self, socket: &Socket) {
        let now = Instant::now();
        for (name, conversation) in &mut self.conversations {
            let Some((id, content)) = conversation.outbox.first() else { continue };
            if conversation.repeat.is_some_and(|repeat| repeat > now) {
                continue;
            }
            conversation.repeat = Some(now + PATIENCE);
            self.device.note(What::Sent { conversation: name.clone(), id: id.clone() });
            socket.send(&self.device.frame(name, Some(id), content));
        }
    }

    fn syncs(&mut self, socket: &Socket) {
        let since: Map<String, Value> = self
            .conversations
            .iter()
            .map(|(name, conversation)| (name.clone(), conversation.shown.unwrap_or(0).into()))
            .collect();
        self.gap = false;
        self.syncing = Some(Instant::now() + PATIENCE);
        socket.send(&json!({ "action": "sync", "since": since }));
    }

    fn takes(&mut self, frame: &Value) {
        match frame["type"].as_str() {
            Some("message") => self.accepts(seen(frame)),
            Some("history" | "joined") => {
                for message in frame["messages"].as_array().into_iter().flatten() {
                    self.accepts(seen(message));
                }
                if frame["type"] == "joined" {
                    self.out = false;
                    self.asked.1 = self.asked.1.saturating_sub(1);
                    self.gap = true;
                }
            }
            Some("left") => {
                self.out = true;
                self.asked.1 = self.asked.1.saturating_sub(1);
                let conversation = frame["conversation"].as_str().unwrap_or_default().to_owned();
                self.device.note(What::Left { conversation });
            }
            Some("ack") => self.acked(frame),
            Some("synced") => self.synced(frame),
            Some("error") => self.refused(frame),
            _ => {}
        }
    }

    fn acked(&mut self, ack: &Value) {
        let name = ack["conversation"].as_str().unwrap_or_default().to_owned();
        let (user, seq) = (self.device.user.clone(), ack["seq"].as_u64().unwrap_or_default());
        let conversation = self.conversation(&name);
        if conversation.outbox.first().is_none_or(|(id, _)| ack["id"] != id.as_str()) {
            return;
        }
        let (id, content) = conversation.outbox.remove(0);
        conversation.repeat = None;
        self.accepts(Some(Seen { conversation: name, seq, id, from: user, content }));
    }

    /// A refusal of what is in flight: whoever is out of the room has nothing to say there, and nobody
    /// has anything to say to somebody whose account is gone.
    fn refused(&mut self, error: &Value) {
        let now = Instant::now();
        let mut refused = Vec::new();
        for conversation in self.conversations.values_mut() {
            let first = conversation.outbox.first();
            if first.is_some_and(|(id, _)| error["id"] == id.as_str()) {
                if error["code"] == "forbidden" || error["code"] == "not_found" {
                    let (id, _) = conversation.outbox.remove(0);
                    refused.push(id);
                    conversation.repeat = None;
                } else {
                    conversation.repeat = Some(now + Duration::from_secs(1));
                }
            }
        }
        for id in refused {
            self.device.note(What::Refused { id });
        }
    }

    /// Everything after the cursors has come, as far as it says.
    fn synced(&mut self, frame: &Value) {
        self.syncing = None;
        for (name, synced) in frame["conversations"].as_object().into_iter().flatten() {
            let upto = synced["upto"].as_u64().unwrap_or_default();
            let conversation = self.conversation(name);
            if conversation.shown.is_none() && upto > 0 {
                // The whole log was asked for, and the first of it is where it starts.
                let first = conversation.beyond.keys().next().copied();
                conversation.shown = first.map(|first| first - 1);
            }
            if synced["complete"] == false && synced.get("error").is_none_or(Value::is_null) {
                let broken = format!("{name} is not complete, but nothing expires");
                self.device.note(What::Broken(broken));
            }
            self.shows(name);
            let conversation = self.conversation(name);
            if (conversation.shown.unwrap_or(0) < upto && synced.get("error").is_none())
                || synced["more"] == true
            {
                self.gap = true;
            }
        }
    }

    fn accepts(&mut self, message: Option<Seen>) {
        let Some(message) = message else { return };
        let name = message.conversation.clone();
        let conversation = self.conversation(&name);
        if conversation.shown.is_some_and(|shown| message.seq <= shown) {
            return;
        }
        conversation.beyond.insert(message.seq, message);
        self.shows(&name);
        let closed = self.out && name.starts_with("room:");
        if !self.conversation(&name).beyond.is_empty() && !closed {
            self.gap = true;
        }
    }

    /// Shows what follows without a gap.
    fn shows(&mut self, name: &str) {
        loop {
            let conversation = self.conversation(name);
            let Some(next) = conversation.shown.map(|shown| shown + 1) else { return };
            let Some(message) = conversation.beyond.remove(&next) else { return };
            conversation.shown = Some(next);
            self.device.note(What::Shown(message));
        }
    }

    fn conversation(&mut self, name: &str) -> &mut Conversation {
        self.conversations.entry(name.to_owned()).or_default()
    }
}
