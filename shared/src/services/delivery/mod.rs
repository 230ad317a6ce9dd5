//! Brings a stored message to the people of its conversation, or marks that it waits for them.
//!
//! The rules, of which each is needed:
//!
//! - Inboxes are read *after* the message is stored, strongly consistent. So either the reader sees a
//!   connection, or the connection's welcome sees the mark.
//! - What became of a message since it was read is pushed to whoever was ready then: for a connection that
//!   became ready later the message is read again.
//! - A connection is ready once its handshake is through; until then it counts as absent.
//! - Nobody took it: one update sets the pending mark `wait` and forgets the connections that answered
//!   410; the item after it tells whether a connection became ready meanwhile. Then `deliver` is
//!   notified.
//! - An inbox that can list no more has one mark for all the rest, `overflow`: its owner is told that
//!   more waits. So no inbox ever fails a send.
//! - Connections whose token or session is over take nothing; `deliver` dismisses them.
//! - Marks only fall: two senders may come in either order.
//! - Under a mark nobody pushes, or messages would overtake those that wait. The sender notes
//!   its late write, `skip`, for whoever delivers the backlog, on condition that the mark still stands.
//! - Only the `deliver` function delivers backlogs. Whoever finds a mark beside a ready connection
//!   notifies it through the table's stream, which tries again if it fails.
//!
//! A message is undelivered for a user exactly while `wait <= seq`. `PROTOCOL.md` beside this file
//! tells the whole of it, and why it holds.

mod fan_out;
mod recipients;

pub use fan_out::{Copies, count_delivered, deliver};
pub use recipients::{Recipient, Recipients, recipients};
