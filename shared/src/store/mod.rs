//! The DynamoDB table: [`keys`] is its design; one file for each kind of item.

mod client;
pub mod inbox;
mod item;
pub mod keys;
mod log;
mod start;
mod table;

pub use client::Store;
pub use inbox::{Connection, Drain, Inbox, Lease, Update, Waiting};
pub use log::{Appended, Draft};
