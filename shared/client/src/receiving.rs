//! What a client makes of the frames that it receives.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use protocol::{
    Ack, Body, ErrorCode, History, Joined, Left, MessageView, Messages, Presence, Profile, Quote,
    Receipt, Received, Refusal, Said, ServerFrame, SettingsChanged, Status, Synced, Typing,
    Welcome, ids,
};

use crate::event::Event;
use crate::log::Log;
use crate::outbox::{NewEntry, NewMessage, Target};
use crate::repeat::SOON;
use crate::requests::{Request, is_read};
use crate::state::Client;

impl Client {
    /// Takes what came over the connection.
    pub fn receive(&mut self, received: Received, now: Instant) {
        if let Some(heartbeat) = &mut self.heartbeat {
            heartbeat.hear(now);
        }
        match received {
            Received::Frame { frame, answers } => self.take(*frame, answers.as_deref(), now),
            Received::Failure => self.suspect(now),
        }
    }

    /// The server failed, and the same may succeed later: whatever has no answer is repeated soon.
    fn suspect(&mut self, now: Instant) {
        self.outbox.suspect(now, &mut self.random);
        self.requests.suspect(now, &mut self.random);
        self.sync.suspect(now, &mut self.random);
    }

    fn take(&mut self, frame: ServerFrame, answers: Option<&str>, now: Instant) {
        match frame {
            ServerFrame::Welcome(Welcome { server_time, more_waiting, .. }) => {
                self.since = Some(server_time);
                self.events.extend(more_waiting.then_some(Event::MoreWaiting));
            }
            ServerFrame::MoreWaiting => self.events.push_back(Event::MoreWaiting),
            ServerFrame::Ack(ack) => self.acknowledged(ack),
            ServerFrame::Message(message) => self.heard(vec![message]),
            ServerFrame::Messages(Messages { conversation, messages, more }) => {
                if more {
                    self.skip(conversation, &messages);
                }
                self.heard(messages);
            }
            ServerFrame::History(history) => self.paged(history, answers),
            ServerFrame::Synced { conversations } => {
                self.sync.answer(answers, now);
                self.synced(conversations);
            }
            ServerFrame::Receipt(receipt) => self.receipt(&receipt, answers),
            ServerFrame::Typing(Typing { user, conversation, typing, expires_in_ms }) => {
                let lasts = if typing { expires_in_ms } else { 0 };
                let lasts = Duration::from_millis(lasts);
                self.events.push_back(Event::Typing { conversation, lasts });
                self.seen(user);
            }
            ServerFrame::Presence { user, status, .. } => {
                self.events.push_back(Event::Presence { user, status });
            }
            ServerFrame::Joined(joined) => self.joined(joined, answers),
            ServerFrame::Left(left) => self.left(left, answers),
            ServerFrame::Room(change) => {
                if self.logs.contains_key(&change.conversation) {
                    let room = Box::new(change.room);
                    self.events.push_back(Event::RoomChanged { room, by: change.by });
                }
            }
            ServerFrame::Invited(change) => {
                let room = Box::new(change.room);
                self.events.push_back(Event::Invited { room, by: change.by });
            }
            ServerFrame::Uninvited(uninvited) => {
                let reason = uninvited.reason.to_string();
                self.events.push_back(Event::Uninvited { room: uninvited.room, reason });
            }
            ServerFrame::Settings(SettingsChanged { conversation, settings }) => {
                self.events.push_back(Event::Settings { conversation, settings });
            }
            ServerFrame::Profile(Profile::Shown { user, username, .. }) => {
                self.events.push_back(Event::Renamed { user, username });
            }
            ServerFrame::Profile(Profile::Deleted { user, .. }) => {
                let status = Presence::Offline;
                self.events.push_back(Event::Presence { user, status });
            }
            ServerFrame::Error(refusal) => self.refused(refusal, now),
            ServerFrame::Renewed { .. } | ServerFrame::Pong { .. } | ServerFrame::Unknown => {}
        }
    }

    /// What is said from now on shows that its sender is there; what had waited does not.
    fn heard(&mut self, messages: Vec<MessageView>) {
        for message in &messages {
            let is_fresh = self.since.is_some_and(|since| message.timestamp >= since);
            if is_fresh && message.body.content().is_some() {
                self.seen(message.from.clone());
            }
        }
        self.pushed(messages, false);
    }

    /// More was said before `messages` than comes: unless it is here, the conversation goes on with them.
    fn skip(&mut self, conversation: String, messages: &[MessageView]) {
        let Some(first) = messages.first() else { return };
        if self.logs.entry(conversation.clone()).or_default().skip_to(first.seq) {
            self.pictures.entry(conversation.clone()).or_default().forget_before(first.seq);
            self.events.push_back(Event::Skipped { conversation });
        }
    }

    fn seen(&mut self, user: String) {
        if user != self.me {
            self.events.push_back(Event::Seen { user });
        }
    }

    fn acknowledged(&mut self, ack: Ack) {
        match self.outbox.settle(&ack.id) {
            Some(NewEntry::Said(target, message)) => self.said(ack, target, message),
            // The server pushes what became of the message to this connection, too; if that was lost, the
            // number tells.
            Some(NewEntry::Event(_)) => {
                if let Some(log) = self.logs.get_mut(&ack.conversation) {
                    log.knows(ack.seq);
                    self.sync.has_gap(&ack.conversation, log.has_gap());
                }
            }
            None => {}
        }
    }

    /// One's own message is kept.
    fn said(&mut self, ack: Ack, target: Target, message: NewMessage) {
        let progress = self.progress.entry(ack.conversation.clone()).or_default();
        progress.last = progress.last.max(Some(ack.seq));
        if ack.delivered == Some(true) {
            progress.delivered = progress.delivered.max(ack.seq);
        }
        let status = Some(progress.status(ack.seq));
        let (to, room) = match target {
            Target::Person(to) => (Some(to), None),
            Target::Room(room) => (None, Some(room)),
            Target::Everybody => (None, None),
        };
        let NewMessage { content, reply_to, mentions, mentions_everyone, data, .. } = message;
        let reply_to = reply_to.map(|seq| Quote { seq, ..Quote::default() });
        let view = MessageView {
            id: ack.id,
            conversation: ack.conversation,
            seq: ack.seq,
            from: self.me.clone(),
            to,
            room,
            body: Body::Message(Said {
                content,
                reply_to,
                mentions,
                mentions_everyone,
                data,
                ..Said::default()
            }),
            timestamp: ack.timestamp,
            status,
            archived: false,
        };
        self.pushed(vec![view], true);
    }

    /// Takes what was pushed, or, if it is a guess, what an ack tells.
    fn pushed(&mut self, messages: Vec<MessageView>, is_guess: bool) {
        let messages = messages.into_iter().map(|message| self.recognised(message));
        let messages: Vec<_> = messages.collect();
        let mut of_here: BTreeMap<String, Vec<MessageView>> = BTreeMap::new();
        for message in messages {
            // The room that one is joining tells of that before it answers, and the answer has what was
            // said before.
            let conversation = message.conversation.clone();
            let is_joining = ids::is_room(&conversation) && self.requests.has_join();
            let log = self.logs.entry(conversation.clone());
            let log = log.or_insert_with(|| match is_joining {
                true => Log::default(),
                false => Log::starting_at(message.seq),
            });
            if !log.skips(message.seq) {
                of_here.entry(conversation).or_default().push(message);
            }
        }
        for (conversation, messages) in of_here {
            let changed = self.draw(&conversation, &messages, is_guess);
            self.events.extend(changed);
            for message in messages {
                let message = self.without_content(message);
                let log = self.logs.entry(conversation.clone()).or_default();
                let shown = log.push(message);
                self.show(&conversation, shown);
            }
        }
    }

    /// Takes copies and events into the pictures; what looks otherwise now and was shown before.
    pub(crate) fn draw(
        &mut self,
        conversation: &str,
        messages: &[MessageView],
        is_guess: bool,
    ) -> Vec<Event> {
        let pictures = self.pictures.entry(conversation.to_owned()).or_default();
        let changed = pictures.take(messages, is_guess, &self.me).into_iter();
        changed.map(|view| Event::Changed(Box::new(view))).collect()
    }

    /// What the log keeps of a message until it is shown: the pictures have the rest.
    fn without_content(&self, message: MessageView) -> MessageView {
        match self.pictures.get(&message.conversation) {
            Some(pictures) => pictures.without_content(message),
            None => message,
        }
    }

    fn paged(&mut self, History { conversation, messages, .. }: History, answers: Option<&str>) {
        let messages = messages.into_iter().map(|message| self.recognised(message));
        let messages: Vec<_> = messages.collect();
        let opens = matches!(self.settle(answers), Some(Request::Open { .. }));
        if !self.logs.contains_key(&conversation) {
            return;
        }
        let changed = self.draw(&conversation, &messages, false);
        let messages = messages.into_iter().map(|message| self.without_content(message)).collect();
        let log = self.logs.entry(conversation.clone()).or_default();
        let shown = if opens { log.open(messages, self.history) } else { log.fill(messages) };
        self.events.extend(changed);
        self.show(&conversation, shown);
        if opens {
            self.events.push_back(Event::Opened { conversation });
        }
    }

    /// The message, marked as one's own if it is on its way from here: the server may show it before
    /// it acknowledges it, or the ack was lost.
    fn recognised(&self, message: MessageView) -> MessageView {
        let is_own = message.from == self.me && self.outbox.has_sent(&message.id);
        let status = message.status.or(is_own.then_some(Status::Sent));
        MessageView { status, ..message }
    }

    /// Shows what is next in a conversation, and asks for what is missing behind it. What only a later
    /// version knows has its number, and is not shown, nor are events: they change what is.
    fn show(&mut self, conversation: &str, messages: Vec<MessageView>) {
        let pictures = self.pictures.entry(conversation.to_owned()).or_default();
        for message in messages.into_iter().filter(is_shown) {
            let message = pictures.show(message, &self.me);
            self.events.push_back(Event::Message(Box::new(message)));
        }
        let has_gap = self.logs.get(conversation).is_some_and(Log::has_gap);
        self.sync.has_gap(conversation, has_gap);
    }

    fn synced(&mut self, conversations: BTreeMap<String, Synced>) {
        for (conversation, synced) in conversations {
            if let Some(code) = synced.error {
                self.leave(conversation, Some(code.to_string()));
                continue;
            }
            let Some(log) = self.logs.get_mut(&conversation) else { continue };
            let shown = log.synced(synced.upto, synced.complete);
            if synced.more || log.watermark() < synced.upto {
                self.sync.want(&conversation);
            } else {
                self.sync.has(&conversation);
            }
            if !synced.complete {
                let conversation = conversation.clone();
                self.events.push_back(Event::Gone { conversation });
            }
            self.show(&conversation, shown);
        }
    }

    fn receipt(&mut self, receipt: &Receipt, answers: Option<&str>) {
        let Receipt { conversation, user, delivered, read } = receipt;
        if *user == self.me {
            let upto = read.unwrap_or(0);
            self.settle(answers);
            self.requests.drop_if(|request| is_read(request, conversation, upto));
            return;
        }
        self.seen(user.clone());
        if ids::is_room(conversation) {
            // That one of many has read it says nothing of the others.
            return;
        }
        let progress = self.progress.entry(conversation.clone()).or_default();
        progress.delivered = progress.delivered.max(delivered.or(*read).unwrap_or(0));
        progress.read = progress.read.max(read.unwrap_or(0));
    }

    /// The request of one's own that is answered, if there is one.
    fn settle(&mut self, answers: Option<&str>) -> Option<Request> {
        self.requests.settle(answers?)
    }

    /// Whoever did not ask, or has been answered before, knows already.
    fn joined(&mut self, joined: Joined, answers: Option<&str>) {
        let Some(Request::Join { .. }) = self.settle(answers) else { return };
        let Joined { room, conversation, messages, .. } = joined;
        let changed = self.draw(&conversation, &messages, false);
        let messages = messages.into_iter().map(|message| self.without_content(message)).collect();
        let log = self.logs.entry(conversation.clone()).or_default();
        let shown = log.open(messages, self.history);
        self.events.extend(changed);
        self.events.push_back(Event::Joined { room: Box::new(room) });
        self.show(&conversation, shown);
        self.events.push_back(Event::Opened { conversation });
        self.open_others();
    }

    /// Rooms that might have been the one that was being joined are shown from their first push on.
    fn open_others(&mut self) {
        if self.requests.has_join() {
            return;
        }
        let waiting = self.logs.iter_mut().filter(|(it, log)| ids::is_room(it) && log.is_waiting());
        let shown: Vec<_> = waiting.map(|(it, log)| (it.clone(), log.open_at_first())).collect();
        for (conversation, messages) in shown {
            self.show(&conversation, messages);
        }
    }

    /// An answer that has come before says nothing of a room that one may be in again.
    fn left(&mut self, Left { conversation, reason, .. }: Left, answers: Option<&str>) {
        if answers.is_none() || self.settle(answers).is_some() {
            self.leave(conversation, reason.map(|reason| reason.to_string()));
        }
    }

    fn leave(&mut self, conversation: String, reason: Option<String>) {
        self.requests.drop_if(|request| match request {
            Request::Leave { room } => ids::room(room) == conversation,
            Request::Read { conversation: it, .. } => *it == conversation,
            Request::Open { .. } | Request::Join { .. } => false,
        });
        self.pictures.remove(&conversation);
        if self.logs.remove(&conversation).is_some() {
            self.events.push_back(Event::Left { conversation, reason });
        }
    }

    fn refused(&mut self, refusal: Refusal, now: Instant) {
        let Refusal { code, message: reason, id, retry_after_ms, .. } = refusal;
        let Some(id) = id else {
            self.events.push_back(Event::Complaint { reason });
            return;
        };
        if code == ErrorCode::Internal {
            return self.suspect(now);
        }
        // Whoever hurries is told how long to wait; whose token is over connects with another.
        let pause = match (code, retry_after_ms) {
            (_, Some(pause)) => Some(Duration::from_millis(pause)),
            (ErrorCode::RateLimited | ErrorCode::Unauthorized, None) => Some(SOON),
            _ => None,
        };
        if let Some(pause) = pause {
            let _ = self.outbox.put_off(&id, now, pause)
                || self.requests.put_off(&id, now, pause)
                || self.sync.put_off(&id, now, pause);
        } else if let Some((conversation, entry)) = self.outbox.settle_of(&id) {
            self.events.push_back(match entry {
                NewEntry::Said(_, NewMessage { content, .. }) => {
                    Event::NotSent { id, content, code, reason }
                }
                NewEntry::Event(event) => Event::NotChanged { conversation, event, code, reason },
            });
        } else if let Some(request) = self.requests.settle(&id) {
            self.events.push_back(Event::Refused { request, code, reason });
            self.open_others();
        } else {
            // If it is no `sync`, the request was answered before.
            self.sync.answer(Some(&id), now);
        }
    }
}

/// Whether an entry of a log is a line of its own.
pub(crate) fn is_shown(entry: &MessageView) -> bool {
    entry.body != Body::Unknown && entry.body.of().is_none()
}
