//! Every limit that is the same on each server: declared here, kept where it is named, and told to
//! clients by `welcome`.

use std::time::Duration;

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
