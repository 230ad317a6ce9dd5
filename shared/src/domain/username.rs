//! The names people sign in with and are addressed by.
//!
//! A name is one in any script, so it must not be mistaken for another's: of names that look alike
//! (`alice`, `Alice`, `aIice` with a capital i, `аlice` with a Cyrillic а) only one person has one, as
//! [`name`] tells. Beyond that the rules are Unicode's and the IETF's: usernames of RFC 8265
//! (<https://www.rfc-editor.org/rfc/rfc8265>) whose characters UTS 39 allows in identifiers, of one
//! script (<https://www.unicode.org/reports/tr39/>).

use std::fmt;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use precis_core::profile::PrecisFastInvocation;
use precis_profiles::UsernameCasePreserved;
use serde::{Serialize, Serializer};
use unicode_security::{GeneralSecurityProfile, MixedScript};
use uuid::Uuid;

use super::name::{self, Keys};
use crate::{Error, limits};

/// A name as its owner spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// The most characters a name may have.
    pub const MAX_CHARS: usize = limits::USERNAME_CHARS;

    /// Takes letters and digits of one script, and `.`, `_` or `-` between them.
    pub fn parse(name: &str) -> Result<Self, Error> {
        let refused = |why: &str| Error::Invalid(format!("a username {why}"));
        if name.chars().count() > Self::MAX_CHARS {
            return Err(refused(&format!("has at most {} characters", Self::MAX_CHARS)));
        }
        let name = UsernameCasePreserved::enforce(name)
            .map_err(|_| refused("has only letters, digits, `.`, `_` and `-`"))?;
        let punctuation = |char: char| matches!(char, '.' | '_' | '-');
        let fits =
            |char: char| punctuation(char) || (char.is_alphanumeric() && char.identifier_allowed());
        if name.is_empty() || !name.chars().all(fits) {
            return Err(refused("has only letters, digits, `.`, `_` and `-`"));
        }
        if name.starts_with(punctuation) || name.ends_with(punctuation) {
            return Err(refused("begins and ends with a letter or a digit"));
        }
        if !name.is_single_script() {
            return Err(refused("is of one script"));
        }
        if Uuid::try_parse(&name).is_ok() {
            return Err(refused("does not look like an id"));
        }
        Ok(Self(name.into_owned()))
    }

    /// The name as its owner spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What all names share by which the same person is found.
    pub fn key(&self) -> String {
        self.keys().found.into_iter().next().unwrap_or_default()
    }

    /// What reserves the name: it is found by what all names that look like it share.
    pub fn keys(&self) -> Keys {
        // The second is how names were found before their case was folded in full.
        let found = [name::look(&name::folded(&self.0)), name::look(&self.0)];
        let encoded = |key: String| utf8_percent_encode(&key, NON_ALPHANUMERIC).to_string();
        Keys::new(found.map(encoded), name::looks(&self.0).into_iter().map(encoded))
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Username {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn accepted(name: &str, expected: bool) {
        assert_eq!(Username::parse(name).is_ok(), expected, "{name:?}");
    }

    #[track_caller]
    fn alike(one: &str, other: &str, expected: bool) {
        let all = |name| {
            let Keys { found, alike } = Username::parse(name).unwrap().keys();
            [found, alike].concat()
        };
        let shared = all(one).iter().any(|key| all(other).contains(key));
        assert_eq!(shared, expected, "{one:?} and {other:?}");
    }

    #[test]
    fn letters_and_digits_of_one_script() {
        for name in ["a", "alice", "Alice-2", "a.b_c", "Jörg", "Ольга", "田中太郎", "مريم"]
        {
            accepted(name, true);
        }
        for name in ["", " alice", "al ice", "a:b", "a#b", "a@b", "<b>", ".alice", "alice-", "a\nb"]
        {
            accepted(name, false);
        }
        accepted(&"x".repeat(32), true);
        accepted(&"x".repeat(33), false);
    }

    #[test]
    fn mixed_scripts_invisible_characters_and_ids_are_none() {
        for name in ["p\u{430}ypal", "ali\u{200b}ce", "alice\u{202e}", "👋"] {
            accepted(name, false);
        }
        accepted("0192b4e0-7c00-7000-8000-000000000000", false);
        accepted("0192B4E07C0070008000000000000000", false);
    }

    #[test]
    fn names_that_look_alike_are_the_same() {
        alike("alice", "ALICE", true);
        alike("paul", "pau1", true);
        alike("bob", "b0b", true);
        alike("сор", "cop", true);
        alike("Straße", "STRASSE", true);
        alike("alice", "aIice", true);
        alike("TOM", "ТОМ", true);
        alike("alice", "alicia", false);
        alike("modern", "modem", true);
    }

    #[test]
    fn a_name_is_found_where_the_rule_before_put_it() {
        let keys = Username::parse("Straße").unwrap().keys();
        assert_eq!(keys.found, ["strasse", "stra%C3%9Fe"]);
        assert_eq!(Username::parse("Alice").unwrap().keys().found, ["alice"]);
        assert_eq!(Username::parse("b0b").unwrap().keys().found, ["bob"]);
    }
}
