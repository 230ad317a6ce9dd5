//! The inbox: who of a user's connections stands, and what waits for them, in one item per user.
//!
//! | attribute | holds |
//! |---|---|
//! | `conn:<connection>` | a map: `connected_at`, `expires_at`, `ready_at`: since when the handshake is known to be through, how much `history` to send with `welcome` |
//! | `wait:<conversation>` | the first message not delivered yet |
//! | `skip:<conversation>` | the last message that a sender left to whoever delivers the backlog |
//! | `lease:<conversation>` | a map: who delivers the backlog (`holder`) and until when (`until`) |
//! | `overflow` | stands for whatever waits and found no room in this list: `-`, or who is telling the user |
//! | `blocked:<user>` | since when the user has blocked them |
//! | `closed` | since when the user's account is being deleted, or is gone |
//! | `ended:<session>` | when a session ended, for as long as somebody may not have noticed |
//! | `arrived` | a connection to welcome, or `*…` or `-`: the `deliver` function has something to do here |
//! | `latest` | the connection that was made last |
//! | `alone` | that connection, if the user was offline before it came |
//! | `dir_pk`, `dir_sk` | the user's place in the index of who is online, as long as they are |
//! | `last_seen` | when the last connection went |
//!
//! One item, so that every step of a delivery is one atomic update that shows the item after it.
//! The rules of the steps are [`delivery`](crate::services::delivery)'s; this file only carries them out.
//! `arrived` notifies `deliver` through the table's stream whenever an item carries it, so every
//! update here either sets it or removes it.

mod connections;
mod overflow;
mod pending;
mod read;
mod state;

pub use connections::{NOBODY_NEW, WENT_OFFLINE};
pub use pending::{Advance, BacklogDelivery};
pub use state::{Connection, Inbox, Lease, Overdue, Pending, Update};
