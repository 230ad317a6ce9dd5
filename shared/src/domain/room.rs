//! Rooms: conversations that people join and leave.

use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use super::name::{self, Keys, Reserved};
use super::{Access, ConversationId, RoomHistory, Seq, Timestamp, UserId};
use crate::{Error, limits};

/// A room's id: a GUID, which no name can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(Uuid);

impl RoomId {
    /// A new room's id.
    pub fn fresh() -> Self {
        Self(Uuid::now_v7())
    }

    /// Reads a GUID in its usual spelling; `None` for anything else.
    pub fn parse(id: &str) -> Option<Self> {
        Uuid::try_parse(id).ok().filter(|uuid| uuid.to_string() == id).map(Self)
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for RoomId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// How a refusal begins.
const WHAT: &str = "a room's name";
/// The conversation of everybody is called so.
static RESERVED: LazyLock<Reserved> = LazyLock::new(|| Reserved::parse("lobby"));

/// What people call a room: unique among rooms, whatever the case of its letters or their look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomName(String);

impl RoomName {
    /// The most characters (not bytes) a name may have.
    pub const MAX_CHARS: usize = limits::ROOM_NAME_CHARS;

    /// Accepts 1 to 64 characters as [`name::shown`] does, and in normal form; a step in a path is no
    /// name, nor is a GUID, nor what looks like the lobby.
    pub fn parse(typed: &str) -> Result<Self, Error> {
        let shown = name::shown(WHAT, typed)?;
        if !(1..=Self::MAX_CHARS).contains(&shown.chars().count()) {
            let most = Self::MAX_CHARS;
            return Err(Error::Invalid(format!("{WHAT} has 1 to {most} characters")));
        }
        name::fits_path(WHAT, &shown)?;
        if Uuid::try_parse(&shown).is_ok() {
            return Err(Error::Invalid(format!("{WHAT} may not look like a room's id")));
        }
        if RESERVED.has(&shown) {
            return Err(Error::Conflict("this name is reserved"));
        }
        Ok(Self(shown))
    }

    /// The name that the table keeps, whatever rule it was made by.
    pub fn stored(name: String) -> Self {
        Self(name)
    }

    /// The name as its room shows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where the name stands in lists of rooms.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }

    /// What reserves the name.
    pub fn keys(&self) -> Keys {
        Keys::new(found_under(&self.0), name::looks(&self.0))
    }

    /// Where a room is sought that somebody calls so; nowhere if no room can be called so.
    pub fn sought(typed: &str) -> Vec<String> {
        let as_typed = typed.trim().to_lowercase();
        if as_typed.is_empty() || typed.chars().count() > 2 * Self::MAX_CHARS {
            return Vec::new();
        }
        let shown = name::shown(WHAT, typed).map(|shown| found_under(&shown));
        // As it was typed a room has its name that was made before names had a normal form.
        Keys::new(shown.into_iter().flatten().chain([as_typed]), []).found
    }

    /// Reads the place in a list that [`folded`](Self::folded) gave, which may be longer than a name.
    pub fn read_place(place: &str) -> Result<String, Error> {
        if place.is_empty() || place.chars().count() > 3 * Self::MAX_CHARS {
            return Err(Error::Invalid("no room has this place".into()));
        }
        Ok(place.to_owned())
    }
}

/// Where rooms of this name are: by its case folding, and where the rules before put them, in small
/// letters of either normal form.
fn found_under(shown: &str) -> [String; 3] {
    let small = shown.to_lowercase();
    let apart = small.nfd().collect();
    [name::folded(shown), small, apart]
}

/// A room as the table keeps it.
#[derive(Clone, Debug)]
pub struct Room {
    /// Its id.
    pub id: RoomId,
    /// Its name.
    pub name: RoomName,
    /// What it is about.
    pub topic: Option<String>,
    /// Whatever its creator wants to keep with it.
    pub metadata: Option<Map<String, Value>>,
    /// Who may find and join it.
    pub access: Access,
    /// What people who join may read of what was said before.
    pub history: RoomHistory,
    /// The last message that is hidden from them all the same: it was said while the room was private.
    pub hidden: Option<Seq>,
    /// How many days what is said in it is kept; as long as everybody's if nothing else is said.
    pub retention_days: Option<u32>,
    /// Who made it.
    pub creator: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many people are in it.
    pub members: u64,
    /// When its log last told how many had come and gone, if it is or was large.
    pub told_at: Option<Timestamp>,
}

impl Room {
    /// The longest topic, in characters.
    pub const MAX_TOPIC_CHARS: usize = limits::TOPIC_CHARS;
    /// The most metadata, in bytes of JSON.
    pub const MAX_METADATA_BYTES: usize = limits::METADATA_BYTES;

    /// The longest that a room may say how long what is said in it is kept, in days.
    pub const MOST_RETENTION_DAYS: u32 = 36_500;

    /// Refuses to keep what is said for no time, or for longer than `stage`, as long as everybody's is kept.
    pub fn check_retention(days: Option<u32>, stage: Option<Duration>) -> Result<(), Error> {
        let stage = stage.and_then(|kept| u32::try_from(kept.as_secs() / (24 * 60 * 60)).ok());
        let most = stage.unwrap_or(Self::MOST_RETENTION_DAYS).min(Self::MOST_RETENTION_DAYS);
        if days.is_some_and(|days| !(1..=most).contains(&days)) {
            return Err(Error::Invalid(format!("`retention_days` is 1 to {most}")));
        }
        Ok(())
    }

    /// Refuses topics and metadata that are too long.
    pub fn check(topic: Option<&str>, metadata: Option<&Map<String, Value>>) -> Result<(), Error> {
        if topic.is_some_and(|topic| topic.chars().count() > Self::MAX_TOPIC_CHARS) {
            let limit = Self::MAX_TOPIC_CHARS;
            return Err(Error::Invalid(format!("`topic` has at most {limit} characters")));
        }
        let size =
            metadata.map(serde_json::to_string).map_or(0, |json| json.map_or(0, |it| it.len()));
        if size > Self::MAX_METADATA_BYTES {
            return Err(Error::TooLarge { what: "metadata", limit: Self::MAX_METADATA_BYTES });
        }
        Ok(())
    }

    /// Whether people see nothing else of it than of `other`, but for who is in it.
    pub fn looks_like(&self, other: &Self) -> bool {
        let shown = |room: &Self| {
            (
                room.name.clone(),
                room.topic.clone(),
                room.metadata.clone(),
                room.access,
                room.history,
                room.retention_days,
            )
        };
        shown(self) == shown(other)
    }

    /// The conversation that its members share.
    pub fn conversation(&self) -> ConversationId {
        ConversationId::Room(self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, expected: Option<&str>) {
        let name = RoomName::parse(typed).ok();
        assert_eq!(name.as_ref().map(RoomName::as_str), expected, "{typed:?}");
    }

    #[test]
    fn names_are_short_plain_and_no_guids() {
        check("  general ", Some("general"));
        check("Über uns 👋", Some("Über uns 👋"));
        check("", None);
        check("   ", None);
        check("a\nb", None);
        check(&"x".repeat(65), None);
        check("0192b4e0-7c00-7000-8000-000000000000", None);
        check("0192B4E07C0070008000000000000000", None);
        check("..", None);
        check("Lobby", None);
        check("al\u{202e}ice", None);
        check("cafe\u{301}", Some("caf\u{e9}"));
    }

    #[test]
    fn a_room_is_found_where_it_was_put_by_any_rule() {
        let found = |typed| RoomName::parse(typed).unwrap().keys().found;
        assert_eq!(found("General"), ["general"]);
        assert_eq!(RoomName::sought("GENERAL"), ["general"]);
        for typed in ["Straße", "STRASSE"] {
            assert_eq!(RoomName::sought(typed)[0], "strasse");
        }
        let decomposed = "cafe\u{301}";
        assert_eq!(RoomName::sought(decomposed), ["caf\u{e9}", decomposed]);
        assert!(found("caf\u{e9}").contains(&decomposed.to_owned()));
        assert_eq!(RoomName::sought("a\u{200b}b"), ["a\u{200b}b"]);
    }

    #[test]
    fn only_the_usual_spelling_is_an_id() {
        let id = RoomId::fresh();
        assert_eq!(RoomId::parse(&id.to_string()), Some(id));
        assert_eq!(RoomId::parse(&id.to_string().to_uppercase()), None);
        assert_eq!(RoomId::parse("general"), None);
    }
}
