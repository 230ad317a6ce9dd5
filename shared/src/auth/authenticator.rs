//! What checks how people prove who they are.

use std::sync::Arc;

use super::oidc::{Http, Misconfigured, Oidc};
use super::{Source, Tokens};
use crate::Error;
use crate::config::{Authentication, InvalidConfig, OIDC_AUDIENCE, OIDC_ISSUER, TOKEN_KEY};

/// The settings of an [`Authentication`], alive.
#[derive(Clone, Debug)]
pub enum Authenticator {
    /// Whoever names a user is believed to be them.
    Open,
    /// Access tokens are signed and checked here, by the functions that have the key.
    Accounts(Option<Tokens>),
    /// Tokens of an outside issuer; one for the process, because it keeps the issuer's keys.
    Oidc(Arc<Oidc>),
}

impl Authenticator {
    /// An error if a key or the issuer cannot be used.
    pub fn new(authentication: &Authentication) -> Result<Self, InvalidConfig> {
        Ok(match authentication {
            Authentication::Open => Self::Open,
            Authentication::Accounts { keys } => {
                let refused =
                    |reason: &str| InvalidConfig { variable: TOKEN_KEY, reason: reason.into() };
                let tokens = keys.as_ref().map(|keys| Tokens::new(keys).map_err(refused));
                Self::Accounts(tokens.transpose()?)
            }
            Authentication::Oidc { issuer, audience } => {
                let oidc =
                    Oidc::new(issuer, audience, Http::new()).map_err(|wrong| InvalidConfig {
                        variable: match wrong {
                            Misconfigured::Issuer(_) => OIDC_ISSUER,
                            Misconfigured::Audience => OIDC_AUDIENCE,
                        },
                        reason: format!("cannot be used: {wrong}"),
                    })?;
                Self::Oidc(Arc::new(oidc))
            }
        })
    }

    /// The same, reading the keys again from `source` where a token's is not known.
    #[must_use]
    pub fn with_source(self, source: Source) -> Self {
        match self {
            Self::Accounts(Some(tokens)) => Self::Accounts(Some(tokens.with_source(source))),
            other => other,
        }
    }

    /// What signs and checks access tokens, where people have accounts of this server.
    pub fn tokens(&self) -> Result<&Tokens, Error> {
        match self {
            Self::Accounts(Some(tokens)) => Ok(tokens),
            _ => Err(Error::NotFound("account: this server keeps none")),
        }
    }
}
