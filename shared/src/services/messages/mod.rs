//! Messages are said and read.

pub mod read;
pub mod send;
