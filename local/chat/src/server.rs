//! The server that the client talks to, and how it is let in.

use std::time::Instant;

use client::connection::{Failure, innermost};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;

use crate::account::Account;
use crate::addresses::Addresses;
use crate::http::{Credential, HttpError};

/// Where the server is, and as whom one connects.
#[derive(Clone)]
pub(crate) struct Server {
    addresses: Addresses,
    account: Account,
}

impl Server {
    /// The server at these addresses.
    pub(crate) fn new(addresses: Addresses, account: Account) -> Self {
        Self { addresses, account }
    }
}

impl client::connection::Server for Server {
    async fn handshake(&self) -> Result<Request, Failure> {
        let credential = match self.account.credential().await {
            Ok(credential) => credential,
            // 429 is no verdict: the server is asked too much.
            Err(error @ HttpError::Refused { status: 400..=428 | 430..500, .. }) => {
                return Err(Failure::ForGood(error.to_string()));
            }
            Err(error) => return Err(Failure::MayPass(error.to_string())),
        };
        let mut query = vec![("history", "0")];
        if let Credential::Name(user) = &credential {
            query.push(("user_id", user));
        }
        let url = self.addresses.websocket_with(&query);
        let request = url.as_str().into_client_request();
        let mut request = request.map_err(|error| Failure::ForGood(format!("--url: {error}")))?;
        if let Credential::Token(token) = &credential {
            let bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()));
            let mut bearer = bearer.map_err(|_| Failure::ForGood("that is no token".into()))?;
            bearer.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, bearer);
        }
        Ok(request)
    }

    async fn failure(&self, error: &Error) -> Failure {
        match error {
            Error::Http(answer) if answer.status().as_u16() == 401 => {
                if self.account.is_refused().await {
                    return Failure::MayPass("the token is not good any more".into());
                }
                Failure::ForGood("the server does not believe who you are".into())
            }
            // API Gateway forbids also what is at none of its addresses.
            Error::Http(answer) if answer.status().as_u16() == 403 => {
                let url = self.addresses.websocket();
                Failure::ForGood(format!("{url} is forbidden: check --url, and who you are"))
            }
            Error::Http(answer) if answer.status().as_u16() == 404 => {
                let url = self.addresses.websocket();
                Failure::ForGood(format!("there is no WebSocket API at {url}; is --url right?"))
            }
            Error::Http(answer) => Failure::MayPass(format!("it answers {}", answer.status())),
            Error::Url(error) => Failure::ForGood(format!("--url: {error}")),
            error => {
                let url = self.addresses.websocket();
                Failure::MayPass(format!("{url} cannot be reached: {}", innermost(error)))
            }
        }
    }

    async fn stale_at(&self) -> Option<Instant> {
        self.account.stale_at().await
    }

    async fn fresh_token(&self) -> Option<SecretString> {
        match self.account.credential().await {
            Ok(Credential::Token(token)) => Some(token),
            _ => None,
        }
    }
}
