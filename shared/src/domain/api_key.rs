//! Keys, with which somebody's own backend calls.

use std::collections::BTreeSet;
use std::fmt;

use protocol::Scope;
use uuid::Uuid;

use super::{Timestamp, UserId};
use crate::Error;

/// The name of a key, which stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId(Uuid);

impl KeyId {
    /// A new one.
    pub fn fresh() -> Self {
        Self(Uuid::now_v7())
    }

    /// Reads what [`Display`](fmt::Display) wrote, and nothing else.
    pub fn parse(id: &str) -> Option<Self> {
        Uuid::try_parse(id).ok().filter(|uuid| uuid.to_string() == id).map(Self)
    }

    /// Reads what [`simple`](Self::simple) wrote, and nothing else.
    pub fn from_simple(id: &str) -> Option<Self> {
        Uuid::try_parse(id).ok().filter(|uuid| uuid.simple().to_string() == id).map(Self)
    }

    /// The same without hyphens.
    pub fn simple(self) -> String {
        self.0.simple().to_string()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a key is good for: something at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Refuses a key that would be good for nothing.
    pub fn new(scopes: impl IntoIterator<Item = Scope>) -> Result<Self, Error> {
        let scopes: BTreeSet<_> = scopes.into_iter().collect();
        if scopes.is_empty() {
            return Err(Error::Invalid("`scopes` names one at least".into()));
        }
        Ok(Self(scopes))
    }

    /// Reads what [`Display`](fmt::Display) wrote; a word that is unknown is good for nothing.
    pub fn parse(words: &str) -> Self {
        let named = |word: &str| Scope::ALL.into_iter().find(|scope| scope.as_str() == word);
        Self(words.split(' ').filter_map(named).collect())
    }

    /// Whether a key of these is good for this.
    pub fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().map(Scope::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

/// A key, as it is kept: without what proves it.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Its id.
    pub id: KeyId,
    /// What it is called.
    pub name: String,
    /// What it is good for.
    pub scopes: Scopes,
    /// The user as whom it acts where it names nobody.
    pub bot: UserId,
    /// Who made it.
    pub by: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good, if not until it is deleted.
    pub expires_at: Option<Timestamp>,
}
