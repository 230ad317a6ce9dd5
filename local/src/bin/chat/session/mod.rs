//! The protocol as a client follows it, without any I/O: what is heard and the time go in, what is
//! to be sent and what is to be shown come out.
//!
//! - [`Session`] is all of it, and outlives connections;
//! - `log` shows a conversation in order, once, without gaps; `outbox` says things until they are
//!   acknowledged;
//! - `asks` repeats other questions until they are answered; `catching_up` asks for what was missed;
//! - `pulse` notices a connection that has died without a word.

mod asks;
mod catching_up;
mod log;
mod outbox;
mod pulse;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use asks::Wish;
pub(crate) use outbox::Address;
use pulse::patience;
pub(crate) use state::{Event, Mark, Session};
