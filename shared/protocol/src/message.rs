//! What a conversation consists of.

use serde::{Deserialize, Serialize};

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

/// What a message is, told apart by its `kind`: text, or a notice that the server left.
///
/// Events about other messages will be a third kind: whoever does not know a kind skips the message, but
/// not its number.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, strum::VariantNames)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Body {
    /// Somebody said it.
    Message {
        /// What was said.
        content: String,
    },
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
    /// What was said, if anything was.
    pub fn content(&self) -> Option<&str> {
        match self {
            Self::Message { content } => Some(content),
            _ => None,
        }
    }
}

/// Message text never reaches a log, so only the kind shows.
impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Message { content } => write!(f, "Message({} bytes)", content.len()),
            notice => f.write_str(&serde_json::to_string(notice).unwrap_or_default()),
        }
    }
}

impl MessageView {
    /// How many bytes of JSON the message takes.
    pub fn encoded_len(&self) -> usize {
        serde_json::to_string(self).map_or(0, |json| json.len())
    }
}
