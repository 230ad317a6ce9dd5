//! Conversations as logs: every message has a number, and the put that stores it allocates it.
//!
//! Two values never fall along a log, and make a repeated send recognisable however late it comes:
//! `sent_at`, and `ahead`: the most by which the time inside any UUIDv7 so far was ahead of the
//! server's clock. The first send of an id made at `t` was therefore stored at `t - ahead` or later.

mod archived;
mod entry;
mod erase;
mod lifetime;
mod pins;
mod put;
mod read;
mod revise;
mod said;
mod start;
mod tail;
mod versions;

pub use archived::{delete_archived, from_archive, take_words};
pub use entry::Entry;
pub use lifetime::Lifetime;
pub use put::{Obstacle, Put};
pub use revise::Target;
pub use start::First;
pub use tail::Tail;
