//! What messages show besides what they say: parts of others, and what differs from reader to reader.

pub mod quotes;
pub mod reader;
