//! What people type, done.

use std::future::Future;
use std::time::{Duration, Instant};

use client::{Request, Target};
use protocol::{ConversationView, ids};

use super::draft::Draft;
use super::event_loop::{App, Mode};
use super::http_requests::Reply;
use super::place::{Destination, Place};
use crate::command::{Command, HELP};
use crate::screen::Show;

/// How long to wait for the last acks when somebody leaves.
const LAST_ACKS: Duration = Duration::from_secs(5);

impl App {
    /// Does what a line says.
    pub(super) fn run_command(&mut self, line: &str) {
        match Command::parse(line) {
            Command::Nothing => {}
            Command::Say(content) => self.say(&content),
            Command::Broadcast(content) => {
                let (conversation, target) = (ids::LOBBY.to_owned(), Target::Everybody);
                let place = Place { conversation, target, name: String::new() };
                self.hold_or_send(place, Draft::Say { reply_to: None, content });
            }
            Command::Edit(which, content) => self.edit(which, content),
            Command::Delete(which) => self.delete(which),
            Command::Reply(which, content) => self.reply(which, content),
            Command::React(which, key) => self.react(which, key),
            Command::Pin(which) => self.pin(which),
            Command::Unpin(which) => self.unpin(which),
            Command::Pins => self.look_at_pins(),
            Command::Decide(setting) => self.decide(setting),
            Command::Unread(which) => self.mark_unread(which),
            Command::Readers(which) => self.readers(which),
            Command::Chats(listed) => self.ask(self.asker.clone().chats(listed)),
            Command::To(name) => self.go(Destination::Person(name)),
            Command::Join(room) => self.go(Destination::Room(room)),
            Command::Create(room) => {
                self.destination = Some(Destination::Room(room.clone()));
                let asker = self.asker.clone();
                self.ask(asker.make(room));
            }
            Command::Leave => self.leave_room(),
            Command::Rooms => {
                let asker = self.asker.clone();
                self.ask(asker.rooms());
            }
            Command::Who => {
                let asker = self.asker.clone();
                self.ask(asker.who(self.place.as_ref().map(|place| place.target.clone())));
            }
            Command::History(limit) => self.look_back(limit),
            Command::Help => self.show(Show::Text(HELP.to_owned())),
            Command::Quit => self.leave_by(Instant::now() + LAST_ACKS),
            Command::Mistake(reason) => self.show(Show::Trouble(reason)),
        }
    }

    /// Says something where one is.
    pub(super) fn say(&mut self, content: &str) {
        if let Some(place) = self.here() {
            self.hold_or_send(place, Draft::Say { reply_to: None, content: content.to_owned() });
        }
    }

    /// Sets out for another place; an event or an answer tells of the arrival.
    pub(super) fn go(&mut self, destination: Destination) {
        self.destination = Some(destination.clone());
        match destination {
            Destination::Person(name) => {
                let asker = self.asker.clone();
                self.ask(asker.person(name));
            }
            Destination::Room(room) => self.client.request(Request::Join { room }),
        }
    }

    /// Takes an answer.
    pub(super) fn handle_reply(&mut self, answer: Reply) {
        match answer {
            Reply::Show(show) => self.show(show),
            Reply::Person { name, id: Ok(id) } => {
                let place = Place::with(&self.me, &id, &name);
                self.client.open(&place.conversation, &id);
                self.open_place(place);
            }
            Reply::Person { name, id: Err(error) } => {
                self.cancel_opening(format!("{name}: {error}"))
            }
            Reply::Presence { user, status } => {
                // What was pushed meanwhile is newer.
                if let Some(status) = status {
                    self.presence.entry(user).or_insert(status);
                }
            }
            Reply::Waiting(them) => {
                for ConversationView { conversation, last_message, unread, read_seq, .. } in them {
                    let last = last_message.map_or(0, |last| last.seq);
                    // Unread are only so many at most, and not what was told or said by oneself.
                    let read = if read_seq > 0 {
                        read_seq
                    } else {
                        last.saturating_sub(u64::try_from(unread).unwrap_or(u64::MAX))
                    };
                    self.client.catch_up(&conversation, read);
                }
            }
            Reply::Made(Ok(room)) => self.client.request(Request::Join { room: room.id }),
            Reply::IsThere(room) => self.client.request(Request::Join { room }),
            Reply::Made(Err(error)) => self.cancel_opening(error.to_string()),
            Reply::Before { conversation, messages } => {
                if let Some(first) = messages.first() {
                    self.looked_back.insert(conversation.clone(), first.seq);
                }
                let messages = self.client.look(&conversation, messages);
                self.handle_events();
                self.show(Show::Page("said before", messages));
            }
            Reply::Pins { conversation, messages } => {
                let messages = self.client.look(&conversation, messages);
                self.handle_events();
                self.show(Show::Page("pinned", messages));
            }
            Reply::Members { conversation, people } => self.members_came(&conversation, people),
            Reply::AllSettings(all) => self.all_settings_came(all),
            Reply::Decided { conversation, settings, done } => {
                self.quiet.know(conversation, settings);
                self.show(Show::Notice(done));
            }
        }
    }

    /// Finds out whether the other one of two is there, for somebody who looks at the prompt.
    pub(super) fn look_for_other(&self) {
        let address = self.place.as_ref().map(|place| place.target.clone());
        if let (Some(Target::Person(other)), Mode::Terminal) = (address, self.mode) {
            self.ask(self.asker.clone().presence(other));
        }
    }

    fn leave_room(&mut self) {
        match self.place.as_ref().map(|place| place.target.clone()) {
            Some(Target::Room(room)) => self.client.request(Request::Leave { room }),
            _ => self.show(Show::Trouble("you are in no room".into())),
        }
    }

    fn look_back(&mut self, limit: u8) {
        let Some(Place { conversation, target, .. }) = self.here() else { return };
        let first = self.looked_back.get(&conversation).copied();
        let first = first.or_else(|| self.client.start(&conversation));
        let asker = self.asker.clone();
        self.ask(asker.before(conversation, target, first, limit));
    }

    pub(super) fn ask(&self, answer: impl Future<Output = Reply> + Send + 'static) {
        let answers = self.answers_in.clone();
        // Nobody waits for the answer if the client has ended.
        tokio::spawn(async move { drop(answers.send(answer.await)) });
    }
}
