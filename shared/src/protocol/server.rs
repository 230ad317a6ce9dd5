//! Frames that clients receive: one JSON object each, told apart by `type`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::chat::{
    Access, ConnectionId, ConversationId, Kind, Member, Message, MessageId, Mute, Page, PageSize,
    Role, Room, RoomId, Seq, Timestamp, UserId,
};
use crate::error::ErrorCode;
use crate::{Config, Error};

/// Any frame that the server sends.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame<'a> {
    /// The connection stands.
    Welcome {
        /// Who the server takes the client for.
        user: &'a UserId,
        /// The connection's name.
        connection_id: &'a ConnectionId,
        /// The server's clock.
        server_time: Timestamp,
        /// When API Gateway will end the connection, or its token is over.
        expires_at: Timestamp,
        /// What the server accepts.
        limits: Limits,
    },
    /// The message is kept.
    Ack(Ack<'a>),
    /// Somebody said something.
    Message(MessageView<'a>),
    /// A page of a conversation.
    History(HistoryFrame<'a>),
    /// Everything after one's cursors has been sent.
    Synced {
        /// How far, for each conversation.
        conversations: BTreeMap<String, Synced>,
    },
    /// Messages were delivered to somebody, or read by them.
    Receipt {
        /// Which conversation.
        conversation: &'a ConversationId,
        /// By whom.
        user: &'a UserId,
        /// Everything up to here was delivered.
        #[serde(skip_serializing_if = "Option::is_none")]
        delivered: Option<Seq>,
        /// Everything up to here was read.
        #[serde(skip_serializing_if = "Option::is_none")]
        read: Option<Seq>,
    },
    /// Somebody is typing.
    Typing {
        /// Who.
        user: &'a UserId,
        /// Where.
        conversation: &'a ConversationId,
    },
    /// Somebody came or went.
    Presence {
        /// Who.
        user: &'a UserId,
        /// Which of both.
        status: Presence,
        /// When they last went.
        last_seen: Option<Timestamp>,
    },
    /// One is in the room now.
    Joined {
        /// The room.
        room: RoomView<'a>,
        /// Its conversation.
        conversation: &'a ConversationId,
        /// What was said last, oldest first.
        messages: Vec<MessageView<'a>>,
        /// Ask `before` this seq for the page before, if there is one.
        before: Option<Seq>,
    },
    /// One is not in the room any more.
    Left {
        /// The room.
        room: RoomId,
        /// Its conversation.
        conversation: &'a ConversationId,
        /// Why, if one did not want to.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<Removal>,
    },
    /// A frame could not be served.
    Error {
        /// What kind of mistake it was.
        code: ErrorCode,
        /// What to tell a developer.
        message: String,
        /// The `id` of the frame, if it had one.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        /// When the same frame would be accepted.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
    /// The connection goes on with a fresh token.
    Renewed {
        /// When the connection ends, by the token or by API Gateway.
        expires_at: Timestamp,
    },
    /// The answer to `ping`.
    Pong {
        /// The server's clock.
        server_time: Timestamp,
    },
}

/// Whether somebody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// At least one connection stands.
    Online,
    /// The last connection has gone.
    Offline,
}

/// How somebody was put out of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Removal {
    /// They may come again.
    Kicked,
    /// They may not.
    Banned,
}

/// How far a conversation has been sent after a `sync`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Synced {
    /// The last message sent, or the cursor if there was none.
    pub upto: Seq,
    /// Whether nothing between the cursor and here is missing.
    pub complete: bool,
    /// Whether there is more: sync again from `upto`.
    pub more: bool,
    /// Why the conversation could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorCode>,
}

/// A room as clients see it.
#[derive(Debug, Serialize)]
pub struct RoomView<'a> {
    /// Its id.
    pub id: RoomId,
    /// Its name.
    pub name: &'a str,
    /// What it is about.
    pub topic: Option<&'a str>,
    /// Whatever its creator keeps with it.
    pub metadata: Option<&'a Map<String, Value>>,
    /// Who may find and join it.
    pub access: Access,
    /// Who made it.
    pub creator: &'a UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many people are in it.
    pub members: u64,
    /// Its conversation.
    pub conversation: ConversationId,
}

impl<'a> From<&'a Room> for RoomView<'a> {
    fn from(room: &'a Room) -> Self {
        Self {
            id: room.id,
            name: room.name.as_str(),
            topic: room.topic.as_deref(),
            metadata: room.metadata.as_ref(),
            access: room.access,
            creator: &room.creator,
            created_at: room.created_at,
            members: room.members,
            conversation: room.conversation(),
        }
    }
}

/// A member of a room as clients see it.
#[derive(Debug, Serialize)]
pub struct MemberView<'a> {
    /// Who.
    pub user: &'a UserId,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub joined_at: Timestamp,
    /// Whether they may not speak.
    pub muted: bool,
    /// When that ends by itself, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<Timestamp>,
}

impl<'a> MemberView<'a> {
    /// The view at `now`: a mute may be over.
    pub fn at(now: Timestamp, member: &'a Member) -> Self {
        let mute = member.muted(now);
        let (user, role, joined_at) = (&member.user, member.role, member.joined_at);
        let muted_until = mute.and_then(|mute| match mute {
            Mute::Open => None,
            Mute::Until(until) => Some(until),
        });
        Self { user, role, joined_at, muted: mute.is_some(), muted_until }
    }
}

/// What the server accepts.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Limits {
    /// The longest message text, in bytes of UTF-8.
    pub content_bytes: usize,
    /// The longest frame, in bytes.
    pub frame_bytes: usize,
    /// The most messages on one page of history.
    pub history_page: usize,
    /// How many messages one may say in a conversation in one second; 0 for any number.
    pub messages_per_second: usize,
    /// How many rooms one may be in.
    pub rooms_per_user: usize,
    /// How many people a room may have.
    pub members_per_room: usize,
}

impl Limits {
    /// The limits that `config` sets, and those of API Gateway.
    pub fn of(config: &Config) -> Self {
        Self {
            content_bytes: config.max_content_bytes,
            frame_bytes: 32 * 1024,
            history_page: PageSize::MAX,
            messages_per_second: config.messages_per_second,
            rooms_per_user: config.max_rooms_per_user,
            members_per_room: config.max_members_per_room,
        }
    }
}

/// The fields of an `ack` frame.
#[derive(Debug, Serialize)]
pub struct Ack<'a> {
    /// Always `ok`; a refusal is an `error` frame.
    pub status: &'static str,
    /// The message's id, the server's choice if the sender gave none.
    pub id: &'a MessageId,
    /// Where it was said.
    pub conversation: &'a ConversationId,
    /// Its place there.
    pub seq: Seq,
    /// When it was stored.
    pub timestamp: Timestamp,
    /// Whether a connection of a recipient took it.
    pub delivered: bool,
    /// Whether it was stored by an earlier send already.
    pub duplicate: bool,
}

/// A message as clients see it.
#[derive(Debug, Serialize)]
pub struct MessageView<'a> {
    /// The sender's name for it.
    pub id: &'a MessageId,
    /// Where it was said.
    pub conversation: &'a ConversationId,
    /// Its place there.
    pub seq: Seq,
    /// Whether it is something said or a notice.
    pub kind: Kind,
    /// Who said it.
    pub from: &'a UserId,
    /// Whom a notice is about, if not its sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<&'a UserId>,
    /// Who it was said to, in a direct conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<&'a UserId>,
    /// The room it was said in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// What was said.
    pub content: &'a str,
    /// When it was stored.
    pub timestamp: Timestamp,
    /// How far it got; only where it was looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
}

/// How far a message got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is kept, and waits for its recipient.
    Sent,
    /// A connection of its recipient took it.
    Delivered,
    /// Its recipient has read it.
    Read,
}

/// The fields of a `history` frame.
#[derive(Debug, Serialize)]
pub struct HistoryFrame<'a> {
    /// Which conversation.
    pub conversation: &'a ConversationId,
    /// The messages, oldest first.
    pub messages: Vec<MessageView<'a>>,
    /// Ask `before` this seq for the page before, if there is one.
    pub before: Option<Seq>,
    /// Ask `after` this seq for the page after, if there is one.
    pub after: Option<Seq>,
}

impl<'a> From<&'a Message> for MessageView<'a> {
    fn from(message: &'a Message) -> Self {
        Self {
            id: &message.id,
            conversation: &message.conversation,
            seq: message.seq,
            kind: message.kind,
            from: &message.from,
            about: message.about.as_ref(),
            to: message.conversation.addressee(&message.from),
            room: match message.conversation {
                ConversationId::Room(room) => Some(room),
                ConversationId::Direct(..) | ConversationId::Lobby => None,
            },
            content: message.content.as_str(),
            timestamp: message.sent_at,
            status: None,
        }
    }
}

impl MessageView<'_> {
    /// How many bytes of JSON the message takes.
    pub fn encoded_len(&self) -> usize {
        serde_json::to_string(self).map_or(0, |json| json.len())
    }
}

impl<'a> HistoryFrame<'a> {
    /// The most bytes of messages in one frame: API Gateway carries no more than 128 KB
    /// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>).
    pub const MAX_BYTES: usize = 100 * 1024;

    /// The frame that shows `page`.
    pub fn of(conversation: &'a ConversationId, page: &'a Page) -> Self {
        Self {
            conversation,
            messages: page.messages.iter().map(MessageView::from).collect(),
            before: page.before,
            after: page.after,
        }
    }
}

impl<'a> ServerFrame<'a> {
    /// The error frame for `error`, naming the frame that caused it.
    pub fn error(error: &Error, id: Option<&'a str>) -> Self {
        let retry_after_ms = error.retry_after_ms();
        Self::Error { code: error.code(), message: error.to_string(), id, retry_after_ms }
    }

    /// The frame as it travels.
    pub fn encode(&self) -> Frame {
        Frame(serde_json::to_string(self).expect("frames have text keys and serialise"))
    }
}

/// A frame ready to be pushed; it holds message text, so it does not print itself.
#[derive(Clone)]
pub struct Frame(String);

impl Frame {
    /// The JSON text as bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The JSON text.
    pub fn into_string(self) -> String {
        self.0
    }
}
