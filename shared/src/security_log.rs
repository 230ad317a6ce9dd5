//! What whoever looks after security wants to know, a line each, with the target `security`: the field
//! `event` says what happened. Never a token, a password or a name that somebody only typed.

use std::fmt::Display;

use crate::domain::{KeyId, Role, RoomId, Scopes, SessionId, UserId};

/// What every line has as its target.
pub const TARGET: &str = "security";

/// A refresh token was shown again after it had been exchanged: somebody else has it, so the session ended.
pub(crate) fn refresh_token_reused(user: &UserId, session: SessionId) {
    let session = session.to_string();
    tracing::warn!(target: TARGET, event = "refresh_token_reused", %user, session);
}

/// Somebody tried too often with the password of an account, which is known if it exists, or from an
/// address: until the quarter of an hour is over, everybody is refused there. Once for each.
pub(crate) fn locked_out(what: &'static str, user: Option<&UserId>, address: Option<&str>) {
    let user = user.map(tracing::field::display);
    tracing::warn!(target: TARGET, event = "locked_out", what, user, address);
}

/// Somebody ended all their sessions.
pub(crate) fn signed_out_everywhere(user: &UserId) {
    tracing::info!(target: TARGET, event = "signed_out_everywhere", %user);
}

/// Somebody has another password; their other sessions ended.
pub(crate) fn password_changed(user: &UserId) {
    tracing::info!(target: TARGET, event = "password_changed", %user);
}

/// An account is no more.
pub(crate) fn account_deleted(user: &UserId) {
    tracing::info!(target: TARGET, event = "account_deleted", %user);
}

/// Somebody may not come into a room any more.
pub(crate) fn banned(room: RoomId, by: &UserId, user: &UserId) {
    tracing::info!(target: TARGET, event = "banned", %room, %by, %user);
}

/// Somebody has another role in a room.
pub(crate) fn role_changed(room: RoomId, by: &UserId, user: &UserId, role: Role) {
    let role = role.as_str();
    tracing::info!(target: TARGET, event = "role_changed", %room, %by, %user, role);
}

/// A room is no more.
pub(crate) fn room_deleted(room: RoomId, by: &UserId) {
    tracing::info!(target: TARGET, event = "room_deleted", %room, %by);
}

/// Somebody's backend has a key from now on.
pub(crate) fn key_made(key: KeyId, by: &UserId, scopes: &Scopes) {
    tracing::info!(target: TARGET, event = "key_made", %key, %by, %scopes);
}

/// A key is good for nothing any more.
pub(crate) fn key_deleted(key: KeyId, by: &UserId) {
    tracing::info!(target: TARGET, event = "key_deleted", %key, %by);
}

/// A key was shown that is none, or is good no more, or is not good for this; its id, if it has one, is
/// what whoever shows it says.
pub(crate) fn key_refused(key: Option<KeyId>, why: &'static str) {
    let key = key.map(tracing::field::display);
    tracing::warn!(target: TARGET, event = "key_refused", key, why);
}

/// Tokens are signed by another key from now on, which has this name.
pub(crate) fn token_key_changed(key: impl Display) {
    tracing::info!(target: TARGET, event = "token_key_changed", %key);
}
