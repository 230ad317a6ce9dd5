//! The DynamoDB table: [`keys`] is its design; one file for each kind of item.

mod accounts;
mod blocks;
mod client;
pub mod inbox;
mod item;
mod key;
pub mod keys;
mod list;
mod listings;
mod log;
mod names;
mod online;
mod rooms;
mod table;
mod transaction;

pub use accounts::{Attempts, Exchange, Moment, Rotation, Secured, Session, Ticket};
pub use client::Store;
pub use inbox::{Advance, Connection, Drain, Inbox, Lease, Overdue, Update, Waiting};
pub use listings::{Listing, ReadMark};
pub use log::{Entry, First, Put, Tail};
pub use rooms::{
    Banned, Change, Changed, Departure, Entered, Invited, Listed, Removed, RoomLimits,
};
