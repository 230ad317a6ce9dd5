//! Frames that clients receive: one JSON object each, told apart by `type`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::limits::{Limits, millis};
use super::views::{MessageView, RoomView};
use crate::domain::{
    ConnectionId, ConversationId, MessageId, Page, Room, RoomId, Seq, Timestamp, UserId,
};
use crate::error::{ErrorCode, Reason};
use crate::{Error, limits};

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
        /// Whether more conversations wait than the server has listed: look which, and sync.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        more_waiting: bool,
    },
    /// More conversations wait than the server has listed: look which, and sync.
    MoreWaiting,
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
    /// Somebody is typing, or has stopped.
    Typing(TypingFrame<'a>),
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
    /// A room that one is in has changed.
    Room(RoomFrame<'a>),
    /// One is asked to join a room.
    Invited(RoomFrame<'a>),
    /// One is not asked any more.
    Uninvited {
        /// The room.
        room: RoomId,
        /// Its conversation.
        conversation: &'a ConversationId,
        /// Why.
        reason: Withdrawal,
    },
    /// Somebody shows something else of themselves, or their account is no more.
    Profile(ProfileFrame<'a>),
    /// A frame could not be served.
    Error {
        /// What kind of mistake it was.
        code: ErrorCode,
        /// What to tell a developer.
        message: String,
        /// Why, if it is forbidden.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
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
    /// The room is no more.
    Deleted,
}

/// How an invitation ended that was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Withdrawal {
    /// It was taken back.
    Withdrawn,
    /// It was turned down.
    Declined,
    /// The room is no more.
    Deleted,
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
    /// Why it may not be read, if it is forbidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

impl Synced {
    /// Nothing has been sent after `cursor`, and nothing is missing.
    pub fn at(cursor: Seq) -> Self {
        Self { upto: cursor, complete: true, more: false, error: None, reason: None }
    }

    /// The conversation could not be read after `cursor`.
    pub fn refused(cursor: Seq, error: &Error) -> Self {
        let (code, reason) = (Some(error.code()), error.reason());
        Self { complete: false, error: code, reason, ..Self::at(cursor) }
    }
}

/// The fields of a `typing` frame.
#[derive(Debug, Serialize)]
pub struct TypingFrame<'a> {
    user: &'a UserId,
    conversation: &'a ConversationId,
    typing: bool,
    expires_in_ms: u64,
}

impl<'a> TypingFrame<'a> {
    /// That `user` is `typing`, or has stopped.
    pub fn of(user: &'a UserId, conversation: &'a ConversationId, typing: bool) -> Self {
        Self { user, conversation, typing, expires_in_ms: millis(limits::TYPING_LASTS) }
    }
}

/// The fields of `room` and `invited` frames.
#[derive(Debug, Serialize)]
pub struct RoomFrame<'a> {
    room: RoomView<'a>,
    conversation: ConversationId,
    by: &'a UserId,
}

impl<'a> RoomFrame<'a> {
    /// What `by` made of `room`.
    pub fn of(room: &'a Room, by: &'a UserId) -> Self {
        Self { room: room.into(), conversation: room.conversation(), by }
    }
}

/// The fields of a `profile` frame.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum ProfileFrame<'a> {
    /// What somebody shows of themselves now.
    Shown {
        /// Who.
        user: &'a UserId,
        /// What they are addressed by, if not by the id.
        username: Option<&'a str>,
        /// What they like to be called.
        display_name: Option<&'a str>,
        /// Whatever the application keeps with them.
        metadata: Option<&'a Map<String, Value>>,
        /// Always false.
        deleted: bool,
    },
    /// The account is no more.
    Deleted {
        /// Whose.
        user: &'a UserId,
        /// Always true.
        deleted: bool,
    },
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
        let (reason, retry_after_ms) = (error.reason(), error.retry_after_ms());
        Self::Error { code: error.code(), message: error.to_string(), reason, id, retry_after_ms }
    }

    /// The frame as it is pushed.
    pub fn encode(&self) -> Frame {
        Frame::of(self)
    }

    /// The frame as it answers a request that has this `id`, if it has one.
    pub fn answer(&self, id: Option<&str>) -> Frame {
        Frame::of(&Answer { frame: self, id })
    }
}

/// A frame with the `id` of the request that it answers.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    frame: &'a ServerFrame<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
}

/// A frame ready to be pushed; it holds message text, so it does not print itself.
#[derive(Clone)]
pub struct Frame(String);

impl Frame {
    fn of(frame: &impl Serialize) -> Self {
        Self(serde_json::to_string(frame).expect("frames have text keys and serialise"))
    }

    /// The JSON text as bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The JSON text.
    pub fn into_string(self) -> String {
        self.0
    }
}
