//! What one is not told of what is said elsewhere, by what one has decided about conversations.

use std::collections::{HashMap, HashSet};

use client::Event;
use protocol::{MessageView, Muting, SettingsView, Timestamp};

/// How much is kept of what one is not told until one goes there.
const MOST: usize = 10_000;

/// What one has decided about conversations, and what one is not told yet.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    settings: HashMap<String, SettingsView>,
    /// Whether these are all.
    is_known: bool,
    /// Of which conversations it was told since they were asked for: that is newer than the answer.
    told: HashSet<String>,
    /// What is told when it is known that one wants to be told, or when one goes there.
    events: Vec<Event>,
}

impl Quiet {
    /// All of it is asked for anew: on other devices one may have decided otherwise meanwhile.
    pub(super) fn ask(&mut self) {
        self.is_known = false;
        self.told.clear();
    }

    /// It is known what one has decided about a conversation.
    pub(super) fn know(&mut self, conversation: String, settings: SettingsView) {
        self.told.insert(conversation.clone());
        self.settings.insert(conversation, settings);
    }

    /// It is known what one has decided about all of them, or cannot be found out.
    pub(super) fn know_all(&mut self, all: Option<Vec<(String, SettingsView)>>) {
        if let Some(all) = all {
            self.settings.retain(|conversation, _| self.told.contains(conversation));
            for (conversation, settings) in all {
                self.settings.entry(conversation).or_insert(settings);
            }
        }
        self.is_known = true;
    }

    /// Whether one does not want to be told of a message, or that is not known yet.
    pub(super) fn hides(&self, message: &MessageView, me: &str, now: Timestamp) -> bool {
        if !self.is_known {
            return true;
        }
        let Some(settings) = self.settings.get(&message.conversation) else { return false };
        if settings.muted_until.is_some_and(|until| until <= now) {
            return false;
        }
        let calls = message.body.said().is_some_and(|said| {
            said.mentions_everyone || said.mentions.iter().any(|user| user == me)
        });
        match settings.muted {
            Some(Muting::All) => true,
            Some(Muting::Mentions) => !calls,
            None => false,
        }
    }

    /// Whether one has marked a conversation as unread.
    pub(super) fn is_marked_unread(&self, conversation: &str) -> bool {
        let settings = self.settings.get(conversation);
        settings.is_some_and(|settings| settings.unread_from.is_some())
    }

    /// Keeps what one is not told.
    pub(super) fn keep(&mut self, event: Event) {
        if self.events.len() == MOST {
            self.events.remove(0);
        }
        self.events.push(event);
    }

    /// Gives back what one is told of these messages.
    pub(super) fn give_back(
        &mut self,
        is_told: impl Fn(&Self, &MessageView) -> bool,
    ) -> Vec<Event> {
        let events = std::mem::take(&mut self.events).into_iter();
        let (told, kept) =
            events.partition(|event| message_of(event).is_none_or(|it| is_told(self, it)));
        self.events = kept;
        told
    }

    /// Nobody is told any more what was said in a conversation that one is not in.
    pub(super) fn forget(&mut self, conversation: &str) {
        drop(self.give_back(|_, message| message.conversation == conversation));
        self.settings.remove(conversation);
    }
}

/// The message that something is told of, if it is one.
pub(super) fn message_of(event: &Event) -> Option<&MessageView> {
    match event {
        Event::Message(message) | Event::Changed(message) => Some(message),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(mentions: &[&str]) -> MessageView {
        let message = json!({
            "id": "1", "conversation": "room:7", "seq": 1, "kind": "message", "from": "bob",
            "content": "tea", "mentions": mentions, "timestamp": "2026-01-01T00:00:00.000Z",
        });
        serde_json::from_value(message).unwrap()
    }

    fn quiet(muted: Option<&str>, until: Option<&str>) -> Quiet {
        let settings = json!({
            "muted": muted, "muted_until": until, "pinned": false, "hidden": false, "draft": null,
            "unread_from": null,
        });
        let mut quiet = Quiet::default();
        quiet.know_all(Some(vec![("room:7".into(), serde_json::from_value(settings).unwrap())]));
        quiet
    }

    #[track_caller]
    fn check(muted: Option<&str>, until: Option<&str>, hides: (bool, bool)) {
        let (quiet, now) = (quiet(muted, until), message(&[]).timestamp);
        let hides_one = |mentions| quiet.hides(&message(mentions), "alice", now);
        assert_eq!((hides_one(&["carol"]), hides_one(&["carol", "alice"])), hides);
    }

    #[test]
    fn one_is_told_what_one_wants_to_be_told() {
        check(None, None, (false, false));
        check(Some("all"), None, (true, true));
        check(Some("mentions"), None, (true, false));
        check(Some("all"), Some("2026-01-01T00:00:00.001Z"), (true, true));
        check(Some("all"), Some("2026-01-01T00:00:00.000Z"), (false, false));
    }

    #[test]
    fn what_was_told_since_one_asked_is_newer_than_the_answer() {
        let now = message(&[]).timestamp;
        let mut quiet = quiet(Some("all"), None);
        let muted = quiet.settings["room:7"].clone();
        quiet.ask();
        assert!(quiet.hides(&message(&[]), "alice", now), "until that is known");
        quiet.know("room:7".into(), SettingsView { muted: None, ..muted.clone() });
        quiet.know_all(Some(vec![("room:7".into(), muted)]));
        assert!(!quiet.hides(&message(&[]), "alice", now));
    }

    #[test]
    fn what_is_said_before_that_is_known_waits_for_it() {
        let (mut quiet, now) = (Quiet::default(), message(&[]).timestamp);
        assert!(quiet.hides(&message(&[]), "alice", now));
        quiet.keep(Event::Message(Box::new(message(&[]))));
        quiet.know_all(None);
        let told = quiet.give_back(|quiet, message| !quiet.hides(message, "alice", now));
        assert_eq!(told.len(), 1);
        assert!(quiet.give_back(|_, _| true).is_empty());
    }
}
