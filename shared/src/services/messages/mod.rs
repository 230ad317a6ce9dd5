//! Messages are said and read.

pub mod append;
mod backoff;
mod ending;
mod log;
mod rate;
pub mod read;
mod repeat;
pub mod send;
mod way;

pub use ending::{forget, forget_archived, has_ended};
pub use log::log_page;
