//! What a session makes of the frames that it hears.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::asks::{Wish, is_read};
use super::event::Event;
use super::log::Log;
use super::outbox::Address;
use super::repeat::SOON;
use super::state::Session;
use crate::frames::{Ack, Frame, Message, Presence, Refusal, Room, Status, Synced};

/// How long it shows that somebody is typing, if the server does not say.
const TYPING_LASTS: Duration = Duration::from_secs(6);

impl Session {
    /// Takes a frame of the server.
    pub(crate) fn take(&mut self, frame: Frame, now: Instant) {
        if let Some(pulse) = &mut self.pulse {
            pulse.hear(now);
        }
        match frame {
            Frame::Welcome { server_time, more_waiting } => {
                self.since = Some(server_time);
                self.events.extend(more_waiting.then_some(Event::MoreWaiting));
            }
            Frame::MoreWaiting => self.events.push_back(Event::MoreWaiting),
            Frame::Ack(ack) => self.acknowledged(ack),
            Frame::Message(message) => self.heard(message),
            Frame::History { conversation, messages, id } => {
                self.paged(&conversation, messages, id.as_deref());
            }
            Frame::Synced { conversations } => self.synced(conversations, now),
            Frame::Receipt { conversation, user, delivered, read } => {
                self.receipt(&conversation, &user, delivered, read);
            }
            Frame::Typing { user, conversation, typing, expires_in_ms } => {
                let lasts = expires_in_ms.map_or(TYPING_LASTS, Duration::from_millis);
                let lasts = if typing { lasts } else { Duration::ZERO };
                self.events.push_back(Event::Typing { conversation, lasts });
                self.seen(user);
            }
            Frame::Presence { user, status } => {
                self.events.push_back(Event::Presence { user, status });
            }
            Frame::Joined { room, conversation, messages, id } => {
                self.joined(room, &conversation, messages, id.as_deref());
            }
            Frame::Room { room, conversation, by } if self.logs.contains_key(&conversation) => {
                self.events.push_back(Event::RoomChanged { room, by });
            }
            Frame::Invited { room, by } => self.events.push_back(Event::Invited { room, by }),
            Frame::Uninvited { room, reason } => {
                self.events.push_back(Event::Uninvited { room, reason });
            }
            Frame::Profile { user, username, deleted: false } => {
                self.events.push_back(Event::Renamed { user, username });
            }
            Frame::Profile { user, .. } => {
                let status = Presence::Offline;
                self.events.push_back(Event::Presence { user, status });
            }
            Frame::Left { conversation, reason } => self.left(conversation, reason),
            Frame::Error(refusal) => self.refused(refusal, now),
            Frame::Failure => {
                self.outbox.suspect(now);
                self.asks.suspect(now);
                self.catching_up.suspect(now);
            }
            Frame::Room { .. } | Frame::Other => {}
        }
    }

    /// What is said from now on shows that its sender is there; what had waited does not.
    fn heard(&mut self, message: Message) {
        let is_fresh = self.since.as_ref().is_some_and(|since| message.timestamp >= *since);
        if is_fresh && message.kind == "message" {
            self.seen(message.from.clone());
        }
        self.pushed(message);
    }

    fn seen(&mut self, user: String) {
        if user != self.me {
            self.events.push_back(Event::Seen { user });
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
            role: None,
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

    fn paged(&mut self, conversation: &str, messages: Vec<Message>, id: Option<&str>) {
        let messages = messages.into_iter().map(|message| self.recognised(message)).collect();
        let is_asked =
            |wish: &Wish| matches!(wish, Wish::Open { conversation: it, .. } if it == conversation);
        let opens = self.is_settled(id) || self.asks.fulfil(is_asked);
        let Some(log) = self.logs.get_mut(conversation) else { return };
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
        self.seen(user.to_owned());
        let progress = self.progress.entry(conversation.to_owned()).or_default();
        progress.delivered = progress.delivered.max(delivered.or(read).unwrap_or(0));
        progress.read = progress.read.max(read.unwrap_or(0));
    }

    /// Whether a question of one's own is answered by this.
    fn is_settled(&mut self, id: Option<&str>) -> bool {
        id.is_some_and(|id| self.asks.settle(id).is_some())
    }

    fn joined(&mut self, room: Room, conversation: &str, messages: Vec<Message>, id: Option<&str>) {
        let is_asked =
            |wish: &Wish| matches!(wish, Wish::Join { room: asked } if is_called(&room, asked));
        let asked = self.is_settled(id) || self.asks.fulfil(is_asked);
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
        } else if let Some(wish) = self.asks.settle(&id) {
            self.events.push_back(Event::NotGranted { wish, code, reason });
        } else {
            self.events.push_back(Event::Complaint { reason });
        }
    }
}

/// Whether a room is meant by `asked`: names are the same whatever their case and the blanks around
/// them.
fn is_called(room: &Room, asked: &str) -> bool {
    room.id == asked || room.name.to_lowercase() == asked.trim().to_lowercase()
}
