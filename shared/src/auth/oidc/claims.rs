//! What a token says of itself and of a person.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::error::{Error, refuse};
use crate::domain::Timestamp;

/// How far the issuer's clock may be from ours.
const LEEWAY: Duration = Duration::from_secs(10);
/// The longest `sub` that OpenID Connect allows.
const MOST_SUBJECT_BYTES: usize = 255;

/// Somebody an issuer vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Who vouches: `subject` means somebody only together with it.
    pub issuer: String,
    /// Whom the issuer means, today and tomorrow: `sub`.
    pub subject: String,
    /// What to call them: `preferred_username` or `name`, but nobody's address.
    pub name: Option<String>,
    /// Until when the issuer vouches.
    pub expires_at: Timestamp,
}

/// The claims that are looked at; of what only has to be right if it fits, any value may stand.
#[derive(Deserialize)]
pub(super) struct Claims {
    iss: String,
    sub: String,
    exp: f64,
    nbf: Option<f64>,
    iat: Option<f64>,
    aud: Option<Value>,
    client_id: Option<Value>,
    token_use: Option<Value>,
    preferred_username: Option<Value>,
    name: Option<Value>,
    typ: Option<Value>,
    events: Option<Value>,
    nonce: Option<Value>,
    at_hash: Option<Value>,
    c_hash: Option<Value>,
}

/// What the header of a token may say that it is: a token of no particular kind, or an access token
/// (<https://www.rfc-editor.org/rfc/rfc9068#section-2.1>).
const KINDS: [&str; 4] = ["JWT", "application/JWT", "at+jwt", "application/at+jwt"];

impl Claims {
    /// Refuses tokens that were made for something else than to open an API, as far as they tell: ID tokens,
    /// which are for the client to read; logout tokens and other events; refresh tokens.
    ///
    /// An access token says so in its header (`at+jwt`), by `token_use` (Cognito) or `typ` (Keycloak), or
    /// says nothing at all of its kind, and has none of what only ID tokens have.
    pub(super) fn accept_kind(&self, header: Option<&str>) -> Result<(), Error> {
        let is = |claim: &Option<Value>, word: &str| {
            claim.as_ref().and_then(Value::as_str).is_some_and(|it| it.eq_ignore_ascii_case(word))
        };
        let of_access = header.is_some_and(|kind| kind.to_ascii_lowercase().ends_with("at+jwt"))
            || is(&self.token_use, "access")
            || is(&self.typ, "Bearer");
        let other_kind = header.is_some_and(|it| !KINDS.iter().any(|kind| kind.eq_ignore_ascii_case(it)))
            || (self.token_use.is_some() && !is(&self.token_use, "access"))
            || (self.typ.is_some() && !is(&self.typ, "Bearer"))
            || self.events.is_some()
            || self.at_hash.is_some()
            || self.c_hash.is_some()
            // Some issuers put it into access tokens, too.
            || (self.nonce.is_some() && !of_access);
        if other_kind { Err(refuse("it is no access token")) } else { Ok(()) }
    }

    /// Whom the token is about, if it is by `issuer`, for `audience` and for `now`.
    pub(super) fn accept(
        self,
        issuer: &str,
        audience: &str,
        now: Timestamp,
    ) -> Result<Subject, Error> {
        let expires_at = time(self.exp);
        if self.iss != issuer {
            return Err(refuse("it is another issuer's"));
        }
        if !self.is_for(audience) {
            return Err(refuse("it is for another audience"));
        }
        if expires_at.plus(LEEWAY) <= now {
            return Err(refuse("it has expired"));
        }
        let starts = [self.nbf, self.iat];
        if starts.into_iter().flatten().any(|start| time(start) > now.plus(LEEWAY)) {
            return Err(refuse("its time has not come"));
        }
        if !(1..=MOST_SUBJECT_BYTES).contains(&self.sub.len()) {
            return Err(refuse("its subject is empty or too long"));
        }
        let name = self.name().map(str::to_owned);
        Ok(Subject { issuer: self.iss, subject: self.sub, name, expires_at })
    }

    /// Cognito's access tokens have no `aud`; they name the client they are for as `client_id`
    /// (<https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html>).
    fn is_for(&self, audience: &str) -> bool {
        match &self.aud {
            Some(Value::String(only)) => only == audience,
            Some(Value::Array(several)) => several.iter().any(|one| one == audience),
            Some(_) => false,
            None => {
                self.token_use.as_ref().is_some_and(|used| used == "access")
                    && self.client_id.as_ref().is_some_and(|client| client == audience)
            }
        }
    }

    /// Everybody in a room would see it, so it is not where mail reaches somebody.
    fn name(&self) -> Option<&str> {
        let names = [&self.preferred_username, &self.name];
        let mut names = names.into_iter().flatten().filter_map(Value::as_str).map(str::trim);
        names.find(|name| !name.is_empty() && !is_address(name))
    }
}

fn is_address(name: &str) -> bool {
    name.split_once('@').is_some_and(|(who, host)| !who.is_empty() && !host.is_empty())
}

/// Seconds since the epoch, perhaps with a fraction; what is too far away becomes the farthest.
fn time(seconds: f64) -> Timestamp {
    Timestamp::from_millis((seconds * 1000.0) as i64)
}
