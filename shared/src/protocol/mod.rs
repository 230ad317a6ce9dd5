//! The JSON frames of the WebSocket API: what clients send, what they receive.

mod client;
mod limits;
mod server;
mod views;

pub use client::{
    BroadcastRequest, ClientFrame, FrameError, HistoryRequest, ReadRequest, RoomRequest,
    SendRequest, SyncRequest, TypingRequest,
};
pub use limits::Limits;
pub(crate) use limits::millis;
pub use server::{
    Ack, Frame, HistoryFrame, Presence, ProfileFrame, Removal, RoomFrame, ServerFrame, Synced,
    TypingFrame, Withdrawal,
};
pub use views::{MemberView, MessageView, RoomView, Status};
