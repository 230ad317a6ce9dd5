//! The protocol as a client follows it, without any I/O: what is heard and the time go in, what is
//! to be sent and what is to be shown come out.
//!
//! - [`Session`] is all of it, and outlives connections; `hearing` is what it makes of frames;
//! - `log` shows a conversation in order, once, without gaps; `outbox` says things until they are
//!   acknowledged;
//! - `asks` repeats other questions until they are answered; `catching_up` asks for what was missed;
//!   `repeat` tells when;
//! - `pulse` notices a connection that has died without a word.

mod asks;
mod catching_up;
mod event;
mod hearing;
mod log;
mod outbox;
mod progress;
mod pulse;
mod repeat;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use asks::Wish;
pub(crate) use event::Event;
pub(crate) use outbox::Address;
pub(crate) use progress::Mark;
pub(crate) use state::Session;
