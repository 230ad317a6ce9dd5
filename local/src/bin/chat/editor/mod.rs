//! The line that a person edits in a terminal, while things are shown above it.

mod gate;
mod keyboard;

pub(crate) use keyboard::{Keyboard, Printer, SharedPrompt, lock};
