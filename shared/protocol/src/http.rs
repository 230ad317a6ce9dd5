//! What the HTTP API answers, beside messages and rooms.

use secrecy::SecretString;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::{MessageView, Presence, RoomView, Seq, SettingsView, Timestamp};

/// Somebody, as they show themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Person {
    /// With an account.
    Known {
        /// Their id, which never changes.
        id: String,
        /// What they are addressed by, if not by the id.
        username: Option<String>,
        /// What they like to be called.
        display_name: Option<String>,
        /// Whatever the application keeps with them.
        metadata: Option<Map<String, Value>>,
        /// Since when.
        created_at: Timestamp,
    },
    /// In open mode: a name.
    Named {
        /// The name.
        id: String,
    },
}

impl Person {
    /// Their id.
    pub fn id(&self) -> &str {
        let (Self::Known { id, .. } | Self::Named { id }) = self;
        id
    }

    /// What they are addressed by, if not by the id.
    pub fn username(&self) -> Option<&str> {
        match self {
            Self::Known { username, .. } => username.as_deref(),
            Self::Named { .. } => None,
        }
    }
}

/// Whoever has signed in, and the tokens that prove it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tokens {
    /// Who.
    pub user: Person,
    /// Opens connections and signs requests for as long as it is good.
    #[serde(serialize_with = "expose")]
    pub access_token: SecretString,
    /// Gets the next two tokens, once.
    #[serde(serialize_with = "expose")]
    pub refresh_token: SecretString,
    /// Always `Bearer`.
    pub token_type: String,
    /// For how many seconds the access token is good.
    pub expires_in: u64,
}

/// What opens one WebSocket.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ticket {
    /// It goes into the URL.
    #[serde(serialize_with = "expose")]
    pub ticket: SecretString,
    /// For how many seconds it is good.
    pub expires_in: u64,
}

/// Only on its way to whom it belongs.
pub(crate) fn expose<S: Serializer>(
    secret: &SecretString,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secrecy::ExposeSecret::expose_secret(secret))
}

/// A conversation that one takes part in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationView {
    /// Its id.
    pub conversation: String,
    /// The other person of a direct conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
    /// The room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomName>,
    /// Since when one takes part.
    pub joined_at: Timestamp,
    /// What was said last.
    pub last_message: Option<MessageView>,
    /// How many messages of others one has not read; no more than 100 are counted.
    pub unread: usize,
    /// How many of these call one.
    #[serde(default)]
    pub mentions: usize,
    /// The last message that one has read.
    pub read_seq: Seq,
    /// What one has decided about it.
    #[serde(default)]
    pub settings: SettingsView,
}

/// A room in a list of conversations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomName {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// Whether somebody is there whose coming and going one is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceView {
    /// Who.
    pub user: String,
    /// Whether they are there.
    pub status: Presence,
    /// When they last went.
    pub last_seen: Option<Timestamp>,
}

/// A room that one is asked to join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The room.
    pub room: RoomView,
    /// Who asks.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
}

/// Somebody who may not join a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// Who.
    pub user: String,
    /// Who decided it.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
}

/// Somebody whom one has blocked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Who.
    pub user: String,
    /// Since when.
    pub since: Timestamp,
}

/// Somebody who is online.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnlineUser {
    /// Who.
    pub user: String,
    /// Since when the oldest of their connections stands.
    pub connected_at: Timestamp,
}
