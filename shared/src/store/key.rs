//! The key of each kind of item, as [`keys`] lays the table out.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::builders::KeysAndAttributesBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};

use super::item::{Item, s};
use super::keys;
use crate::domain::{ConversationId, KeyId, RoomId, Seq, SessionId, UserId};

/// The primary key of an item.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// The partition.
    pub(super) pk: String,
    /// The place in it.
    pub(super) sk: String,
}

impl Key {
    /// The item at `sk` of the partition `pk`.
    pub(super) fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    fn of_room(room: RoomId, sk: impl Into<String>) -> Self {
        Self::new(keys::conversation_pk(&ConversationId::Room(room)), sk)
    }

    fn of_user(user: &UserId, sk: impl Into<String>) -> Self {
        Self::new(keys::user_pk(user), sk)
    }

    /// A message of a conversation.
    pub(super) fn message(conversation: &ConversationId, seq: Seq) -> Self {
        Self::new(keys::conversation_pk(conversation), keys::message_sk(seq))
    }

    /// How somebody reacts to a message.
    pub(super) fn reacted(conversation: &ConversationId, seq: Seq, user: &UserId) -> Self {
        Self::new(keys::conversation_pk(conversation), keys::reacted_sk(seq, user))
    }

    /// What a message said before the event `edit`.
    pub(super) fn version(conversation: &ConversationId, seq: Seq, edit: Seq) -> Self {
        let sk = format!("{}{edit:016}", keys::versions_of(seq));
        Self::new(keys::conversation_pk(conversation), sk)
    }

    /// Which messages of a conversation are pinned.
    pub(super) fn pins(conversation: &ConversationId) -> Self {
        Self::new(keys::conversation_pk(conversation), keys::PINS)
    }

    /// Where the numbers of a conversation start.
    pub(super) fn start(conversation: &ConversationId) -> Self {
        Self::message(conversation, keys::START)
    }

    /// What keeps two people from speaking.
    pub(super) fn blocks(conversation: &ConversationId) -> Self {
        Self::new(keys::conversation_pk(conversation), keys::BLOCKS)
    }

    /// How far the stream has brought the messages of a room.
    pub(super) fn handed(conversation: &ConversationId) -> Self {
        Self::new(keys::conversation_pk(conversation), keys::HANDED)
    }

    /// How long what is said in a conversation is kept.
    pub(super) fn lifetime(conversation: &ConversationId) -> Self {
        Self::new(keys::conversation_pk(conversation), keys::LIFETIME)
    }

    /// What proves the password of a user.
    pub(super) fn password(user: &UserId) -> Self {
        Self::new(keys::password_pk(user), keys::PASSWORD)
    }

    /// A room.
    pub(super) fn room(room: RoomId) -> Self {
        Self::of_room(room, keys::ROOM)
    }

    /// A member of a room.
    pub(super) fn member(room: RoomId, user: &UserId) -> Self {
        Self::of_room(room, keys::member_sk(user))
    }

    /// Somebody a room knows who is not in it.
    pub(super) fn non_member(room: RoomId, user: &UserId) -> Self {
        Self::of_room(room, keys::non_member_sk(user))
    }

    /// A reservation of a room's name, by its partition.
    pub(super) fn room_name(pk: impl Into<String>) -> Self {
        Self::new(pk, keys::ROOM)
    }

    /// An invitation of a user to a room.
    pub(super) fn invitation(user: &UserId, room: RoomId) -> Self {
        Self::of_user(user, keys::invitation_sk(room))
    }

    /// A conversation of a user.
    pub(super) fn membership(user: &UserId, conversation: &ConversationId) -> Self {
        Self::of_user(user, keys::membership_sk(conversation))
    }

    /// The number of a user's rooms.
    pub(super) fn room_count(user: &UserId) -> Self {
        Self::of_user(user, keys::ROOM_COUNT)
    }

    /// A user's inbox.
    pub(super) fn inbox(user: &UserId) -> Self {
        Self::of_user(user, keys::INBOX)
    }

    /// A user's account.
    pub(super) fn account(user: &UserId) -> Self {
        Self::of_user(user, keys::ACCOUNT)
    }

    /// A reservation of a username, by its partition.
    pub(super) fn username(pk: impl Into<String>) -> Self {
        Self::new(pk, keys::ACCOUNT)
    }

    /// A session of a user.
    pub(super) fn session(user: &UserId, session: SessionId) -> Self {
        Self::of_user(user, keys::session_sk(session))
    }

    /// A subject of an outside issuer, by its hash.
    pub(super) fn subject(hash: &str) -> Self {
        Self::new(keys::subject_pk(hash), keys::SUBJECT)
    }

    /// A key of somebody's backend.
    pub(super) fn api_key(key: KeyId) -> Self {
        Self::new(keys::API_KEYS, keys::api_key_sk(key))
    }

    /// A ticket, by its hash.
    pub(super) fn ticket(hash: &str) -> Self {
        Self::new(keys::ticket_pk(hash), keys::TICKET)
    }

    /// The item that begins with this key and goes on with these attributes.
    pub(super) fn with<const N: usize>(self, attributes: [(&str, AttributeValue); N]) -> Item {
        let mut item = Item::from(self);
        item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
        item
    }
}

impl From<Key> for HashMap<String, AttributeValue> {
    fn from(key: Key) -> Self {
        Self::from([(keys::PK.to_owned(), s(key.pk)), (keys::SK.to_owned(), s(key.sk))])
    }
}

/// A batch of these keys.
pub(super) fn keys_of(keys: impl IntoIterator<Item = Key>) -> KeysAndAttributesBuilder {
    let keys = keys.into_iter().map(HashMap::from).collect();
    KeysAndAttributes::builder().set_keys(Some(keys))
}
