//! Requests to the HTTP API.

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::addresses::Addresses;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a request is made that fails for no fault of its own, and the pause between.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(400);

/// What a request shows to prove who asks.
#[derive(Clone, Debug)]
pub(crate) enum Credential {
    /// Nothing: for signing in.
    None,
    /// A name that is believed.
    Name(String),
    /// A token.
    Token(SecretString),
}

/// Why there is no good answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// The server said no.
    #[error("{reason}")]
    Refused { status: u16, reason: String },
    /// No server of this kind answered.
    #[error("{url} does not answer as the HTTP API; --http says where it is ({reason})")]
    Unreachable { url: String, reason: String },
}

/// The HTTP API of a server.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: reqwest::Client,
    base: String,
}

impl Http {
    /// The API at these addresses.
    pub(crate) fn new(addresses: &Addresses) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
        Ok(Self { client, base: addresses.http().to_owned() })
    }

    /// Asks, again if the failure may pass: only for what may be done twice.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        credential: &Credential,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<T, HttpError> {
        let mut tries = 1;
        loop {
            let answer = self.ask_once(credential, method.clone(), path, body.clone()).await;
            let may_pass = match &answer {
                Ok(_) => false,
                Err(HttpError::Refused { status, .. }) => *status >= 500,
                Err(HttpError::Unreachable { .. }) => true,
            };
            if !may_pass || tries == TRIES {
                return answer;
            }
            tokio::time::sleep(PAUSE * tries).await;
            tries += 1;
        }
    }

    /// Asks once.
    pub(crate) async fn ask_once<T: DeserializeOwned>(
        &self,
        credential: &Credential,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<T, HttpError> {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        request = match credential {
            Credential::None => request,
            Credential::Name(user) => request.query(&[("user_id", user)]),
            Credential::Token(token) => request.bearer_auth(token.expose_secret()),
        };
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        let status = response.status();
        let answer = response.bytes().await.map_err(|error| self.unreachable(error))?;
        if status.is_success() {
            let answer = if answer.is_empty() { b"null" } else { &answer[..] };
            return serde_json::from_slice(answer).map_err(|error| self.unreachable(error));
        }
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        let reason = answer["error"]["message"].as_str().or(answer["message"].as_str());
        let reason = reason.map_or_else(|| format!("the HTTP API answers {status}"), str::to_owned);
        Err(HttpError::Refused { status: status.as_u16(), reason })
    }

    fn unreachable(&self, error: impl std::error::Error + 'static) -> HttpError {
        HttpError::Unreachable { url: self.base.clone(), reason: innermost(&error) }
    }
}

/// The innermost cause of an error: what people can do something about.
pub(crate) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// A part of a path, whatever characters it has.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
