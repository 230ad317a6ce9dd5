//! What AWS would charge for what people do here.
//!
//! - [`prices`] is the price list, with where each price is from; [`usage`] is what is paid for, and what
//!   it comes to.
//! - [`work`] is what a request makes of the machines, which `functions/README.md` promises and
//!   `tests/cost.rs` counts; [`actions`] has what single people do, [`rooms`] a message into a room, both ways.
//! - [`tables`] shows it, as `tests/bench/README.md` has it.

pub mod actions;
pub mod prices;
pub mod rooms;
pub mod tables;
pub mod usage;
pub mod work;
