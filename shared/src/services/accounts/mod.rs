//! Accounts: people register, sign in, stay signed in, and go.
//!
//! Whoever signs in begins a session and gets two tokens: a short-lived one that every connection and
//! request shows, and one that is exchanged for the next pair. Each of these is good once; one that
//! is shown again was stolen or copied, so its session ends. Whatever ends a session also closes its
//! sockets at once.

mod deletion;
mod identify;
mod password;
mod profile;
mod server_side;
mod sessions;
mod sign_in;

pub use deletion::{delete, forget};
pub use identify::{identify, identify_by_token};
pub use password::{NewPassword, change_password};
pub(crate) use profile::display_name;
pub use profile::{Profile, change_profile};
pub use server_side::{NewUser, create, mint};
pub use sessions::{TICKET_LIFETIME, end, end_everywhere, ticket};
pub use sign_in::{Credentials, SignedIn, login, refresh, register};
