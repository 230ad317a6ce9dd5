//! Who takes part.

use std::fmt;

use percent_encoding::percent_decode_str;
use protocol::ids;
use serde::{Deserialize, Serialize, Serializer};

use super::name;
use crate::{Error, limits};

/// A user's id: 1 to 64 characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct UserId(String);

impl UserId {
    /// The most characters (not bytes) an id may have.
    pub const MAX_CHARS: usize = limits::USER_ID_CHARS;
    /// The most bytes it may have when it is percent-encoded: two of them must fit a sort key
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
    pub const MAX_ENCODED_BYTES: usize = 500;

    /// Takes `id` as it is kept: no trimming, no folding of case.
    pub fn parse(id: &str) -> Result<Self, Error> {
        if id.is_empty() {
            return Err(Error::Invalid("a user id may not be empty".into()));
        }
        if id.chars().count() > Self::MAX_CHARS {
            let limit = Self::MAX_CHARS;
            return Err(Error::Invalid(format!("a user id has at most {limit} characters")));
        }
        if id.chars().any(char::is_control) {
            return Err(Error::Invalid("a user id has no control characters".into()));
        }
        let user = Self(id.to_owned());
        if user.encoded().len() > Self::MAX_ENCODED_BYTES {
            return Err(Error::Invalid("a user id in this script has to be shorter".into()));
        }
        Ok(user)
    }

    /// Takes an id that somebody gives: one that others can read and a URL can carry.
    pub fn given(id: &str) -> Result<Self, Error> {
        name::shown("a user id", id)?;
        name::fits_path("a user id", id)?;
        Self::parse(id)
    }

    /// The id as people wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id percent-encoded, as it stands in keys and conversation ids: ASCII without `:` or `#`.
    pub fn encoded(&self) -> String {
        ids::encoded(&self.0)
    }

    /// The reverse of [`encoded`](Self::encoded).
    pub fn from_encoded(encoded: &str) -> Result<Self, Error> {
        let id = percent_decode_str(encoded)
            .decode_utf8()
            .map_err(|_| Error::Invalid("a user id is UTF-8".into()))?;
        Self::parse(&id)
    }
}

impl TryFrom<String> for UserId {
    type Error = Error;

    fn try_from(id: String) -> Result<Self, Error> {
        Self::given(&id)
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for UserId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(id: &str, accepted: bool) {
        assert_eq!(UserId::parse(id).is_ok(), accepted, "{id:?}");
    }

    #[test]
    fn one_to_64_characters_of_any_script() {
        check("a", true);
        check("", false);
        check(&"ü".repeat(64), true);
        check(&"ü".repeat(65), false);
        check("two words 👋", true);
        check(&"👋".repeat(41), true);
        check(&"👋".repeat(42), false);
    }

    #[test]
    fn control_characters_are_refused() {
        check("a\nb", false);
        check("a\u{0}", false);
        check("a\u{85}", false);
    }

    #[test]
    fn what_is_given_can_be_seen_and_stand_in_a_url() {
        for id in ["alice", "two words 👋", "..."] {
            assert!(UserId::given(id).is_ok(), "{id:?}");
        }
        for id in [".", "..", "ali\u{200b}ce", "alice\u{202e}", "a\nb"] {
            assert!(UserId::given(id).is_err(), "{id:?}");
        }
    }

    #[test]
    fn encoding_leaves_no_separator_and_comes_back() {
        for id in ["a:b#c/%", "ä ö", "x.y~z-_", "%3A", "💬"] {
            let user = UserId::parse(id).unwrap();
            assert!(!user.encoded().contains([':', '#', '/', ' ']), "{id}");
            assert_eq!(UserId::from_encoded(&user.encoded()).unwrap(), user);
        }
    }
}
