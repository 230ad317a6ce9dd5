//! The DynamoDB table: [`keys`] is its design; one file for each kind of item.

mod accounts;
mod api_keys;
mod blocks;
mod client;
mod hand_over;
pub mod inbox;
mod item;
mod key;
pub mod keys;
mod log;
mod memberships;
mod names;
mod online;
mod pages;
mod rooms;
mod settings;
mod table;
mod transaction;

pub use accounts::{
    Attempts, Counted, Exchange, Moment, Owner, Rotation, Secured, Session, Ticket,
};
pub use api_keys::KeptKey;
pub use client::Store;
pub use hand_over::{HandOver, HandOverLease, Taken};
pub use inbox::{Advance, BacklogDelivery, Connection, Inbox, Lease, Overdue, Pending, Update};
pub use log::{
    Entry, First, Lifetime, Obstacle, Put, Tail, Target, delete_archived, from_archive, take_words,
};
pub use memberships::{Membership, ReadMark};
pub use rooms::{
    Banned, Change, Changed, Departure, Entered, Invited, ListPage, Removed, RoomLimits,
};
