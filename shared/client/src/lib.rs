//! A client that keeps the protocol, without any I/O: what is heard and the time go in, what is to be
//! sent and what is to be shown come out. Chance is handed in, too, so that whoever hands in the same
//! gets the same.
//!
//! - [`Client`] is all of it, and outlives connections; `receiving` is what it makes of frames;
//! - `log` shows a conversation in order, once, without gaps; `picture` tells what messages look like by
//!   what became of them; `outbox` sends messages until they are
//!   acknowledged;
//! - `requests` repeats other requests until they are answered; `sync` asks for what was missed;
//!   `repeat` tells when;
//! - `heartbeat` notices a connection that has died without a word;
//! - `connection`, behind the feature of that name, is a WebSocket that is made again whenever it ends.
//!
//! The scripts in `tests/client_scripts` say what it does, frame by frame; the JavaScript library
//! does the same.

#[cfg(feature = "connection")]
pub mod connection;
mod event;
mod heartbeat;
mod log;
mod outbox;
mod picture;
mod progress;
mod receiving;
mod repeat;
mod requests;
mod state;
mod sync;
#[cfg(test)]
mod tests;

pub use event::Event;
pub use outbox::{Change, NewEvent, NewMessage, Outgoing, Target};
pub use progress::Mark;
pub use requests::Request;
pub use state::Client;
