//! The JSON frames of the WebSocket API: what clients send, what they receive.

mod client;
mod server;

pub use client::{ClientFrame, FrameError, HistoryRequest, SendRequest};
pub use server::{Ack, Frame, HistoryFrame, Limits, MessageView, ServerFrame, Status};
