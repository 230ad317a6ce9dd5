//! What is shown, and how: lines for people, columns for pipes, JSON for scripts.

mod became;
mod lines;
mod news;
mod output;

pub(crate) use became::beginning;
pub(crate) use lines::Lines;
pub(crate) use output::{Output, Screen, Show};
