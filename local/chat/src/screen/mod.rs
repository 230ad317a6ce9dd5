//! What is shown, and how: lines for people, columns for pipes, JSON for scripts.

mod lines;
mod output;
mod paint;
mod prompt;
mod text;

pub(crate) use lines::Lines;
pub(crate) use output::{Output, Screen, Show};
pub(crate) use paint::Paint;
pub(crate) use prompt::Prompt;
pub(crate) use text::visible;
