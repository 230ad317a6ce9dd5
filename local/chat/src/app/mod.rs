//! The client: brings what is typed, what is heard and what is due to the session, and what the
//! session says to the line and the screen.

mod changing;
mod commands;
mod conversations;
mod draft;
mod ending;
mod event_loop;
mod events;
mod http_requests;
mod place;
mod quiet;
mod settings;
mod signals;

pub(crate) use event_loop::{App, Mode};
pub(crate) use http_requests::HttpRequests;
pub(crate) use place::Destination;
