//! What a client and a server of Confab share: the JSON frames of the WebSocket API and the objects of
//! the HTTP API, each to be written and to be read, with the ids, limits and codes in them.
//!
//! Ids are text here: whether they are ones is for the server to say. What a later server may add (a
//! type of frame, a kind of message, a reason) is read as unknown, and is to be skipped.

mod api_key;
mod delivery;
mod error;
mod export;
mod frame;
mod http;
pub mod ids;
pub mod limits;
mod message;
mod received;
mod request;
mod room;
mod settings;
mod timestamp;
mod unknown;

pub use api_key::{ApiKeyView, MintedToken, NewApiKey, Scope};
pub use delivery::{DeliveryStep, PushAnswer, StepKind};
pub use error::{ErrorCode, ErrorEnvelope, Reason, Refusal};
pub use export::ExportLine;
pub use frame::{
    Ack, EncodedFrame, History, Joined, Left, Messages, Presence, Profile, Receipt, Removal,
    RoomChange, ServerFrame, Synced, Typing, Uninvited, Welcome, Withdrawal,
};
pub use http::{
    Ban, Block, ConversationView, Invitation, OnlineUser, Person, PresenceView, RoomName, Ticket,
    Tokens,
};
pub use limits::Limits;
pub use message::{
    Body, Edited, Leaving, MessageView, Pinned, Quote, Reacted, Reaction, Said, Status, Version,
};
pub use received::Received;
pub use request::{
    BroadcastRequest, ClientFrame, DeleteRequest, EditRequest, HistoryRequest, PinRequest,
    ReactRequest, ReadRequest, RenewRequest, RoomRequest, SendRequest, SyncRequest, TypingRequest,
};
pub use room::{Access, MemberView, Role, RoomHistory, RoomView};
pub use settings::{Muting, Reader, SettingsChanged, SettingsView};
pub use timestamp::Timestamp;

/// The place of a message in its conversation: rises by exactly one, stays below 2^53.
pub type Seq = u64;
