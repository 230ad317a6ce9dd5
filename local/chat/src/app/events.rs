//! What the client tells, passed on.

use std::time::Instant;

use client::{Event, Request, Target};
use protocol::{Body, ErrorCode, MessageView, Presence, Seq};

use super::event_loop::{App, Mode};
use super::place::Place;
use crate::editor::lock;
use crate::prompt::Prompt;
use crate::screen::Show;

impl App {
    /// Passes on everything that the client has to tell.
    pub(super) fn handle_events(&mut self) {
        while let Some(event) = self.client.event() {
            self.handle_event(event);
        }
    }

    fn handle_event(&mut self, event: Event) {
        match &event {
            Event::Message(message) => {
                if !matches!(message.body, Body::Message(_)) {
                    // Somebody came or went.
                    self.members.remove(&message.conversation);
                }
                self.mark_read(message);
            }
            Event::Joined { room } => self.open_place(Place::room(room)),
            Event::Opened { conversation } => self.opened(conversation),
            Event::Left { conversation, .. } if self.is_here(conversation) => {
                self.quiet.forget(conversation);
                self.place = None;
                self.share_callable();
                self.show(Show::Event(event));
                self.show(Show::Here(None));
                if self.mode != Mode::Terminal {
                    self.fail("no longer in the room");
                }
                return;
            }
            Event::NotSent { .. } | Event::NotChanged { .. } => self.has_failed = true,
            Event::Refused { request, code, reason } => {
                return self.refused(request.clone(), *code, reason.clone());
            }
            Event::Typing { conversation, lasts } => {
                if self.is_here(conversation) {
                    self.typing_until = Some(Instant::now() + *lasts);
                }
            }
            Event::Seen { user } => {
                self.presence.insert(user.clone(), Presence::Online);
                return;
            }
            Event::Renamed { user, username } => {
                return self.renamed(user.clone(), username.clone());
            }
            Event::Settings { conversation, settings } => {
                return self.quiet.know(conversation.clone(), settings.clone());
            }
            Event::MoreWaiting => {
                let asker = self.asker.clone();
                return self.ask(asker.waiting());
            }
            Event::Presence { user, status } => {
                if self.presence.insert(user.clone(), *status) == Some(*status) {
                    return;
                }
            }
            Event::Left { conversation, .. } => self.quiet.forget(conversation),
            Event::Changed(_)
            | Event::Gone { .. }
            | Event::Skipped { .. }
            | Event::RoomChanged { .. }
            | Event::Invited { .. }
            | Event::Uninvited { .. }
            | Event::Complaint { .. } => {}
        }
        if let Some(event) = self.unless_quiet(event) {
            self.show(Show::Event(event));
        }
    }

    fn renamed(&mut self, user: String, username: Option<String>) {
        self.members.clear();
        let names = self.asker.names.clone();
        tokio::spawn(async move { names.call(user, username).await });
    }

    /// Somebody at a terminal has read what is shown there, unless they want to read it later.
    fn mark_read(&mut self, message: &MessageView) {
        let is_others = message.from != self.me;
        if is_others {
            self.typing_until = None;
        }
        let conversation = &message.conversation;
        let is_later = !self.is_going_to(conversation) && self.quiet.is_marked_unread(conversation);
        if is_others && self.looks_at(conversation) && !is_later {
            self.has_read(conversation, message.seq);
        }
    }

    fn has_read(&mut self, conversation: &str, seq: Seq) {
        if self.mode == Mode::Terminal {
            self.read.insert(conversation.to_owned(), seq);
            self.client.read(conversation, seq);
        }
    }

    /// Somebody who comes has read also what was shown before they came.
    fn has_read_all(&mut self, conversation: &str) {
        let numbers = self.client.numbers(conversation).into_iter().rev();
        let mut pictures = numbers.filter_map(|seq| self.client.picture(conversation, seq));
        let Some(last) = pictures.find(|it| it.from != self.me).map(|it| it.seq) else { return };
        let is_news = self.read.get(conversation).is_none_or(|read| *read < last);
        if is_news || self.quiet.is_marked_unread(conversation) {
            self.has_read(conversation, last);
        }
    }

    fn opened(&mut self, conversation: &str) {
        let Some(place) = self.going.take_if(|going| going.conversation == conversation) else {
            return;
        };
        self.place = Some(place);
        self.share_callable();
        self.tell_quiet(conversation);
        self.has_read_all(conversation);
        self.look_for_other();
        self.destination = None;
        self.progressed();
    }

    /// Looks at another place from now on; it is reached when what was said there last is shown.
    pub(super) fn open_place(&mut self, place: Place) {
        self.show(Show::Here(Some(place.conversation.clone())));
        self.going = Some(place);
    }

    fn refused(&mut self, request: Request, code: ErrorCode, reason: String) {
        match request {
            Request::Join { room } if code == ErrorCode::NotFound => self.room_not_found(room),
            Request::Join { .. } | Request::Open { .. } => self.cancel_opening(reason),
            Request::Leave { .. } => self.show(Show::Trouble(reason)),
            // How far one has read is asked again with the next message.
            Request::Read { .. } => {}
        }
    }

    /// There is no such room: makes it, if that was asked for.
    fn room_not_found(&mut self, room: String) {
        if std::mem::take(&mut self.may_create) {
            return self.ask(self.asker.clone().make_if_missing(room));
        }
        let remedy =
            if self.mode == Mode::Terminal { "/create makes it" } else { "--create makes it" };
        self.cancel_opening(format!("there is no room {room}; {remedy}"));
    }

    /// The place one wanted to go to cannot be reached.
    pub(super) fn cancel_opening(&mut self, reason: String) {
        (self.destination, self.going) = (None, None);
        self.show(Show::Here(self.place.as_ref().map(|place| place.conversation.clone())));
        if self.mode == Mode::Terminal {
            self.show(Show::Trouble(reason));
        } else {
            self.fail(&reason);
        }
    }

    /// Changes the prompt to what is known now.
    pub(super) fn prompt(&mut self, now: Instant) {
        let place = self.place.as_ref();
        let presence = place.and_then(|place| match &place.target {
            Target::Person(other) => self.presence.get(other).copied(),
            Target::Room(_) | Target::Everybody => None,
        });
        let prompt = Prompt {
            place: place.map_or_else(|| "nowhere".to_owned(), |place| place.name.clone()),
            is_connected: self.client.is_connected(),
            presence,
            mark: place.and_then(|place| self.client.mark(&place.conversation)),
            is_typing: self.typing_until.is_some_and(|until| now < until),
        };
        let mut shown = lock(&self.shared_prompt);
        if *shown != prompt {
            *shown = prompt;
            drop(shown);
            self.show(Show::Prompt);
        }
    }

    fn is_going_to(&self, conversation: &str) -> bool {
        self.going.as_ref().is_some_and(|going| going.conversation == conversation)
    }

    /// Whether what is said in a conversation is shown as what one looks at.
    pub(super) fn looks_at(&self, conversation: &str) -> bool {
        self.is_here(conversation) || self.is_going_to(conversation)
    }

    fn is_here(&self, conversation: &str) -> bool {
        self.place.as_ref().is_some_and(|place| place.conversation == conversation)
    }
}
