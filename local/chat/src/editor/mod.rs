//! The line that a person edits in a terminal, while things are shown above it.

mod gate;
mod keyboard;
mod terminal;

pub(crate) use keyboard::{Keyboard, Printer, SharedNames, SharedPrompt, lock};
pub(crate) use terminal::Settings;
