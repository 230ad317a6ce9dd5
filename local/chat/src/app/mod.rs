//! The client: brings what is typed, what is heard and what is due to the session, and what the
//! session says to the line and the screen.

mod answers;
mod commands;
mod ending;
mod event_loop;
mod events;
mod place;
mod signals;

pub(crate) use answers::Asker;
pub(crate) use event_loop::{App, Mode};
pub(crate) use place::Destination;
