//! What proves who somebody is: passwords, tokens, and what a request shows of them.

pub mod api_keys;
mod authenticator;
pub mod credentials;
pub mod identity;
mod keyring;
pub mod oidc;
pub mod password;
pub mod tokens;

pub use authenticator::Authenticator;
pub use keyring::Source;
pub use tokens::{ACCESS_LIFETIME, Grant, Tokens};
