//! Tokens of an outside issuer: who gets in, who does not, and what the issuer is asked for it.

mod issuers;
mod keys;
mod strangers;
mod tokens;

use std::time::Duration;

use serde_json::{Value, json};
use shared::auth::oidc::{Error, Http, Oidc, Subject};
use shared::domain::Timestamp;

use crate::support::{Issuer, SigningKey};

const AUDIENCE: &str = "confab";

/// An issuer with one key, and a server that trusts it.
struct Gate {
    issuer: Issuer,
    key: SigningKey,
    oidc: Oidc,
}

impl Gate {
    async fn new() -> Self {
        Self::with(SigningKey::ec("one")).await
    }

    async fn with(key: SigningKey) -> Self {
        let issuer = Issuer::with(&[&key]).await;
        Self { oidc: trusting(&issuer), key, issuer }
    }

    /// What a good token says.
    fn claims(&self) -> Value {
        claims_of(&self.issuer)
    }

    /// A good token.
    fn token(&self) -> String {
        self.key.token(&self.claims())
    }

    /// A good token but for `changes`; null leaves a claim out.
    fn token_with(&self, changes: Value) -> String {
        self.key.token(&changed(self.claims(), changes))
    }

    async fn asks(&self, token: &str) -> Result<Subject, Error> {
        self.oidc.verify(token, now()).await
    }

    /// What comes of it some time later.
    async fn asks_after(&self, time: Duration, token: &str) -> Result<Subject, Error> {
        self.oidc.verify(token, now().plus(time)).await
    }

    async fn lets_in(&self, what: &str, token: &str) -> Subject {
        self.asks(token).await.unwrap_or_else(|error| panic!("{what}: {error:?}"))
    }

    async fn refuses(&self, what: &str, token: &str) {
        assert_refused(what, &self.asks(token).await);
    }
}

fn trusting(issuer: &Issuer) -> Oidc {
    Oidc::new(issuer.url(), AUDIENCE, Http::new()).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

/// Seconds since the epoch, as claims have it, `seconds` from now.
fn at(seconds: i64) -> i64 {
    now().as_seconds() + seconds
}

/// A token that lives for two days, so that the keys' age can be told from its own.
fn claims_of(issuer: &Issuer) -> Value {
    json!({"iss": issuer.url(), "aud": AUDIENCE, "sub": "7f3a", "iat": at(0), "exp": at(172_800)})
}

fn changed(mut value: Value, changes: Value) -> Value {
    let fields = value.as_object_mut().unwrap();
    let Value::Object(changes) = changes else { panic!("changes are fields: {changes}") };
    for (name, change) in changes {
        if change.is_null() {
            fields.remove(&name);
        } else {
            fields.insert(name, change);
        }
    }
    value
}

#[track_caller]
fn assert_refused(what: &str, outcome: &Result<Subject, Error>) {
    assert!(matches!(outcome, Err(Error::Unauthorized)), "{what}: {outcome:?}");
}

/// Nobody gets in, and the token is not blamed.
#[track_caller]
fn assert_unknown(what: &str, outcome: &Result<Subject, Error>) {
    assert!(matches!(outcome, Err(Error::Issuer { .. })), "{what}: {outcome:?}");
}
