//! What one does to messages, and what one says that is about others: their messages, or themselves.

use client::{Change, Mark, NewEvent, NewMessage, Target};
use protocol::{MessageView, Seq};
use uuid::Uuid;

use super::draft::Draft;
use super::event_loop::{App, Mode};
use super::place::Place;
use crate::editor::lock;
use crate::mentions::{EVERYONE, Named, called, calls_everyone, may_call};
use crate::screen::Show;

/// Which messages `^N` counts, and which one is meant without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// One's own; one's own last.
    Own,
    /// All of the place; one's own last.
    OwnLast,
    /// All of the place; the last of others.
    OthersLast,
    /// All of the place; the last of all.
    Last,
    /// All of the place; the last that is pinned, of those that were shown.
    Pinned,
}

impl App {
    /// Where one is; if that is nowhere, one is told.
    pub(super) fn here(&self) -> Option<Place> {
        if self.place.is_none() {
            self.show(Show::Trouble("you are nowhere: /join ROOM or /to USER first".into()));
        }
        self.place.clone()
    }

    /// Says something else than one did.
    pub(super) fn edit(&mut self, which: Option<usize>, content: String) {
        let Some((place, message)) = self.find(which, Meant::Own) else { return };
        self.hold_or_send(place, Draft::Edit { seq: message.seq, content });
    }

    /// Takes back what one said, or what somebody else did: the server knows who may do that.
    pub(super) fn delete(&mut self, which: Option<usize>) {
        let Some((place, message)) = self.find(which, Meant::OwnLast) else { return };
        self.change(&place, message.seq, Change::Delete);
    }

    /// Answers a message.
    pub(super) fn reply(&mut self, which: Option<usize>, content: String) {
        let Some((place, message)) = self.find(which, Meant::OthersLast) else { return };
        self.hold_or_send(place, Draft::Say { reply_to: Some(message.seq), content });
    }

    /// Reacts to a message, or, if one does already, does not any more.
    pub(super) fn react(&mut self, which: Option<usize>, key: String) {
        let Some((place, message)) = self.find(which, Meant::OthersLast) else { return };
        let reactions = message.body.said().map(|said| said.reactions.as_slice());
        let mut reactions = reactions.unwrap_or_default().iter();
        let on = !reactions.any(|reaction| reaction.key == key && reaction.mine);
        self.change(&place, message.seq, Change::React { key, on });
    }

    /// Pins a message: the server knows who may do that.
    pub(super) fn pin(&mut self, which: Option<usize>) {
        let Some((place, message)) = self.find(which, Meant::Last) else { return };
        if is_pinned(&message) {
            return self.show(Show::Trouble("that message is pinned already".into()));
        }
        self.change(&place, message.seq, Change::Pin { on: true });
    }

    /// Pins it no more.
    pub(super) fn unpin(&mut self, which: Option<usize>) {
        let Some((place, message)) = self.find(which, Meant::Pinned) else { return };
        if !is_pinned(&message) {
            return self.show(Show::Trouble("that message is not pinned".into()));
        }
        self.change(&place, message.seq, Change::Pin { on: false });
    }

    /// Looks up what is pinned.
    pub(super) fn look_at_pins(&self) {
        if let Some(place) = self.here() {
            self.ask(self.asker.clone().pins(place.conversation));
        }
    }

    /// Asks who has read a message.
    pub(super) fn readers(&mut self, which: Option<usize>) {
        let Some((place, message)) = self.find(which, Meant::OwnLast) else { return };
        self.ask(self.asker.clone().readers(self.me.clone(), place, message));
    }

    /// The message of this place that is so far from the end, among those that are counted; or the last of
    /// whom is meant without a number that is not deleted. If there is none, one is told.
    pub(super) fn find(&self, which: Option<usize>, meant: Meant) -> Option<(Place, MessageView)> {
        let place = self.here()?;
        if self.is_sending(&place) && (which.is_some() || meant != Meant::OthersLast) {
            // Soon another message may be the one that is meant.
            let trouble = "what you said last is not kept yet: try again when it is";
            self.show(Show::Trouble(trouble.to_owned()));
            return None;
        }
        let is_own = |message: &MessageView| message.from == self.me;
        let numbers = self.client.numbers(&place.conversation).into_iter().rev();
        let mut messages = numbers.filter_map(|it| self.client.picture(&place.conversation, it));
        let found = match which {
            Some(which) => messages.filter(|it| meant != Meant::Own || is_own(it)).nth(which - 1),
            None => {
                let is_meant = |it: &MessageView| match meant {
                    Meant::Own | Meant::OwnLast => is_own(it),
                    Meant::OthersLast => !is_own(it),
                    Meant::Last => true,
                    Meant::Pinned => is_pinned(it),
                };
                messages.find(|it| is_meant(it) && !is_deleted(it))
            }
        };
        let trouble = match (&found, which, meant) {
            (Some(message), _, _) if is_deleted(message) => "that message is deleted".to_owned(),
            (Some(_), _, _) => return found.map(|message| (place, message)),
            (None, Some(which), _) => format!("there is no message ^{which} here"),
            (None, None, Meant::OthersLast) => "there is nothing of others here".to_owned(),
            (None, None, Meant::Last) => "there is nothing here".to_owned(),
            (None, None, Meant::Pinned) => "nothing that was shown is pinned: /pins".to_owned(),
            (None, None, _) => "there is nothing of yours here".to_owned(),
        };
        self.show(Show::Trouble(trouble));
        None
    }

    /// Whether something that one has said or done there has no ack yet.
    fn is_sending(&self, place: &Place) -> bool {
        let is_held = self.held.iter().any(|(held, _)| held.conversation == place.conversation);
        is_held || self.client.mark(&place.conversation) == Some(Mark::Sending)
    }

    fn change(&mut self, place: &Place, seq: Seq, change: Change) {
        let event = NewEvent { id: Uuid::now_v7().to_string(), seq, change };
        self.client.change(&place.conversation, event);
    }

    /// Says something, as soon as it is known who can be called in it; and after what waits for that.
    pub(super) fn hold_or_send(&mut self, place: Place, draft: Draft) {
        let waits = self.held.iter().any(|(held, _)| held.conversation == place.conversation);
        let room = match &place.target {
            Target::Room(room) if self.mode == Mode::Terminal => Some(room.clone()),
            _ => None,
        };
        let is_known = self.members.contains_key(&place.conversation);
        match room.filter(|_| !is_known && may_call(draft.content())) {
            _ if waits => self.held.push_back((place, draft)),
            Some(room) => {
                self.ask_members(&place.conversation, room);
                self.held.push_back((place, draft));
            }
            None => self.send(&place, draft),
        }
    }

    /// Finds out who can be called where one is: somebody is about to call one of them.
    pub(super) fn learn_members(&mut self) {
        let Some(Place { conversation, target: Target::Room(room), .. }) = self.place.clone()
        else {
            return;
        };
        if !self.members.contains_key(&conversation) {
            self.ask_members(&conversation, room);
        }
    }

    fn ask_members(&mut self, conversation: &str, room: String) {
        if self.asks_members.insert(conversation.to_owned()) {
            let asker = self.asker.clone();
            self.ask(asker.named_members(conversation.to_owned(), room));
        }
    }

    /// Tells whoever types who can be called where one is.
    pub(super) fn share_callable(&self) {
        let names = match &self.place {
            Some(Place { target: Target::Person(_), name, .. }) => vec![name.clone()],
            Some(Place { conversation, .. }) => {
                let people = self.members.get(conversation).map(Vec::as_slice).unwrap_or_default();
                let others = people.iter().filter(|person| person.id != self.me);
                let mut names: Vec<_> = others.map(|person| person.name.clone()).collect();
                names.sort_unstable();
                names.push(EVERYONE.to_owned());
                names
            }
            None => Vec::new(),
        };
        *lock(&self.callable) = names;
    }

    /// It is known who is in a room, unless that could not be found out.
    pub(super) fn members_came(&mut self, conversation: &str, people: Option<Vec<Named>>) {
        self.asks_members.remove(conversation);
        if let Some(people) = people {
            self.members.insert(conversation.to_owned(), people);
            self.share_callable();
        }
        let held = std::mem::take(&mut self.held);
        for (place, draft) in held {
            if place.conversation == conversation {
                self.send(&place, draft);
            } else {
                self.held.push_back((place, draft));
            }
        }
    }

    fn send(&mut self, place: &Place, draft: Draft) {
        let (mentions, mentions_everyone) = self.called_in(place, draft.content());
        match draft {
            Draft::Say { reply_to, content } => {
                let message = NewMessage::text(Uuid::now_v7().to_string(), content);
                let message = NewMessage { reply_to, mentions, mentions_everyone, ..message };
                self.client.send(&place.conversation, &place.target, message);
            }
            Draft::Edit { seq, content } => {
                let (content, mentions) = (Some(content), Some(mentions));
                let mentions_everyone = Some(mentions_everyone);
                let change = Change::Edit { content, mentions, mentions_everyone, data: None };
                self.change(place, seq, change);
            }
        }
    }

    /// Whom one calls there. What comes through a pipe calls nobody: it was not written to.
    fn called_in(&self, place: &Place, content: &str) -> (Vec<String>, bool) {
        if self.mode != Mode::Terminal {
            return (Vec::new(), false);
        }
        match &place.target {
            Target::Person(id) => {
                let named = |name: &str| Named { id: id.clone(), name: name.to_owned() };
                (called(content, &[named(id), named(&place.name)]), false)
            }
            Target::Room(_) => {
                let people = self.members.get(&place.conversation).map(Vec::as_slice);
                (called(content, people.unwrap_or_default()), calls_everyone(content))
            }
            Target::Everybody => (Vec::new(), calls_everyone(content)),
        }
    }
}

fn is_pinned(message: &MessageView) -> bool {
    message.body.said().is_some_and(|said| said.pinned_at.is_some())
}

fn is_deleted(message: &MessageView) -> bool {
    message.body.said().is_some_and(|said| said.deleted_at.is_some())
}
