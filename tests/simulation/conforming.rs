//! Somebody with a client that follows the protocol: the one that people run.

use std::time::Duration;

use client::{Change, Client, Event, NewEvent, NewMessage, Outgoing, Request, Target};
use protocol::{
    ClientFrame, DeleteRequest, EditRequest, ErrorCode, MessageView, ReactRequest, Received, ids,
};
use serde_json::Value;
use tokio::time::Instant;

use crate::gateway::Socket;
use crate::outcome::picture_of;
use crate::people::Device;
use crate::record::{Seen, What};

/// How often a client looks at its clocks.
const TICK: Duration = Duration::from_millis(250);
/// How long a frame may be under way before its invocation has ended.
const UNDER_WAY: Duration = Duration::from_secs(35);
/// How long between two things a person says at most, in milliseconds.
const BETWEEN: u64 = 4_000;
/// How many messages are shown of a room that somebody comes back to.
const HISTORY: usize = 100;

/// A person and their client.
struct Person {
    device: Device,
    client: Client,
    /// When the person does something next.
    next: Instant,
    /// Whether the person left the room, and whether they like to change that.
    out: bool,
    restless: bool,
    /// What was asked last of `join` and `leave`, how many such frames are unanswered, and since when.
    asked: (&'static str, u32, Instant),
    /// When the person says a last word, once it is calm.
    last_word: Option<Instant>,
}

/// Lives until the world ends.
pub(crate) async fn lives(mut device: Device, restless: bool) {
    device.waits(5_000).await;
    let client = Client::new(&device.user, HISTORY, device.rng.fork());
    let now = Instant::now();
    let asked = ("leave", 0, now);
    let mut person =
        Person { device, client, next: now, out: false, restless, asked, last_word: None };
    person.looks_everywhere();
    loop {
        let socket = person.device.connects().await;
        person.client.begin(now_std());
        person.chats(socket).await;
        person.client.end();
        let pause = if person.device.is_calm() { 500 } else { 4_000 };
        person.device.waits(pause).await;
    }
}

/// The virtual time, as the client has it.
fn now_std() -> std::time::Instant {
    Instant::now().into_std()
}

impl Person {
    async fn chats(&mut self, mut socket: Socket) {
        loop {
            if !self.keeps(&socket) {
                return socket.close();
            }
            tokio::select! {
                biased;
                frame = socket.next() => {
                    let Some(frame) = frame else { return };
                    self.device.notes(&frame, &socket.id);
                    self.takes(frame);
                }
                () = tokio::time::sleep(TICK) => {}
            }
            if self.device.is_calm() && self.device.rng.u16(0..400) == 0 {
                return socket.close();
            }
        }
    }

    /// Does what is due; false when the connection counts as lost.
    fn keeps(&mut self, socket: &Socket) -> bool {
        let now = Instant::now();
        if now > self.next && !self.device.is_calm() {
            self.next = self.device.moment(BETWEEN);
            self.acts();
        }
        if self.device.is_calm() {
            let soon = now + Duration::from_millis(self.device.rng.u64(0..1_000));
            let last_word = *self.last_word.get_or_insert(soon);
            if self.device.to_say > 0 && now >= last_word {
                self.speaks();
            }
        }
        let stands = self.client.keep(now.into_std());
        for frame in self.client.frames() {
            self.sends(socket, &frame);
        }
        self.tells();
        stands
    }

    fn sends(&mut self, socket: &Socket, outgoing: &Outgoing) {
        let user = &self.device.user;
        let conversation = match &outgoing.frame {
            ClientFrame::Message(request) => match (&request.to, &request.room) {
                (Some(to), _) => Some(ids::direct(user, to)),
                (None, room) => room.as_deref().map(ids::room),
            },
            ClientFrame::Broadcast(_) => Some(ids::LOBBY.to_owned()),
            ClientFrame::Edit(EditRequest { conversation, .. })
            | ClientFrame::Delete(DeleteRequest { conversation, .. })
            | ClientFrame::React(ReactRequest { conversation, .. }) => Some(conversation.clone()),
            ClientFrame::Join(_) => {
                self.is_asking("join");
                None
            }
            ClientFrame::Leave(_) => {
                self.is_asking("leave");
                None
            }
            _ => None,
        };
        if let (Some(conversation), Some(id)) = (conversation, outgoing.id.clone()) {
            self.device.note(What::Sent { conversation, id });
        }
        socket.send_text(&outgoing.encode());
    }

    fn is_asking(&mut self, action: &'static str) {
        self.asked = (action, self.asked.1 + 1, Instant::now());
    }

    /// The person does something.
    fn acts(&mut self) {
        if self.restless && self.device.rng.u8(0..4) == 0 {
            return self.changes_their_mind();
        }
        if self.device.to_say > 1 {
            self.speaks();
        }
    }

    /// Comes back to the room or leaves it, unless a frame that asks for the opposite may still be
    /// under way: it may be done last.
    fn changes_their_mind(&mut self) {
        let action = if self.out { "join" } else { "leave" };
        let (before, unanswered, at) = self.asked;
        if unanswered > 0 && at.elapsed() < UNDER_WAY && action != before {
            return;
        }
        if at.elapsed() >= UNDER_WAY || action != before {
            self.asked.1 = 0;
        }
        let conversation = self.device.conversations[0].clone();
        let room = conversation.trim_start_matches("room:").to_owned();
        if self.out {
            self.device.note(What::Joining { conversation });
            self.client.request(Request::Join { room });
        } else {
            self.device.note(What::Leaving { conversation });
            self.client.request(Request::Leave { room });
        }
    }

    /// The person says something, or changes what was said; the last word is kept for the end.
    fn speaks(&mut self) {
        self.device.to_say -= 1;
        let conversation = self.device.picks();
        if self.device.rng.bool() && self.changes(&conversation) {
            return;
        }
        let content = format!("{} {}", self.device.user, self.device.to_say);
        let mut message = NewMessage::text(self.device.fresh_id(), content);
        let numbers = self.client.numbers(&conversation);
        if !numbers.is_empty() && self.device.rng.u8(0..3) == 0 {
            message.reply_to = Some(numbers[self.device.rng.usize(0..numbers.len())]);
        }
        let target = target(&self.device.user, &conversation);
        self.client.send(&conversation, &target, message);
    }

    /// Edits or deletes what they said, or reacts to what anybody said or pins it, if there is something.
    fn changes(&mut self, conversation: &str) -> bool {
        let numbers = self.client.numbers(conversation);
        if numbers.is_empty() {
            return false;
        }
        let rng = &mut self.device.rng;
        let seq = numbers[rng.usize(0..numbers.len())];
        let message = self.client.picture(conversation, seq).expect("a message that is here");
        let is_own = message.from == self.device.user;
        let is_in_room = conversation.starts_with("room:");
        let change = match rng.u8(0..7) {
            0..=2 if is_own => Change::text(format!("{} edited {}", self.device.user, rng.u16(..))),
            3 if is_own => Change::Delete,
            6 if is_in_room => Change::Pin { on: rng.u8(0..3) > 0 },
            _ => Change::React { key: "+1".to_owned(), on: rng.u8(0..3) > 0 },
        };
        let event = NewEvent { id: self.device.fresh_id(), seq, change };
        self.client.change(conversation, event);
        true
    }

    fn takes(&mut self, mut frame: Value) {
        let is_answer = frame.get("id").is_some();
        match frame["type"].as_str() {
            Some("joined") => {
                self.out = false;
                self.asked.1 = self.asked.1.saturating_sub(1);
            }
            Some("left") => {
                self.out = true;
                self.asked.1 = self.asked.1.saturating_sub(u32::from(is_answer));
                let conversation = frame["conversation"].as_str().unwrap_or_default().to_owned();
                self.device.note(What::Left { conversation });
            }
            Some("synced") => self.is_complete(&frame),
            _ => {}
        }
        self.device.sabotage.hears(self.device.number, &self.client, &mut frame);
        let received = Received::from_value(frame).expect("a frame that clients know");
        self.client.receive(received, now_std());
        self.tells();
    }

    fn is_complete(&self, frame: &Value) {
        for (name, synced) in frame["conversations"].as_object().into_iter().flatten() {
            if synced["complete"] == false && synced.get("error").is_none() {
                let broken = format!("{name} is not complete, but nothing expires");
                self.device.note(What::Broken(broken));
            }
        }
    }

    /// What the client tells its person.
    fn tells(&mut self) {
        while let Some(event) = self.client.event() {
            let what = match event {
                Event::Message(message) => {
                    self.shows(&message);
                    What::Shown(shown(*message))
                }
                Event::Changed(message) => {
                    self.shows(&message);
                    continue;
                }
                // Somebody else has deleted it meanwhile.
                Event::NotChanged {
                    event,
                    code: ErrorCode::Forbidden | ErrorCode::NotFound | ErrorCode::Conflict,
                    ..
                } => What::Refused { id: event.id },
                Event::NotChanged { code, reason, .. } => {
                    What::Broken(format!("a change is refused with {code}: {reason}"))
                }
                // Whoever is out of the room has nothing to say there, and nobody has anything to say
                // to somebody whose account is gone.
                Event::NotSent { id, code: ErrorCode::Forbidden | ErrorCode::NotFound, .. } => {
                    What::Refused { id }
                }
                Event::NotSent { code, reason, .. } => {
                    What::Broken(format!("a message is refused with {code}: {reason}"))
                }
                Event::Joined { room } => What::Reopened { conversation: room.conversation },
                Event::Left { conversation, .. } => {
                    let forgotten = conversation.clone();
                    self.device.note(What::Forgotten { conversation: forgotten });
                    What::Reopened { conversation }
                }
                Event::Skipped { conversation } => {
                    if self.device.sabotage.forgets() {
                        let forgotten = conversation.clone();
                        self.device.note(What::Forgotten { conversation: forgotten });
                    }
                    What::Reopened { conversation }
                }
                Event::MoreWaiting => {
                    self.looks_everywhere();
                    continue;
                }
                _ => continue,
            };
            self.device.note(what);
        }
    }

    /// What a message looks like from now on.
    fn shows(&self, message: &MessageView) {
        let place = (message.conversation.clone(), message.seq);
        if let Some(picture) = picture_of(message) {
            self.device.note(What::Picture { place, picture });
        }
    }

    /// Asks for what may wait unlisted: people's clients look over HTTP where that is.
    fn looks_everywhere(&mut self) {
        for conversation in &self.device.hears {
            self.client.follow(conversation);
        }
    }
}

/// Whom something said in `conversation` is for.
fn target(user: &str, conversation: &str) -> Target {
    match conversation.split_once(':') {
        Some(("room", room)) => Target::Room(room.to_owned()),
        Some((_, pair)) => {
            let (first, second) = pair.split_once(':').expect("a pair");
            Target::Person(if first == user { second } else { first }.to_owned())
        }
        None => Target::Everybody,
    }
}

fn shown(message: MessageView) -> Seen {
    let kind = serde_json::to_value(&message.body).unwrap()["kind"].as_str().unwrap().to_owned();
    let content = message.body.content().unwrap_or_default().to_owned();
    let MessageView { conversation, seq, id, from, .. } = message;
    Seen { conversation, seq, id, from, kind, content }
}
