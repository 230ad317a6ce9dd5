//! What a conversation consists of.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Role, Seq, Timestamp, unknown};

/// A message as clients see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageView {
    /// The sender's name for it.
    pub id: String,
    /// Where it was said.
    pub conversation: String,
    /// Its place there.
    pub seq: Seq,
    /// Who said it, or did what a notice tells.
    pub from: String,
    /// Who it was said to, in a direct conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The room it was said in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// What it is.
    #[serde(flatten)]
    pub body: Body,
    /// When it was stored.
    pub timestamp: Timestamp,
    /// How far it got; only where it was looked up.
    #[serde(default, deserialize_with = "unknown::skip", skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Whether it has expired, and was read from the archive.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
}

/// What a message is, told apart by its `kind`: something said, an event about something said, or a notice
/// that the server left.
///
/// Whoever does not know a kind skips the message, but not its number.
#[expect(clippy::large_enum_variant, reason = "most are messages")]
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, strum::VariantNames)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Body {
    /// Somebody said it.
    Message(Said),
    /// Its sender said something else than before.
    Edited(Edited),
    /// Its sender took something back that was said.
    Deleted {
        /// Which message.
        of: Seq,
    },
    /// Its sender reacted to something, or does not any more.
    Reacted(Reacted),
    /// Its sender pinned something, or it is not pinned any more.
    Pinned(Pinned),
    /// Its sender joined the room.
    Joined,
    /// Its sender left the room.
    Left {
        /// Why, if not because they wanted to.
        #[serde(
            default,
            deserialize_with = "unknown::skip",
            skip_serializing_if = "Option::is_none"
        )]
        reason: Option<Leaving>,
    },
    /// Its sender put somebody out of the room.
    Kicked {
        /// Whom.
        about: String,
    },
    /// Its sender banned somebody from the room.
    Banned {
        /// Whom.
        about: String,
    },
    /// Its sender ended a ban.
    Unbanned {
        /// Whose.
        about: String,
    },
    /// Its sender muted somebody.
    Muted {
        /// Whom.
        about: String,
    },
    /// Its sender ended a mute.
    Unmuted {
        /// Whose.
        about: String,
    },
    /// Its sender gave somebody another role.
    Appointed {
        /// Whom.
        about: String,
        /// Which.
        #[serde(
            default,
            deserialize_with = "unknown::skip",
            skip_serializing_if = "Option::is_none"
        )]
        role: Option<Role>,
    },
    /// So many came and went lately in a large room; its sender was the last of them.
    Members {
        /// How many joined.
        joined: u64,
        /// How many left.
        left: u64,
    },
    /// What only a later version knows.
    #[serde(other)]
    Unknown,
}

/// What somebody said, with every event about it up to `revised`; whoever has two copies of a message keeps
/// the one with the greater `revised`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The text; empty if it is deleted.
    pub content: String,
    /// What the sender's program keeps with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Map<String, Value>>,
    /// What it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Quote>,
    /// Whom it calls, by their ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
    /// Whether it calls everybody.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mentions_everyone: bool,
    /// The number of the last event about it that is in this copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revised: Option<Seq>,
    /// When it was edited last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    /// When it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// Who deleted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_by: Option<String>,
    /// How people reacted to it, in the order in which that began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// Since when it is pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned_at: Option<Timestamp>,
    /// Who pinned it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned_by: Option<String>,
}

/// What a message answers, as far as it is known and the reader's to see.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Which message.
    pub seq: Seq,
    /// Who said it; unknown if it is gone, or not for the reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// How it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// The number of the last event about it that is in this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revised: Option<Seq>,
    /// Whether it is deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

impl Quote {
    /// The most characters of a message that are quoted.
    pub const CHARS: usize = 200;

    /// How something begins that was said.
    pub fn beginning(content: &str) -> String {
        content.chars().take(Self::CHARS).collect()
    }
}

/// How some people reacted to a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// With what.
    pub key: String,
    /// How many did.
    pub count: u64,
    /// Some of them.
    #[serde(default)]
    pub users: Vec<String>,
    /// Whether the reader is one of them, where the reader is known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mine: bool,
}

impl Reaction {
    /// How many of the people are named.
    pub const NAMED: usize = 5;
}

/// What somebody says now instead of what they said: all of it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    /// Which message.
    pub of: Seq,
    /// The text; none if a later event has taken its place, and this is to be skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// What the sender's program keeps with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Map<String, Value>>,
    /// Whom it calls, by their ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
    /// Whether it calls everybody.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mentions_everyone: bool,
}

/// What a message said for a while, before it was edited.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The text.
    pub content: String,
    /// What the sender's program kept with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Map<String, Value>>,
    /// Whom it called, by their ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
    /// Whether it called everybody.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mentions_everyone: bool,
    /// Since when it said that.
    pub since: Timestamp,
}

/// That somebody reacted to a message, or does not any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reacted {
    /// Which message.
    pub of: Seq,
    /// With what.
    pub key: String,
    /// Whether they do.
    pub on: bool,
    /// How many do now.
    pub count: u64,
}

/// That somebody pinned a message, or that it is not pinned any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinned {
    /// Which message.
    pub of: Seq,
    /// Whether it is pinned.
    pub on: bool,
}

/// Why somebody left a room who did not ask to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leaving {
    /// Their account was deleted.
    Deleted,
}

/// How far a message got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is kept, and waits for its recipient.
    Sent,
    /// A connection of its recipient took it.
    Delivered,
    /// Its recipient has read it.
    Read,
}

impl Body {
    /// Something that is said.
    pub fn text(content: impl Into<String>) -> Self {
        Self::Message(Said { content: content.into(), ..Said::default() })
    }

    /// What was said, if anything was.
    pub fn said(&self) -> Option<&Said> {
        match self {
            Self::Message(said) => Some(said),
            _ => None,
        }
    }

    /// Its text.
    pub fn content(&self) -> Option<&str> {
        self.said().map(|said| said.content.as_str())
    }

    /// Which message it is about, if it is an event.
    pub fn of(&self) -> Option<Seq> {
        match self {
            Self::Edited(Edited { of, .. })
            | Self::Deleted { of }
            | Self::Reacted(Reacted { of, .. })
            | Self::Pinned(Pinned { of, .. }) => Some(*of),
            _ => None,
        }
    }
}

/// Message text never reaches a log, so only the kind shows.
impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Message(said) => said.fmt(f),
            Self::Edited(edited) => edited.fmt(f),
            notice => f.write_str(&serde_json::to_string(notice).unwrap_or_default()),
        }
    }
}

/// Message text never reaches a log, so only its length shows.
impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { content, reply_to, revised, reactions, .. } = self;
        write!(f, "Message({} bytes, {reply_to:?}, {revised:?}, {reactions:?})", content.len())
    }
}

/// Message text never reaches a log, so only its length shows.
impl std::fmt::Debug for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Version({} bytes, {})", self.content.len(), self.since)
    }
}

/// Message text never reaches a log, so only its number shows.
impl std::fmt::Debug for Quote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { seq, revised, deleted, .. } = self;
        write!(f, "Quote({seq}, {revised:?}, {deleted})")
    }
}

/// Message text never reaches a log, so only its length shows.
impl std::fmt::Debug for Edited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = self.content.as_ref().map(String::len);
        write!(f, "Edited({}, {bytes:?} bytes)", self.of)
    }
}

impl MessageView {
    /// How many bytes of JSON the message takes.
    pub fn encoded_len(&self) -> usize {
        serde_json::to_string(self).map_or(0, |json| json.len())
    }
}
