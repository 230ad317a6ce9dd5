//! Messages are said and read.

pub mod append;
mod backoff;
mod rate;
pub mod read;
mod repeat;
pub mod send;
mod way;
