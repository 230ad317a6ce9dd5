//! What is asked over HTTP about conversations: which one has, what one has decided about them, and who has read.

use client::Target;
use jiff::Zoned;
use jiff::tz::TimeZone;
use protocol::{ConversationView, MessageView, Muting, Reader, RoomName, SettingsView, Timestamp};
use reqwest::Method;
use serde_json::Value;

use super::http_requests::{HttpRequests, NAMED, Reply, notice, rest, text, trouble};
use super::place::Place;
use crate::command::Listed;
use crate::http::segment;
use crate::screen::beginning;
use crate::text::visible;

/// More unread messages than so many are not counted.
const COUNTED: usize = 100;

impl HttpRequests {
    /// What one has decided about each conversation.
    pub(crate) async fn all_settings(self) -> Reply {
        let all = self.account.list::<ConversationView>("/api/conversations?hidden=true").await;
        let settings = |it: ConversationView| (it.conversation, it.settings);
        Reply::AllSettings(all.ok().map(|all| all.items.into_iter().map(settings).collect()))
    }

    /// Decides something about a conversation; then that is `done`.
    pub(crate) async fn decide(self, conversation: String, change: Value, done: String) -> Reply {
        let path = format!("/api/conversations/{}/settings", segment(&conversation));
        match self.account.ask::<SettingsView>(Method::PATCH, &path, Some(change)).await {
            Ok(settings) => Reply::Decided { conversation, settings, done },
            Err(error) => trouble(&error),
        }
    }

    /// The first page of the conversations, those that come first before others.
    pub(crate) async fn chats(self, listed: Listed) -> Reply {
        let wanted = match listed {
            Listed::Shown => "",
            Listed::All => "&hidden=true",
            Listed::Unread => "&unread=true",
        };
        let path = format!("/api/conversations?order=recent{wanted}");
        let chats = match self.account.first_page::<ConversationView>(&path).await {
            Ok(chats) if chats.items.is_empty() && chats.is_whole => {
                return notice(match listed {
                    Listed::Unread => "you have read everything",
                    Listed::Shown | Listed::All => {
                        "you have talked to nobody yet: /to USER, /join ROOM"
                    }
                });
            }
            Ok(chats) => chats,
            Err(error) => return trouble(&error),
        };
        let mut lines = Vec::new();
        for chat in &chats.items {
            lines.push(self.chat(chat).await);
        }
        text(lines.into_iter().chain(rest(&chats, usize::MAX)))
    }

    /// A conversation in a line: where, what one has decided, what is unread, and what was said last.
    async fn chat(&self, chat: &ConversationView) -> String {
        let name = match (&chat.room, &chat.with) {
            (Some(RoomName { id, name }), _) => {
                self.names.call_room(id, name).await;
                format!("#{name}")
            }
            (None, Some(with)) => format!("@{}", self.names.person(with).await),
            (None, None) => chat.conversation.clone(),
        };
        let last = match chat.last_message.as_ref().and_then(|last| Some((last, last.body.said()?)))
        {
            Some((_, said)) if said.deleted_at.is_some() => "(deleted)".to_owned(),
            Some((last, said)) => {
                let from = self.names.person(&last.from).await;
                format!("{}: {}", visible(&from), beginning(&said.content))
            }
            None => String::new(),
        };
        let words = words(chat).join(", ");
        let parts = [visible(&name).into_owned(), words, last];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join("  ")
    }

    /// Which messages are pinned, what was pinned last at the end.
    pub(crate) async fn pins(self, conversation: String) -> Reply {
        let path = format!("/api/conversations/{}/pins", segment(&conversation));
        match self.account.ask::<Vec<MessageView>>(Method::GET, &path, None).await {
            Ok(messages) if messages.is_empty() => notice("nothing is pinned here"),
            Ok(mut messages) => {
                messages.reverse();
                Reply::Pins { conversation, messages }
            }
            Err(error) => trouble(&error),
        }
    }

    /// Who has read a message, and who has not; oneself and its sender are not asked about.
    pub(crate) async fn readers(self, me: String, place: Place, message: MessageView) -> Reply {
        let path = format!("/api/conversations/{}/readers", segment(&place.conversation));
        let mut readers = match self.account.list::<Reader>(&path).await {
            Ok(readers) => readers,
            Err(error) => return trouble(&error),
        };
        readers.items.retain(|reader| reader.user != me && reader.user != message.from);
        if readers.items.is_empty() {
            return notice(match place.target {
                Target::Room(_) => "there is nobody else to read it",
                Target::Person(_) | Target::Everybody => "who has read that is not told",
            });
        }
        let is_whole = readers.is_whole;
        let (read, not): (Vec<_>, Vec<_>) =
            readers.items.into_iter().partition(|reader| reader.read_seq >= message.seq);
        let mut lines = Vec::new();
        for (what, them) in [("read by", read), ("not read by", not)] {
            if !them.is_empty() {
                let mut names = Vec::new();
                for reader in them.iter().take(NAMED) {
                    let name = self.names.person(&reader.user).await;
                    names.push(visible(&name).into_owned());
                }
                names.extend(
                    them.len().checked_sub(NAMED + 1).map(|it| format!("and {} more", it + 1)),
                );
                lines.push(format!("{what}: {}", names.join(", ")));
            }
        }
        lines.extend((!is_whole).then(|| "and more".to_owned()));
        text(lines.into_iter())
    }
}

/// What is to be known of a conversation, in words.
fn words(chat: &ConversationView) -> Vec<String> {
    let settings = &chat.settings;
    let mut words = Vec::new();
    words.extend(settings.pinned.then(|| "pinned".to_owned()));
    words.extend(settings.muted.map(|muting| muted(muting, settings.muted_until)));
    words.extend(settings.hidden.then(|| "hidden".to_owned()));
    words.extend(settings.draft.as_ref().map(|_| "a draft".to_owned()));
    words.extend(match (chat.unread, settings.unread_from) {
        (0, Some(_)) => Some("marked as unread".to_owned()),
        (0, None) => None,
        (COUNTED.., _) => Some(format!("{COUNTED} or more unread")),
        (unread, _) => Some(format!("{unread} unread")),
    });
    words.extend(match chat.mentions {
        0 => None,
        1 => Some("1 calls you".to_owned()),
        many => Some(format!("{many} call you")),
    });
    words
}

/// What one is not told, and until when, in words.
pub(super) fn muted(muting: Muting, until: Option<Timestamp>) -> String {
    let what = match muting {
        Muting::All => "muted",
        Muting::Mentions => "muted but for what calls you",
    };
    until.map_or_else(|| what.to_owned(), |until| format!("{what} until {}", shown(until)))
}

/// A time as people say it: with its day, if that is another than today.
fn shown(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
    let at = at.to_zoned(TimeZone::system());
    let format = if at.date() == Zoned::now().date() { "%H:%M" } else { "%H:%M on %-d %B" };
    at.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(unread: usize, mentions: usize, settings: &Value, expected: &str) {
        let mut all = json!({
            "muted": null, "muted_until": null, "pinned": false, "hidden": false, "draft": null,
            "unread_from": null,
        });
        for (name, value) in settings.as_object().unwrap() {
            all[name] = value.clone();
        }
        let chat = serde_json::from_value(json!({
            "conversation": "dm:alice:bob", "with": "bob", "joined_at": "2026-01-01T00:00:00.000Z",
            "last_message": null, "unread": unread, "mentions": mentions, "read_seq": 0, "settings": all,
        }));
        assert_eq!(words(&chat.unwrap()).join(", "), expected);
    }

    #[test]
    fn a_conversation_is_told_of_in_words() {
        check(0, 0, &json!({}), "");
        check(1, 1, &json!({}), "1 unread, 1 calls you");
        check(100, 2, &json!({ "pinned": true }), "pinned, 100 or more unread, 2 call you");
        check(0, 0, &json!({ "muted": "all", "hidden": true }), "muted, hidden");
        check(0, 0, &json!({ "draft": "Dear", "unread_from": 3 }), "a draft, marked as unread");
        let muted = json!({ "muted": "mentions", "muted_until": "2050-06-01T12:00:00.000Z" });
        check(
            2,
            0,
            &muted,
            &format!("muted but for what calls you until {}, 2 unread", shown(in_2050())),
        );
    }

    fn in_2050() -> Timestamp {
        serde_json::from_value(json!("2050-06-01T12:00:00.000Z")).unwrap()
    }
}
