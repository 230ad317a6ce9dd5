//! The inbox: who of a user's connections stands, and what waits for them, in one item per user.
//!
//! | attribute | holds |
//! |---|---|
//! | `conn:<connection>` | a map: `connected_at`, `expires_at`, and `ready` once the handshake is through |
//! | `wait:<conversation>` | the first message not handed over yet |
//! | `skip:<conversation>` | the last message that a sender left to whoever drains |
//! | `lease:<conversation>` | a map: who drains (`holder`) and until when (`until`) |
//! | `arrived` | a connection to greet, or `*`: the `deliver` function has something to do here |
//! | `last_seen` | when a connection last went |
//!
//! One item, so that every step of a hand-over is one atomic update that shows the image after it.
//! The rules of the steps are [`delivery`](crate::delivery)'s; this file only carries them out.
//! `arrived` wakes `deliver` through the table's stream whenever an image carries it, so every
//! update here either sets it or removes it.

mod image;
mod presence;
mod read;
mod waiting;

pub use image::{Connection, Inbox, Lease, Update, Waiting};
pub use presence::NOBODY_NEW;
pub use waiting::Drain;
