//! Messages are said, changed and read.

pub mod append;
mod archived;
mod backoff;
mod becoming;
mod ending;
mod log;
mod rate;
pub mod read;
mod references;
mod repeat;
pub mod revise;
pub mod send;
mod way;

pub use archived::has_old_words;
pub use ending::{forget, forget_archived, has_ended};
pub use log::log_page;
