//! Frames that clients receive: one JSON object each, told apart by `type`.

use serde::Serialize;

use crate::chat::{
    ConnectionId, ConversationId, Message, MessageId, Page, PageSize, Seq, Timestamp, UserId,
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
        /// When API Gateway will end the connection.
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
    /// A frame could not be served.
    Error {
        /// What kind of mistake it was.
        code: ErrorCode,
        /// What to tell a developer.
        message: String,
        /// The `id` of the frame, if it had one.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
    },
    /// The answer to `ping`.
    Pong {
        /// The server's clock.
        server_time: Timestamp,
    },
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
}

impl Limits {
    /// The limits that `config` sets, and those of API Gateway.
    pub fn of(config: &Config) -> Self {
        Self {
            content_bytes: config.max_content_bytes,
            frame_bytes: 32 * 1024,
            history_page: PageSize::MAX,
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
    /// Who said it.
    pub from: &'a UserId,
    /// Who it was said to.
    pub to: &'a UserId,
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
            from: &message.from,
            to: message.conversation.addressee(&message.from),
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
        Self::Error { code: error.code(), message: error.to_string(), id }
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
