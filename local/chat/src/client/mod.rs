//! The client: brings what is typed, what is heard and what is due to the session, and what the
//! session says to the line and the screen.

mod answers;
mod commands;
mod ending;
mod events;
mod life;
mod place;
mod signals;

pub(crate) use answers::Asker;
pub(crate) use life::{Client, Manner};
pub(crate) use place::Goal;
