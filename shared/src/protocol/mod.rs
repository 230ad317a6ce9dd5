//! What clients send and receive: the crate of that name, and how it is made from the domain, and read.

mod read;
mod views;

pub use ::protocol::*;

pub use read::{FrameError, read_frame};
pub use views::{
    Batch, batches, history, member_at, refusal, room_change, settings_at, synced_refused, typing,
};
