//! What one decides about conversations for oneself alone, and what one is told because of it.

use client::Event;
use protocol::{SettingsView, Timestamp};
use serde_json::{Value, json};

use super::changing::Meant;
use super::conversations::muted;
use super::event_loop::{App, Mode};
use super::place::Place;
use super::quiet::message_of;
use crate::command::Setting;
use crate::screen::{Show, beginning};

impl App {
    /// Decides something about the conversation where one is.
    pub(super) fn decide(&mut self, setting: Setting) {
        let Some(Place { conversation, name, .. }) = self.here() else { return };
        let (change, done) = match setting {
            Setting::Muted(muting, lasts) => {
                let until = lasts.map(|lasts| now().plus(lasts));
                let change = json!({ "muted": muting, "muted_until": until });
                (change, format!("{name} is {}", muted(muting, until)))
            }
            Setting::Unmuted => {
                let change = json!({ "muted": null, "muted_until": null });
                (change, format!("{name} is not muted any more"))
            }
            Setting::Pinned(true) => {
                (json!({ "pinned": true }), format!("{name} comes first in /chats"))
            }
            Setting::Pinned(false) => {
                (json!({ "pinned": false }), format!("{name} is not pinned any more"))
            }
            Setting::Hidden(true) => {
                let done = format!("{name} is hidden until something new is said there");
                (json!({ "hidden": true }), done)
            }
            Setting::Hidden(false) => {
                (json!({ "hidden": false }), format!("{name} is not hidden any more"))
            }
        };
        self.ask_to_decide(conversation, change, done);
    }

    /// Counts a message and what came after it as unread, until one comes here anew.
    pub(super) fn mark_unread(&mut self, which: Option<usize>) {
        let Some((place, message)) = self.find(which, Meant::OthersLast) else { return };
        let content = message.body.content().unwrap_or_default();
        let done = format!("unread from here on: {}", beginning(content));
        self.ask_to_decide(place.conversation, json!({ "unread_from": message.seq }), done);
    }

    /// Finds out what one has decided, for somebody who is told what happens elsewhere.
    pub(super) fn ask_all_settings(&mut self) {
        if self.mode == Mode::Terminal {
            self.quiet.ask();
            self.ask(self.asker.clone().all_settings());
        }
    }

    fn ask_to_decide(&self, conversation: String, change: Value, done: String) {
        self.ask(self.asker.clone().decide(conversation, change, done));
    }

    /// It is known what one has decided about all of them, or cannot be found out.
    pub(super) fn all_settings_came(&mut self, all: Option<Vec<(String, SettingsView)>>) {
        self.quiet.know_all(all);
        let (me, now) = (self.me.clone(), now());
        let told = self.quiet.give_back(|quiet, message| !quiet.hides(message, &me, now));
        self.tell(told);
    }

    /// Keeps to itself what is said elsewhere, if one does not want to be told; else gives it back.
    pub(super) fn unless_quiet(&mut self, event: Event) -> Option<Event> {
        let message = message_of(&event).filter(|_| self.mode == Mode::Terminal);
        let is_hidden = message.is_some_and(|message| {
            !self.looks_at(&message.conversation) && self.quiet.hides(message, &self.me, now())
        });
        if !is_hidden {
            return Some(event);
        }
        self.quiet.keep(event);
        None
    }

    /// Tells what one was not told of a conversation, because one looks there now.
    pub(super) fn tell_quiet(&mut self, conversation: &str) {
        let told = self.quiet.give_back(|_, message| message.conversation == conversation);
        self.tell(told);
    }

    /// Tells of messages as they look by now.
    fn tell(&self, events: Vec<Event>) {
        for mut event in events {
            if let Event::Message(message) | Event::Changed(message) = &mut event
                && let Some(picture) = self.client.picture(&message.conversation, message.seq)
            {
                **message = picture;
            }
            self.show(Show::Event(event));
        }
    }
}

fn now() -> Timestamp {
    jiff::Timestamp::now().into()
}
