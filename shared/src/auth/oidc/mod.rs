//! Tokens of an outside issuer (Cognito, Auth0, Keycloak, …), checked against the keys it publishes.
//!
//! An issuer names its keys in two documents: the discovery document tells where the key set is, the
//! key set holds the public keys. They are fetched when a token first needs them, kept in the
//! process, and fetched again when they are old or when a token names a key that is not among them.
//!
//! - [`Oidc`]: what a token must be, and whose it then is;
//! - `claims`: what a token says;
//! - `keys`, `key_set`: which keys are known, for how long, and which of them may be used;
//! - `issuer`, `http`: where they come from.

mod claims;
mod error;
mod http;
mod issuer;
mod key_set;
mod keys;
mod verifier;

pub use claims::Subject;
pub use error::{Error, Misconfigured};
pub use http::Http;
pub use verifier::Oidc;
