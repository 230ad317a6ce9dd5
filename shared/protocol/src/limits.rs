//! Every limit that is the same on each server: declared here, kept where it is named, and told to
//! clients by `welcome`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The longest frame of a client, in bytes: API Gateway's
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>).
pub const FRAME_BYTES: usize = 32 * 1024;
/// The most messages on one page of history.
pub const HISTORY_PAGE: usize = 100;
/// The most conversations that one `sync` names.
pub const CONVERSATIONS_PER_SYNC: usize = 50;
/// The longest `id` of a message, in characters.
pub const ID_CHARS: usize = 128;
/// How far ahead of the server's clock the time inside an `id` may be.
pub const ID_AHEAD: Duration = Duration::from_secs(2 * 60);
/// Among how many of a conversation's last messages the repeat of one is found whose `id` does not
/// tell when it was made.
pub const REPEATS_AMONG: usize = 100;
/// How often others are shown that somebody is typing.
pub const TYPING_EVERY: Duration = Duration::from_secs(2);
/// How long to show that somebody is typing who says no more of it.
pub const TYPING_LASTS: Duration = Duration::from_secs(6);
/// The longest id of a user, in characters.
pub const USER_ID_CHARS: usize = 64;
/// The longest username, in characters.
pub const USERNAME_CHARS: usize = 32;
/// The longest display name, in characters.
pub const DISPLAY_NAME_CHARS: usize = 64;
/// The longest name of a room, in characters.
pub const ROOM_NAME_CHARS: usize = 64;
/// The longest topic of a room, in characters.
pub const TOPIC_CHARS: usize = 256;
/// The most metadata of a room or an account, in bytes of JSON.
pub const METADATA_BYTES: usize = 4096;
/// The most that a program keeps with a message, in bytes of JSON.
pub const DATA_BYTES: usize = 2048;
/// The longest draft that is kept with a conversation, in bytes of UTF-8.
pub const DRAFT_BYTES: usize = 4096;
/// How many people one message calls at most.
pub const MENTIONS: usize = 20;
/// With how many different keys people react to one message at most.
pub const REACTIONS: usize = 20;
/// The longest key of a reaction, in characters.
pub const REACTION_CHARS: usize = 32;
/// How many messages of a conversation are pinned at most.
pub const PINS: usize = 50;

/// What the server accepts, as `welcome` tells it; 0 also for what an older server does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// The longest message text, in bytes of UTF-8.
    pub content_bytes: usize,
    /// The longest frame, in bytes.
    pub frame_bytes: usize,
    /// The most messages on one page of history.
    pub history_page: usize,
    /// How many messages of one conversation are delivered one after another to somebody who was away;
    /// of more only the newest come, with `more`. 0 for any number.
    pub backlog_messages: usize,
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
    /// The most that a program keeps with a message, in bytes of JSON.
    pub data_bytes: usize,
    /// The longest draft that is kept with a conversation, in bytes of UTF-8.
    pub draft_bytes: usize,
    /// How many people one message calls at most.
    pub mentions: usize,
    /// With how many different keys people react to one message at most.
    pub reactions: usize,
    /// The longest key of a reaction, in characters.
    pub reaction_chars: usize,
    /// How many messages of a conversation are pinned at most.
    pub pins: usize,
    /// For how long one may edit what one said, in milliseconds; 0 for any time.
    pub edit_window_ms: u64,
}

/// A duration as frames tell it.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
