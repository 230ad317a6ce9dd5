//! What else happens, in words: who comes and goes, what becomes of rooms, and where that is.

use client::Event;
use protocol::{Body, Leaving, MessageView, Presence, Role};

use super::Lines;
use crate::text::visible;

impl Lines {
    /// What else happened, in words.
    pub(super) async fn news(&mut self, event: Event) -> Option<String> {
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

    /// What a notice tells.
    pub(super) async fn happened(&self, notice: &MessageView) -> String {
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
            | Body::Pinned(_)
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

    /// Where something is said.
    pub(super) async fn place(&self, conversation: &str, message: Option<&MessageView>) -> String {
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

/// A room's topic behind its name, if it has one.
fn topic(topic: Option<&str>) -> String {
    let topic = topic.filter(|topic| !topic.is_empty());
    topic.map(|topic| format!(": {}", visible(topic))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::lines::tests::lines;
    use crate::paint::Paint;

    async fn check(kind: &str, role: Option<&str>, expected: &str) {
        let lines = lines(Paint::none());
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
