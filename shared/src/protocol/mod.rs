//! The JSON frames of the WebSocket API: what clients send, what they receive.

mod client;
mod server;

pub use client::{
    BroadcastRequest, ClientFrame, FrameError, HistoryRequest, ReadRequest, RoomRequest,
    SendRequest, SyncRequest, TypingRequest,
};
pub use server::{
    Ack, Frame, HistoryFrame, Limits, MemberView, MessageView, Presence, Removal, RoomView,
    ServerFrame, Status, Synced,
};
