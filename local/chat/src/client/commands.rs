//! What people type, done.

use std::future::Future;
use std::time::{Duration, Instant};

use super::answers::{Answer, Waiting};
use super::life::{Client, Manner};
use super::place::{Goal, Place};
use crate::command::{Command, HELP};
use crate::screen::Show;
use crate::session::{Address, Wish};

/// How long to wait for the last acks when somebody leaves.
const FAREWELL: Duration = Duration::from_secs(5);
/// The conversation of everybody who is online.
const LOBBY: &str = "lobby";

impl Client {
    /// Does what a line says.
    pub(super) fn obey(&mut self, line: &str) {
        match Command::parse(line) {
            Command::Nothing => {}
            Command::Say(content) => self.say(&content),
            Command::Broadcast(content) => {
                self.session.say(LOBBY, &Address::Everybody, &content);
            }
            Command::To(name) => self.go(Goal::Person(name)),
            Command::Join(room) => self.go(Goal::Room(room)),
            Command::Create(room) => {
                self.goal = Some(Goal::Room(room.clone()));
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
                self.ask(asker.who(self.place.as_ref().map(|place| place.address.clone())));
            }
            Command::History(limit) => self.look_back(limit),
            Command::Help => self.show(Show::Text(HELP.to_owned())),
            Command::Quit => self.leave_by(Instant::now() + FAREWELL),
            Command::Mistake(reason) => self.show(Show::Trouble(reason)),
        }
    }

    /// Says something where one is.
    pub(super) fn say(&mut self, content: &str) {
        match self.place.clone() {
            Some(place) => self.session.say(&place.conversation, &place.address, content),
            None => {
                self.show(Show::Trouble("nobody hears that: /join ROOM or /to USER first".into()));
            }
        }
    }

    /// Sets out for another place; an event or an answer tells of the arrival.
    pub(super) fn go(&mut self, goal: Goal) {
        self.goal = Some(goal.clone());
        match goal {
            Goal::Person(name) => {
                let asker = self.asker.clone();
                self.ask(asker.person(name));
            }
            Goal::Room(room) => self.session.wish(Wish::Join { room }),
        }
    }

    /// Takes an answer.
    pub(super) fn answered(&mut self, answer: Answer) {
        match answer {
            Answer::Show(show) => self.show(show),
            Answer::Person { name, id: Ok(id) } => match Place::with(&self.me, &id, &name) {
                Ok(place) => {
                    self.session.open(&place.conversation, &id);
                    self.set_out(place);
                }
                Err(error) => self.stay(error.to_string()),
            },
            Answer::Person { name, id: Err(error) } => self.stay(format!("{name}: {error}")),
            Answer::Presence { user, status } => {
                // What was pushed meanwhile is newer.
                if let Some(status) = status {
                    self.presence.entry(user).or_insert(status);
                }
            }
            Answer::Waiting(them) => {
                for Waiting { conversation, last_message, unread, read_seq } in them {
                    let last = last_message.map_or(0, |last| last.seq);
                    // Unread are only so many at most, and not what was told or said by oneself.
                    let read = if read_seq > 0 { read_seq } else { last.saturating_sub(unread) };
                    self.session.catch_up(&conversation, read);
                }
            }
            Answer::Made(Ok(room)) => self.session.wish(Wish::Join { room: room.id }),
            Answer::IsThere(room) => self.session.wish(Wish::Join { room }),
            Answer::Made(Err(error)) => self.stay(error.to_string()),
            Answer::Before { conversation, messages } => {
                if let Some(first) = messages.first() {
                    self.looked_back.insert(conversation, first.seq);
                }
                self.show(Show::Page(messages));
            }
        }
    }

    /// Finds out whether the other one of two is there, for somebody who looks at the prompt.
    pub(super) fn look_for_other(&self) {
        let address = self.place.as_ref().map(|place| place.address.clone());
        if let (Some(Address::Person(other)), Manner::Terminal) = (address, self.manner) {
            self.ask(self.asker.clone().presence(other));
        }
    }

    fn leave_room(&mut self) {
        match self.place.as_ref().map(|place| place.address.clone()) {
            Some(Address::Room(room)) => self.session.wish(Wish::Leave { room }),
            _ => self.show(Show::Trouble("you are in no room".into())),
        }
    }

    fn look_back(&mut self, limit: u8) {
        let Some(Place { conversation, address, .. }) = self.place.clone() else {
            self.show(Show::Trouble("you are nowhere: /join ROOM or /to USER first".into()));
            return;
        };
        let first = self.looked_back.get(&conversation).copied();
        let first = first.or_else(|| self.session.start(&conversation));
        let asker = self.asker.clone();
        self.ask(asker.before(conversation, address, first, limit));
    }

    pub(super) fn ask(&self, answer: impl Future<Output = Answer> + Send + 'static) {
        let answers = self.answers_in.clone();
        // Nobody waits for the answer if the client has ended.
        tokio::spawn(async move { drop(answers.send(answer.await)) });
    }
}
