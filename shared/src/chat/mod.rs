//! The rules of the chat as plain values: parsed once at the edge, correct ever after.

mod connection;
mod conversation;
mod member;
mod message;
pub mod name;
mod page;
mod room;
mod timestamp;
mod user;

pub use connection::{CONNECTION_LIFETIME, ConnectionId};
pub use conversation::ConversationId;
pub use member::{Decision, Guest, Member, Mute, Relation, Role};
pub use message::{Content, Kind, Message, MessageId, Seq};
pub use page::{Page, PageSize, Range};
pub use room::{Access, Room, RoomHistory, RoomId, RoomName};
pub use timestamp::Timestamp;
pub use user::UserId;
