//! Why something failed, in few words that a client can act on.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::unknown;

/// Why something is forbidden, as a word that a client can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The caller is not in the room.
    NotAMember,
    /// The caller is muted in the room.
    Muted,
    /// The caller is banned from the room.
    Banned,
    /// The other person has blocked the caller.
    Blocked,
    /// The caller has blocked the other person.
    Blocking,
    /// The caller's role does not allow it.
    Role,
    /// It belongs to other people.
    NotYours,
    /// The request names two different people as the one who asks.
    TwoNames,
    /// Broadcasting is for others.
    Broadcast,
    /// The password is not the account's.
    Password,
    /// It is for keys that are good for it.
    Scope,
    /// The time to do it is over.
    TooLate,
}

impl Reason {
    /// Every reason there is.
    pub const ALL: [Self; 12] = [
        Self::NotAMember,
        Self::Muted,
        Self::Banned,
        Self::Blocked,
        Self::Blocking,
        Self::Role,
        Self::NotYours,
        Self::TwoNames,
        Self::Broadcast,
        Self::Password,
        Self::Scope,
        Self::TooLate,
    ];

    /// The word that the protocol uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotAMember => "not_a_member",
            Self::Muted => "muted",
            Self::Banned => "banned",
            Self::Blocked => "blocked",
            Self::Blocking => "blocking",
            Self::Role => "role",
            Self::NotYours => "not_yours",
            Self::TwoNames => "two_names",
            Self::Broadcast => "broadcast",
            Self::Password => "password",
            Self::Scope => "scope",
            Self::TooLate => "too_late",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAMember => "you are not in this room",
            Self::Muted => "you are muted here",
            Self::Banned => "you are banned from this room",
            Self::Blocked => "they have blocked you",
            Self::Blocking => "you have blocked them",
            Self::Role => "your role does not allow it",
            Self::NotYours => "this belongs to other people",
            Self::TwoNames => "the request says of two people that they are asking",
            Self::Broadcast => "broadcasting is for others",
            Self::Password => "this is not the account's password",
            Self::Scope => "this needs a key of another scope",
            Self::TooLate => "the time for it is over",
        })
    }
}

/// The few codes a client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ErrorCode {
    /// The request is malformed.
    BadRequest,
    /// Something is longer than allowed.
    TooLarge,
    /// The frame's `action` is unknown.
    UnknownAction,
    /// The request names nobody.
    Unauthorized,
    /// What is named does not exist.
    NotFound,
    /// The caller may not.
    Forbidden,
    /// The request contradicts what is stored.
    Conflict,
    /// Too much in too short a time.
    RateLimited,
    /// The server failed; the same request may succeed later. What is not known here counts as that.
    #[serde(other)]
    Internal,
}

/// What a client is told of a failure: the body of an error over HTTP, and the fields of an `error` frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What kind of mistake it was.
    pub code: ErrorCode,
    /// What to tell a developer.
    pub message: String,
    /// Why, if it is forbidden.
    #[serde(default, deserialize_with = "unknown::skip", skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The `id` of the frame, if it had one; never over HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Who has the username that was asked for; only over HTTP, and only told to keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// When the same request would be accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// The body of every HTTP answer that is an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorEnvelope {
    /// What went wrong.
    pub error: Refusal,
}
