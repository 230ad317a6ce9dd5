//! What the server accepts, as `welcome` tells it.

use std::time::Duration;

use serde::Serialize;

/// What the server accepts.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Limits {
    /// The longest message text, in bytes of UTF-8.
    pub content_bytes: usize,
    /// The longest frame, in bytes.
    pub frame_bytes: usize,
    /// The most messages on one page of history.
    pub history_page: usize,
    /// The most conversations that one `sync` names.
    pub conversations_per_sync: usize,
    /// How many messages one may say in one second; 0 for any number.
    pub messages_per_second: usize,
    /// How many notices one may cause in a room in one minute; 0 for any number.
    pub notices_per_minute: usize,
    /// How many connections one may have; 0 for any number.
    pub connections_per_user: usize,
    /// How many rooms one may be in.
    pub rooms_per_user: usize,
    /// How many people a room may have.
    pub members_per_room: usize,
    /// The longest `id` of a message, in characters.
    pub id_chars: usize,
    /// How far ahead of the server's clock the time inside an `id` may be, in milliseconds.
    pub id_ahead_ms: u64,
    /// Among how many of a conversation's last messages a repeat is found whose `id` is no UUIDv7.
    pub repeats_among: usize,
    /// How often others are shown that somebody is typing, in milliseconds.
    pub typing_every_ms: u64,
    /// The longest id of a user, in characters.
    pub user_id_chars: usize,
    /// The longest username, in characters.
    pub username_chars: usize,
    /// The longest display name, in characters.
    pub display_name_chars: usize,
    /// The longest name of a room, in characters.
    pub room_name_chars: usize,
    /// The longest topic of a room, in characters.
    pub topic_chars: usize,
    /// The most metadata of a room or an account, in bytes of JSON.
    pub metadata_bytes: usize,
}

/// A duration as frames tell it.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
