//! The rules of the chat as plain values: parsed once at the edge, correct ever after.

mod account;
mod actor;
mod api_key;
mod auth_mode;
mod connection;
mod conversation;
mod member;
mod message;
pub mod name;
mod new_message;
mod page;
pub mod permissions;
mod room;
mod said;
mod settings;
mod user;
mod username;

pub use account::{Account, SessionId};
pub use actor::Actor;
pub use api_key::{ApiKey, KeyId, Scopes};
pub use auth_mode::AuthMode;
pub use connection::{CONNECTION_LIFETIME, ConnectionId};
pub use conversation::ConversationId;
pub use member::{Decision, Member, Mute, NonMember, UserInRoom};
pub use message::{Change, Content, Event, Message, MessageBody, MessageId, Notice, Turnover};
pub use new_message::{NewBody, NewChange, NewMessage, Revision};
pub use page::{Page, PageSize, Range};
pub use protocol::{Access, Leaving, Role, RoomHistory, Scope, Seq, Timestamp};
pub use room::{Room, RoomId, RoomName};
pub use said::{
    Data, Mentions, Original, Reaction, ReactionKey, Reply, Said, Version, Wording, react,
};
pub use settings::{DraftText, Muting, Settings, SettingsChange};
pub use user::UserId;
pub use username::Username;
