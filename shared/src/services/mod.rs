//! What people do, whichever way they ask.

pub mod access;
pub mod accounts;
pub mod api_keys;
pub mod blocks;
pub mod delivery;
pub mod directory;
pub mod events;
pub mod export;
pub mod messages;
pub mod own_inbox;
pub mod presence;
pub mod rooms;
pub mod settings;
pub mod shown;
