//! What is said.

use std::fmt;

use uuid::Uuid;

use super::said::{ReactionKey, Said, Wording};
use super::{ConversationId, Leaving, Role, Seq, Timestamp, UserId};
use crate::{Error, limits};

/// The name a sender gives a message, so that sending twice is sending once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MessageId(String);

impl MessageId {
    /// The most characters (not bytes) an id may have.
    pub const MAX_CHARS: usize = limits::ID_CHARS;

    /// Accepts 1 to 128 characters, none of them a control character; a UUIDv7 serves best.
    pub fn parse(id: &str) -> Result<Self, Error> {
        let chars = id.chars().count();
        if !(1..=Self::MAX_CHARS).contains(&chars) || id.chars().any(char::is_control) {
            let limit = Self::MAX_CHARS;
            return Err(Error::Invalid(format!(
                "an id has 1 to {limit} characters, none of them a control character"
            )));
        }
        Ok(Self(id.to_owned()))
    }

    /// A new id, made `now`, for a message whose sender gave none.
    pub fn fresh(now: Timestamp) -> Self {
        let random: [u8; 16] = Uuid::new_v4().into_bytes();
        let random = random.first_chunk().expect("sixteen are more than ten");
        Self(protocol::ids::message(now, *random))
    }

    /// The id as the sender wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// When the id was made by the sender's clock, if it is a UUIDv7
    /// (<https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7>).
    pub fn made_at(&self) -> Option<Timestamp> {
        let uuid = Uuid::try_parse(&self.0).ok().filter(|uuid| uuid.get_version_num() == 7)?;
        let (seconds, nanos) = uuid.get_timestamp()?.to_unix();
        let millis = i64::try_from(seconds).ok()?.checked_mul(1000)?;
        Some(Timestamp::from_millis(millis + i64::from(nanos / 1_000_000)))
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text of a message: at least one byte of UTF-8, at most the configured number.
#[derive(Clone, PartialEq, Eq)]
pub struct Content(String);

impl Content {
    /// The most bytes it may have as JSON: with its envelope it must fit one 32 KB frame.
    pub const MAX_ENCODED_BYTES: usize = 30 * 1024;

    /// Takes any text that is not empty and not longer than `limit` bytes.
    pub fn parse(text: &str, limit: usize) -> Result<Self, Error> {
        if text.is_empty() {
            return Err(Error::Invalid("`content` may not be empty".into()));
        }
        if text.len() > limit {
            return Err(Error::TooLarge { what: "content", limit });
        }
        let encoded = serde_json::to_string(text).map_or(usize::MAX, |json| json.len());
        if encoded > Self::MAX_ENCODED_BYTES {
            return Err(Error::TooLarge {
                what: "content, as JSON,",
                limit: Self::MAX_ENCODED_BYTES,
            });
        }
        Ok(Self(text.to_owned()))
    }

    /// Takes text back from the table, where only checked text is kept.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Message text never reaches a log, so only its length shows.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes)", self.0.len())
    }
}

/// What a message is: something said, an event about something said, or a notice that the server left in the
/// log.
#[expect(clippy::large_enum_variant, reason = "most are said")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageBody {
    /// Somebody said it.
    Said(Said),
    /// Something became of what was said.
    Event(Event),
    /// What happened in a room.
    Notice(Notice),
    /// What a later version of this program left: it has its number, and nobody shows it.
    Unknown,
}

/// What became of something that was said: an entry of the log by itself, while the message keeps its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The message's number.
    pub of: Seq,
    /// What became of it.
    pub change: Change,
}

/// What an event does to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It says something else; what, a later event has taken away if there is nothing.
    Edited(Option<Wording>),
    /// Somebody took it back.
    Deleted,
    /// Somebody reacts to it, or does not any more.
    Reacted {
        /// With what.
        key: ReactionKey,
        /// Whether they do.
        on: bool,
        /// How many do now.
        count: u64,
    },
    /// Somebody pinned it, or it is not pinned any more.
    Pinned {
        /// Whether it is.
        on: bool,
    },
}

impl MessageBody {
    /// What somebody said, if it is that.
    pub fn said(&self) -> Option<&Said> {
        match self {
            Self::Said(said) => Some(said),
            Self::Event(_) | Self::Notice(_) | Self::Unknown => None,
        }
    }

    /// The message that it is about, if it is an event.
    pub fn of(&self) -> Option<Seq> {
        match self {
            Self::Event(event) => Some(event.of),
            Self::Said(_) | Self::Notice(_) | Self::Unknown => None,
        }
    }

    /// Whether it counts as something new to read.
    pub fn is_unread(&self) -> bool {
        self.said().is_some_and(|said| said.deleted.is_none())
    }

    /// Whether people do it, and might do too much of it.
    pub fn is_limited(&self) -> bool {
        matches!(self, Self::Said(_) | Self::Event(_))
    }
}

/// What happened in a room; the message's sender did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// They joined.
    Joined,
    /// They left; why, if they did not ask to.
    Left(Option<Leaving>),
    /// They put somebody out.
    Kicked(UserId),
    /// They banned somebody.
    Banned(UserId),
    /// They ended a ban.
    Unbanned(UserId),
    /// They muted somebody.
    Muted(UserId),
    /// They ended a mute.
    Unmuted(UserId),
    /// They gave somebody another role.
    Appointed(UserId, Role),
    /// In a large room so many came and went, they among them.
    Members(Turnover),
}

/// How many people came into a room and went out of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turnover {
    /// How many joined.
    pub joined: u64,
    /// How many left.
    pub left: u64,
}

/// A message as the log keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where it was said.
    pub conversation: ConversationId,
    /// Its place there.
    pub seq: Seq,
    /// The sender's name for it.
    pub id: MessageId,
    /// Who said it, or did what a notice tells.
    pub from: UserId,
    /// What it is.
    pub body: MessageBody,
    /// When the server stored it; within a conversation it never falls.
    pub sent_at: Timestamp,
    /// Whether the table's stream brings it to its recipients, and not its sender's invocation.
    pub by_stream: bool,
    /// Whether the table has let go of it, and it was read from the archive.
    pub archived: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_7_uuid_tells_when_it_was_made() {
        let id = MessageId::parse("0192b4e0-7c00-7000-8000-000000000000").unwrap();
        assert_eq!(id.made_at(), Some(Timestamp::from_millis(0x0192_b4e0_7c00)));
        let random = MessageId::parse("7f1c2d3e-0000-4000-8000-000000000000").unwrap();
        assert_eq!(random.made_at(), None);
        assert_eq!(MessageId::parse("1").unwrap().made_at(), None);
    }

    #[test]
    fn content_is_measured_in_bytes() {
        assert!(Content::parse("ü", 2).is_ok());
        assert!(matches!(Content::parse("üa", 2), Err(Error::TooLarge { limit: 2, .. })));
        assert!(Content::parse("", 2).is_err());
    }

    #[test]
    fn message_text_never_shows_in_debug_output() {
        let content = Content::parse("secret", 10).unwrap();
        assert_eq!(format!("{content:?}"), "Content(6 bytes)");
    }
}
