//! The ids of conversations and messages, as a client makes them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Timestamp;

/// The conversation of everybody who is online.
pub const LOBBY: &str = "lobby";

/// What stays as it is inside an id: the unreserved characters of RFC 3986
/// (<https://www.rfc-editor.org/rfc/rfc3986#section-2.3>).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A user's id as it stands in the ids of conversations: ASCII without `:` or `#`.
pub fn encoded(user: &str) -> String {
    utf8_percent_encode(user, ESCAPED).to_string()
}

/// The conversation of two people, whoever of them asks.
pub fn direct(one: &str, other: &str) -> String {
    let (first, second) = if one <= other { (one, other) } else { (other, one) };
    format!("dm:{}:{}", encoded(first), encoded(second))
}

/// The conversation of a room, by the room's id.
pub fn room(id: &str) -> String {
    format!("room:{id}")
}

/// Whether a conversation is that of a room.
pub fn is_room(conversation: &str) -> bool {
    conversation.starts_with("room:")
}

/// The best id for a message that is made `now`: a UUIDv7
/// (<https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7>) of ten random bytes.
pub fn message(now: Timestamp, random: [u8; 10]) -> String {
    let millis = u64::try_from(now.as_millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().to_string()
}
