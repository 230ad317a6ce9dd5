//! Keys, with which somebody's own backend calls.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::http::expose;

/// What a key is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Makes users, looks them up, and mints tokens for them.
    Users,
    /// Says something, as its bot or as anybody.
    Send,
    /// May in every room what an owner may.
    Moderate,
    /// Deletes people, with all that is kept of them.
    Erase,
}

impl Scope {
    /// Every scope there is.
    pub const ALL: [Self; 4] = [Self::Users, Self::Send, Self::Moderate, Self::Erase];

    /// The word that the table and the protocol use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Send => "send",
            Self::Moderate => "moderate",
            Self::Erase => "erase",
        }
    }
}

/// A key, as operators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyView {
    /// Its id, which stands in it.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it is good for.
    pub scopes: Vec<Scope>,
    /// The user as whom it acts where it names nobody.
    pub bot: String,
    /// Who made it.
    pub by: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it ends by itself, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// A key that has just been made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewApiKey {
    /// What is kept of it.
    #[serde(flatten)]
    pub described: ApiKeyView,
    /// The key itself, which nobody is shown again.
    #[serde(serialize_with = "expose")]
    pub key: SecretString,
}

/// A token that a key has minted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MintedToken {
    /// For whom.
    pub user: crate::Person,
    /// Opens connections and signs requests for as long as it is good.
    #[serde(serialize_with = "expose")]
    pub access_token: SecretString,
    /// Always `Bearer`.
    pub token_type: String,
    /// For how many seconds it is good.
    pub expires_in: u64,
}
