//! How the one table is laid out.
//!
//! | item | `pk` | `sk` | holds |
//! |---|---|---|---|
//! | message | `CONV#<conversation>` | `MSG#<seq, 16 digits>` | `id`, `from`, `sent_at`, `ahead`, `expires_at`; `fan_until` if the stream brings it to its recipients; `content`, `data`, `mentions`, `mentions_everyone`, `reply_to`; what became of it: `revised`, `edited_at`, `edit` (the event that has the words, too), `deleted_at`, `deleted_by`, `pinned_at`, `pinned_by`, `versions` (the edits before which what it said was kept), `reactions` (`key`, `count`, the first `users`) |
//! | event about a message | the same | the same | `kind`, `of`: the message's number; what it sets: as a message, or `key`, `on`, `count` |
//! | notice | the same | the same | `kind`, and what that asks for of `about`, `role`, `reason`, `joined`, `left` |
//! | which messages of a conversation are pinned | `CONV#<conversation>` | `PINS` | `pins`: their numbers |
//! | what a message said before an edit | `CONV#<conversation>` | `EARLIER#<seq, 16 digits>#<the edit's number, 16 digits>` | as a message says it; `since`: when it began to say that; `expires_at` |
//! | how somebody reacts to a message | `CONV#<conversation>` | `REACTED#<seq, 16 digits>#<user>` | `keys`, `expires_at` |
//! | start of a log | `CONV#<conversation>` | `MSG#0000000000000000` | `start`: where the numbers begin now; `began`: where they began first |
//! | what keeps two people from speaking | `CONV#<conversation>` | `MSG#~BLOCKS` | `by`: who of the two blocks the other; `gone`: whose account is no more |
//! | how far the stream has brought the messages of a room | `CONV#<conversation>` | `MSG#~HANDED` | `handed`: everything up to this number; `lease`: who goes on, and until when; `members`: how many the room had |
//! | how long a conversation is kept | `CONV#<conversation>` | `MSG#~LIFETIME` | `days`: if it has a rule of its own; `shorter_from`: the first message that expires before older ones |
//! | room | `CONV#<conversation>` | `ROOM` | `name`, `topic`, `metadata`, `access`, `history`, `hidden_upto`, `retention_days`, `creator`, `created_at`, `members`, `owners`; a public one is listed in the index |
//! | name of a room, one item for each of its keys | `ROOMNAME#<key>` | `ROOM` | `room`: whose it is; `alike` if it only looks so |
//! | member | `CONV#<conversation>` | `MEMBER#<user>` | `role`, `joined_at`, `muted`, `reads_from` |
//! | somebody a room knows who is not in it | `CONV#<conversation>` | `GUEST#<user>` | `banned_by`, `banned_at`; `invited_by`, `invited_at`; `muted` |
//! | invitation of a user | `USER#<user>` | `INVITE#<room>` | `by`, `at` |
//! | conversation of a user | `USER#<user>` | `CONV#<conversation>` | `joined_at`, `read_seq`; what they have decided about it: `muted`, `muted_until`, `pinned`, `hidden_upto`, `draft`, `unread_from` |
//! | number of a user's rooms | `USER#<user>` | `ROOMS` | `members`; `closed`: since when the user's account is being deleted |
//! | inbox | `USER#<user>` | `INBOX` | see [`inbox`](super::inbox) |
//! | account | `USER#<user>` | `ACCOUNT` | `username`, `display_name`, `metadata`, `subject`, `created_at`; `deleting`: since when; `made_by`: the key that made it; `bot` if it is that of a key |
//! | password | `PASSWORD#<user>` | `PASSWORD` | `hash`; none for people of an outside issuer, nor for those whom a key made |
//! | username, one item for each of its keys | `USERNAME#<key>` | `ACCOUNT` | `user`: whose it is; `alike` if it only looks so; `expires_at`: until when it rests, once it was given up |
//! | subject of an outside issuer, or id that somebody's backend gives a person | `SUBJECT#<hash>` | `SUBJECT` | `user`: who it is here |
//! | session | `USER#<user>` | `SESSION#<session>` | `refresh_hash`, `refreshed_at`, `expires_at`; instead of the hash `minted_by`, the key that began it |
//! | key of somebody's backend | `APIKEYS` | `KEY#<key>` | `hash`, `name`, `scopes`, `bot`, `by`, `created_at`; `good_until`, `expires_at` |
//! | ticket | `TICKET#<hash>` | `TICKET` | `user`, `session`, `until`, `good_until`, `expires_at` |
//! | attempts to sign in | `ATTEMPTS#<at what>#<hash>` | `<window>` | `attempts`, `expires_at` |
//!
//! The index `directory` holds rooms (`dir_pk` `ROOMS`, by name) and the inboxes of users who are
//! online (`dir_pk` `ONLINE#<shard>`, by user).
//!
//! User ids are percent-encoded in keys, so that `#` and `:` only ever separate.

use std::borrow::Cow;

use crate::auth::tokens;
use crate::domain::{ConversationId, KeyId, RoomId, Seq, SessionId, UserId};

/// The partition key's attribute.
pub const PK: &str = "pk";
/// The sort key's attribute.
pub const SK: &str = "sk";
/// The time-to-live attribute, in epoch seconds.
pub const EXPIRES_AT: &str = "expires_at";
/// The messages in the stream that carry this attribute are brought to their recipients by it.
pub const FAN_UNTIL: &str = "fan_until";
/// The items in the stream that carry this attribute notify the `deliver` function.
pub const ARRIVED: &str = "arrived";
/// The index of who is online and which rooms exist.
pub const DIRECTORY: &str = "directory";
/// The index's partition key.
pub const DIRECTORY_PK: &str = "dir_pk";
/// The index's sort key.
pub const DIRECTORY_SK: &str = "dir_sk";

/// The index partition of all rooms.
pub(super) const ROOMS_DIRECTORY: &str = "ROOMS";
/// The sort key of a room, and of the reservation of its name.
pub(super) const ROOM: &str = "ROOM";
/// The sort key of the number of a user's rooms.
pub(super) const ROOM_COUNT: &str = "ROOMS";
/// The sort key of a user's inbox.
pub(super) const INBOX: &str = "INBOX";
/// The sort key of a user's account, and of the reservation of its username.
pub(super) const ACCOUNT: &str = "ACCOUNT";
/// How the partitions of passwords begin.
pub const PASSWORDS: &str = "PASSWORD#";
/// The sort key of a user's password.
pub(super) const PASSWORD: &str = "PASSWORD";
/// The sort key of an outside issuer's subject.
pub(super) const SUBJECT: &str = "SUBJECT";
/// The partition of the keys of other people's backends.
pub const API_KEYS: &str = "APIKEYS";
/// How their sort keys begin.
pub(super) const API_KEY: &str = "KEY#";
/// The sort key of a ticket.
pub(super) const TICKET: &str = "TICKET";
/// How the sort keys of a user's sessions begin.
pub(super) const SESSIONS: &str = "SESSION#";
/// How the sort keys of messages begin.
pub const MESSAGES: &str = "MSG#";
/// How the sort keys of people's reactions begin.
pub(super) const REACTED: &str = "REACTED#";
/// How the sort keys of what messages said before begin: before `ROOM`, as whatever goes with a room.
pub(super) const VERSIONS: &str = "EARLIER#";
/// The sort key of which messages of a conversation are pinned.
pub(super) const PINS: &str = "PINS";
/// No message has this number; the item there tells where the numbers start.
pub(super) const START: Seq = 0;
/// Above every number: they stay below 2^53.
pub const LAST: Seq = 9_999_999_999_999_999;

/// Behind the last message, so that whoever reads the end of a log sees it at no cost.
pub(super) const BLOCKS: &str = "MSG#~BLOCKS";

/// Behind the last message, too, in a room.
pub(super) const HANDED: &str = "MSG#~HANDED";

/// Behind the last message, too, where a conversation has a rule of its own, or had another.
pub(super) const LIFETIME: &str = "MSG#~LIFETIME";

/// The longest key of a name, in bytes: a partition key has at most 2,048
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
const LONGEST_NAME: usize = 1024;

/// The partition of a conversation.
pub(super) fn conversation_pk(conversation: &ConversationId) -> String {
    format!("CONV#{conversation}")
}

/// The place of a message in its conversation's partition.
pub(super) fn message_sk(seq: Seq) -> String {
    format!("{MESSAGES}{seq:016}")
}

/// The place of somebody's reactions to a message in the conversation's partition.
pub(super) fn reacted_sk(seq: Seq, user: &UserId) -> String {
    format!("{REACTED}{seq:016}#{}", user.encoded())
}

/// How the places begin of what a message said before.
pub(super) fn versions_of(seq: Seq) -> String {
    format!("{VERSIONS}{seq:016}#")
}

/// The number of the message to which somebody's reactions have this place.
pub(super) fn reacted_to(sk: &str) -> Option<Seq> {
    sk.strip_prefix(REACTED)?.split_once('#')?.0.parse().ok()
}

/// The partition of a user.
pub(super) fn user_pk(user: &UserId) -> String {
    format!("USER#{}", user.encoded())
}

/// A conversation's place in a user's partition.
pub(super) fn membership_sk(conversation: &ConversationId) -> String {
    format!("CONV#{conversation}")
}

/// The place of a member in a room's partition.
pub(super) fn member_sk(user: &UserId) -> String {
    format!("MEMBER#{}", user.encoded())
}

/// The place of somebody in a room's partition who is no member of it.
pub(super) fn non_member_sk(user: &UserId) -> String {
    format!("GUEST#{}", user.encoded())
}

/// An invitation's place in a user's partition.
pub(super) fn invitation_sk(room: RoomId) -> String {
    format!("INVITE#{room}")
}

/// A partition that reserves a room's name.
pub(super) fn room_name_pk(key: &str) -> String {
    format!("ROOMNAME#{}", short(key))
}

/// A partition that reserves a username.
pub(super) fn username_pk(key: &str) -> String {
    format!("USERNAME#{}", short(key))
}

/// A name's key, or its hash where the look of a name is longer than a key may be.
fn short(key: &str) -> Cow<'_, str> {
    if key.len() <= LONGEST_NAME {
        key.into()
    } else {
        format!("~{}", tokens::hash(key.as_bytes())).into()
    }
}

/// The partition of an outside issuer's subject.
pub(super) fn subject_pk(hash: &str) -> String {
    format!("SUBJECT#{hash}")
}

/// The partition of a user's password: by itself, so that only one function may read it.
pub(super) fn password_pk(user: &UserId) -> String {
    format!("{PASSWORDS}{}", user.encoded())
}

/// The partition of a ticket.
pub(super) fn ticket_pk(hash: &str) -> String {
    format!("TICKET#{hash}")
}

/// The partition that counts attempts.
pub(super) fn attempts_pk(key: &str) -> String {
    format!("ATTEMPTS#{key}")
}

/// The place of a session in its user's partition.
pub(super) fn session_sk(session: SessionId) -> String {
    format!("{SESSIONS}{session}")
}

/// The place of a key of somebody's backend.
pub(super) fn api_key_sk(key: KeyId) -> String {
    format!("{API_KEY}{key}")
}

/// The session whose place `sk` is.
pub(super) fn session_of_sk(sk: &str) -> Option<SessionId> {
    SessionId::parse(sk.strip_prefix(SESSIONS)?)
}

/// The conversation and the number of the message whose key this is.
pub fn message_of(pk: &str, sk: &str) -> Option<(ConversationId, Seq)> {
    let conversation = ConversationId::parse(pk.strip_prefix("CONV#")?).ok()?;
    Some((conversation, seq_of_sk(sk)?))
}

/// The number of the message whose place `sk` is.
pub(super) fn seq_of_sk(sk: &str) -> Option<Seq> {
    sk.strip_prefix(MESSAGES)?.parse().ok()
}

/// The user whose partition `pk` is.
pub fn user_of_pk(pk: &str) -> Option<UserId> {
    UserId::from_encoded(pk.strip_prefix("USER#")?).ok()
}
