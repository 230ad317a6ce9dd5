//! People with accounts, and their sessions.

use std::fmt;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Timestamp, UserId, Username};

/// The name of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionId(pub(crate) Uuid);

impl SessionId {
    /// A new one.
    pub fn fresh() -> Self {
        Self(Uuid::new_v4())
    }

    /// Reads what [`Display`](fmt::Display) wrote.
    pub fn parse(id: &str) -> Option<Self> {
        Uuid::try_parse(id).ok().map(Self)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Somebody, as they show themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Their id, which never changes.
    pub user: UserId,
    /// What they are addressed by, if not by the id.
    pub username: Option<Username>,
    /// What they like to be called.
    pub display_name: Option<String>,
    /// Whatever the application keeps with them.
    pub metadata: Option<Map<String, Value>>,
    /// Since when.
    pub created_at: Timestamp,
}
