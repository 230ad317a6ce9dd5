//! Confab on a laptop: the parts of AWS it needs, emulated inside one process.

pub mod gateway;
pub mod time;
