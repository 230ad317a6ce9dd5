//! Everything that can be shown, as the lines a person reads.

use client::Event;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use protocol::{Body, Leaving, MessageView, Presence, Reaction, Role, Said, Status};

use crate::names::Names;
use crate::paint::Paint;
use crate::prompt::tick;
use crate::text::{field, visible, visible_lines};

/// How far the further lines of a message are set off.
const INDENT: usize = 6;

/// Makes lines, and knows what the person looks at.
pub(crate) struct Lines {
    paint: Paint,
    names: Names,
    me: String,
    here: Option<String>,
    day: Date,
}

impl Lines {
    /// Lines for `me`.
    pub(crate) fn new(paint: Paint, names: Names, me: &str) -> Self {
        Self { paint, names, me: me.to_owned(), here: None, day: Zoned::now().date() }
    }

    /// The person looks at another conversation.
    pub(crate) fn go(&mut self, conversation: Option<String>) {
        self.here = conversation;
    }

    /// What became of something, if people want to know.
    pub(crate) async fn event(&mut self, event: Event) -> Option<String> {
        match event {
            Event::Message(message) => Some(self.said(&message).await),
            Event::Changed(message) => self.changed(&message).await,
            Event::NotSent { content, reason, .. } => {
                Some(self.trouble(&not_said(&content, &reason)))
            }
            Event::NotChanged { reason, .. }
            | Event::Refused { reason, .. }
            | Event::Complaint { reason } => Some(self.trouble(&reason)),
            event => self.news(event).await.map(|news| self.notice(&news)),
        }
    }

    /// What else happened, in words.
    async fn news(&mut self, event: Event) -> Option<String> {
        Some(match event {
            Event::Joined { room } => {
                // Kept for when the room is no more.
                self.names.call_room(&room.id, &room.name).await;
                format!("in #{}{}", visible(&room.name), topic(room.topic.as_deref()))
            }
            Event::Left { conversation, reason } => {
                let place = self.place(&conversation, None).await;
                let why = reason.map(|reason| format!(" ({})", visible(&reason)));
                format!("no longer in {place}{}", why.unwrap_or_default())
            }
            Event::Skipped { conversation } => {
                let place = self.place(&conversation, None).await;
                format!("more was said in {place} before this; /history shows it")
            }
            Event::Gone { conversation } => {
                let place = self.place(&conversation, None).await;
                format!("some of what was said in {place} is gone")
            }
            Event::Presence { user, status } => {
                let name = self.names.person(&user).await;
                let status = match status {
                    Presence::Online => "is here",
                    Presence::Offline => "has gone",
                };
                format!("{} {status}", visible(&name))
            }
            Event::RoomChanged { room, by } => {
                self.names.call_room(&room.id, &room.name).await;
                let by = self.names.person(&by).await;
                let (by, name) = (visible(&by), visible(&room.name));
                format!("{by} changed #{name}{}", topic(room.topic.as_deref()))
            }
            Event::Invited { room, by } => {
                self.names.call_room(&room.id, &room.name).await;
                let by = self.names.person(&by).await;
                let (by, name) = (visible(&by), visible(&room.name));
                format!("{by} invites you to #{name}; /join {name} accepts")
            }
            Event::Uninvited { room, reason } => {
                let name = self.names.room(&room).await;
                let (name, reason) = (visible(&name), visible(&reason));
                format!("no longer invited to #{name} ({reason})")
            }
            _ => return None,
        })
    }

    /// A message or a notice, after the day if that is another than the last one's.
    pub(crate) async fn said(&mut self, message: &MessageView) -> String {
        let at = Timestamp::from_millisecond(message.timestamp.as_millis()).unwrap_or_default();
        let at = at.to_zoned(TimeZone::system());
        let mut lines = String::new();
        if at.date() != self.day {
            self.day = at.date();
            lines = self.paint.dim(&format!("── {} ──", at.strftime("%A, %-d %B %Y"))) + "\n";
        }
        let place = self.place_of(message).await;
        let time = self.paint.dim(&at.strftime("%H:%M").to_string());
        let Some(content) = message.body.content() else {
            let happened = self.happened(message).await;
            return format!("{lines}{time} {place}{}", self.paint.dim(&format!("— {happened}")));
        };
        let name = self.names.person(&message.from).await;
        let name = self.paint.name(&visible(&name));
        let content = visible_lines(content, INDENT);
        let mark = message.status.map(|status| self.mark(status)).unwrap_or_default();
        format!("{lines}{time} {place}{name}: {content}{mark}")
    }

    /// What a message looks like now that was shown before.
    async fn changed(&mut self, message: &MessageView) -> Option<String> {
        let said = message.body.said()?;
        let name = self.names.person(&message.from).await;
        let (name, place) = (visible(&name), self.place_of(message).await);
        let was = match &said.deleted_by {
            Some(by) if *by == message.from => format!("{name} deleted a message"),
            Some(by) => {
                let by = self.names.person(by).await;
                format!("{} deleted a message of {name}", visible(&by))
            }
            None => {
                let content = visible_lines(&said.content, INDENT);
                let edited = if said.edited_at.is_some() { " (edited)" } else { "" };
                format!("{name}: {content}{edited}{}", reactions(said))
            }
        };
        Some(format!("{}{place}{}", self.paint.dim("~ "), was))
    }

    /// The message as fields with tabs between them: when, where, who, what.
    pub(crate) async fn fields(&self, message: &MessageView) -> String {
        let place = self.place(&message.conversation, Some(message)).await;
        let from = self.names.person(&message.from).await;
        let content = message.body.content().unwrap_or_default();
        let [place, from, content] = [place.as_str(), from.as_str(), content].map(field);
        format!("{}\t{place}\t{from}\t{content}", message.timestamp)
    }

    /// Something to know.
    pub(crate) fn notice(&self, text: &str) -> String {
        self.paint.dim(&format!("— {text}"))
    }

    /// Something that went wrong.
    pub(crate) fn trouble(&self, text: &str) -> String {
        self.paint.bad(&format!("! {}", visible(text)))
    }

    fn mark(&self, status: Status) -> String {
        let tick = tick(status).trim_end();
        let painted =
            if status == Status::Read { self.paint.good(tick) } else { self.paint.dim(tick) };
        format!("  {painted}")
    }

    /// Where it was said, unless the person looks there.
    async fn place_of(&self, message: &MessageView) -> String {
        if self.here.as_deref() == Some(&message.conversation) {
            return String::new();
        }
        let place = self.place(&message.conversation, Some(message)).await;
        self.paint.dim(&format!("[{}] ", visible(&place)))
    }

    async fn place(&self, conversation: &str, message: Option<&MessageView>) -> String {
        if let Some(room) = conversation.strip_prefix("room:") {
            return format!("#{}", self.names.room(room).await);
        }
        let other = message.and_then(|message| {
            if message.from == self.me { message.to.as_deref() } else { Some(&*message.from) }
        });
        match other {
            Some(other) if conversation.starts_with("dm:") => {
                format!("@{}", self.names.person(other).await)
            }
            _ if conversation == "lobby" => "everybody".to_owned(),
            _ => "this conversation".to_owned(),
        }
    }

    async fn happened(&self, notice: &MessageView) -> String {
        let who = self.names.person(&notice.from).await;
        let who = visible(&who);
        let (did, about) = match &notice.body {
            Body::Left { reason: Some(Leaving::Deleted) } => {
                return format!("{who} left: their account was deleted");
            }
            Body::Joined => return format!("{who} joined"),
            Body::Left { .. } => return format!("{who} left"),
            Body::Members { joined, left } => return turnover(*joined, *left),
            Body::Message(_)
            | Body::Edited(_)
            | Body::Deleted { .. }
            | Body::Reacted(_)
            | Body::Unknown => return who.into_owned(),
            Body::Kicked { about } => ("kicked", about),
            Body::Banned { about } => ("banned", about),
            Body::Unbanned { about } => ("unbanned", about),
            Body::Muted { about } => ("muted", about),
            Body::Unmuted { about } => ("unmuted", about),
            Body::Appointed { about, .. } => ("made", about),
        };
        let name = self.names.person(about).await;
        let role = match notice.body {
            Body::Appointed { role, .. } => role.map_or(" something else", role_words),
            _ => "",
        };
        format!("{who} {did} {}{role}", visible(&name))
    }
}

/// How people react to a message, behind it.
fn reactions(said: &Said) -> String {
    let shown = |it: &Reaction| {
        let own = if it.mine { "*" } else { "" };
        format!("  {}{own} {}", visible(&it.key), it.count)
    };
    said.reactions.iter().map(shown).collect()
}

/// How many came and went, in words.
fn turnover(joined: u64, left: u64) -> String {
    match (joined, left) {
        (joined, 0) => format!("{joined} joined"),
        (0, left) => format!("{left} left"),
        (joined, left) => format!("{joined} joined, {left} left"),
    }
}

fn role_words(role: Role) -> &'static str {
    match role {
        Role::Owner => " an owner",
        Role::Moderator => " a moderator",
        Role::Member => " a member",
    }
}

/// What to tell of a message that was refused.
pub(crate) fn not_said(content: &str, reason: &str) -> String {
    let beginning: String = content.chars().take(40).collect();
    let more = if beginning.len() < content.len() { "…" } else { "" };
    format!("not sent: {reason}: {beginning}{more}")
}

/// A room's topic behind its name, if it has one.
fn topic(topic: Option<&str>) -> String {
    let topic = topic.filter(|topic| !topic.is_empty());
    topic.map(|topic| format!(": {}", visible(topic))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::account::Account;
    use crate::addresses::Addresses;
    use crate::http::Http;
    use crate::options::Options;

    async fn check(kind: &str, role: Option<&str>, expected: &str) {
        let options = Options::parse_from(["chat", "--user", "alice"]);
        let addresses = Addresses::new(&options.url, options.http.as_deref()).unwrap();
        let account = Account::of(&options, Http::new(&addresses).unwrap()).unwrap();
        let lines = Lines::new(Paint::none(), Names::new(account), "alice");
        let notice = serde_json::from_value(serde_json::json!({
            "id": "1", "conversation": "room:7", "seq": 1, "kind": kind, "from": "alice",
            "about": "bob", "role": role, "joined": 12, "left": 3, "timestamp": "2026-01-01T00:00:00.000Z",
        }));
        assert_eq!(lines.happened(&notice.unwrap()).await, expected);
    }

    #[tokio::test]
    async fn what_moderators_do_is_told_once() {
        check("kicked", None, "alice kicked bob").await;
        check("appointed", Some("owner"), "alice made bob an owner").await;
        check("members", None, "12 joined, 3 left").await;
    }
}
