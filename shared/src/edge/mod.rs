//! The edges of a function: Lambda's runtime, HTTP requests and WebSocket events.

pub mod http;
pub mod lambda;
mod log;
pub mod websocket;
