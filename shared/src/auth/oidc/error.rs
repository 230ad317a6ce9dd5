//! Why a token lets nobody in.

use std::error::Error as StdError;
use std::sync::Arc;

/// Tells a bad token from an issuer that cannot be asked about it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The token is not one of this issuer for this audience at this time.
    #[error("say who you are")]
    Unauthorized,
    /// The issuer's keys cannot be had, so nobody knows whether the token is good.
    #[error("failed to {action}")]
    Issuer {
        /// The step that failed, to complete "failed to".
        action: &'static str,
        /// Why; shared by all who waited for it.
        source: Arc<dyn StdError + Send + Sync>,
    },
}

/// What stops the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misconfigured {
    /// The issuer is not an address to fetch keys from.
    #[error("the issuer {0}")]
    Issuer(&'static str),
    /// No audience is named, so tokens for anybody would do.
    #[error("the audience is empty")]
    Audience,
}

/// Tells why a token is refused to whoever debugs their settings, and only "no" to the caller.
pub(super) fn refuse(reason: &'static str) -> Error {
    tracing::debug!(reason, "refused a token");
    Error::Unauthorized
}

/// Wraps why the issuer cannot be asked; `action` completes "failed to".
pub(super) fn unknown<E: Into<Box<dyn StdError + Send + Sync>>>(
    action: &'static str,
) -> impl FnOnce(E) -> Error {
    move |source| Error::Issuer { action, source: Arc::from(source.into()) }
}

impl From<Error> for crate::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Unauthorized => Self::Untrusted("the token is not valid"),
            Error::Issuer { action, source } => Self::Issuer { action, source },
        }
    }
}
