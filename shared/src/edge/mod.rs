//! The edges of a function: Lambda's runtime, HTTP requests and WebSocket events.

pub mod http;
pub mod lambda;
pub mod websocket;
