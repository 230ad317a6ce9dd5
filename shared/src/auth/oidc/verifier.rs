//! Decides whether a token lets somebody in.

use jsonwebtoken::{Algorithm, Header, Validation};

use super::claims::{Claims, Subject};
use super::error::{Error, Misconfigured, refuse};
use super::http::Http;
use super::issuer::Issuer;
use super::key_set::Key;
use super::keys::Keys;
use crate::domain::Timestamp;

/// The longest token that is looked at: more does not fit API Gateway's headers.
const MOST_TOKEN_BYTES: usize = 8 * 1024;

/// Checks the tokens of one issuer for one audience.
///
/// One for a process: it keeps the issuer's keys.
#[derive(Debug)]
pub struct Oidc {
    audience: String,
    keys: Keys,
}

impl Oidc {
    /// `issuer` is what tokens have in `iss`, to the letter; `audience` is the client id or the API
    /// that they are for. Nothing is fetched yet.
    pub fn new(issuer: &str, audience: &str, http: Http) -> Result<Self, Misconfigured> {
        if audience.is_empty() {
            return Err(Misconfigured::Audience);
        }
        let keys = Keys::new(Issuer::parse(issuer)?, http);
        Ok(Self { audience: audience.to_owned(), keys })
    }

    /// Whom the issuer vouches for by `token` at `now`.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Subject, Error> {
        let header = read_header(token)?;
        let key = self.keys.find(header.kid.as_deref(), header.alg, now).await?;
        let claims = check_signature(token, &key)?;
        claims.accept_kind(header.typ.as_deref())?;
        claims.accept(self.keys.issuer().name(), &self.audience, now)
    }
}

/// What a token says about its signature, if that is something to check; anything else is refused
/// before the issuer is asked.
fn read_header(token: &str) -> Result<Header, Error> {
    if token.len() > MOST_TOKEN_BYTES {
        return Err(refuse("it is too long"));
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| refuse("it is not a token"))?;
    if !matches!(header.alg, Algorithm::RS256 | Algorithm::ES256) {
        return Err(refuse("its algorithm is not RS256 or ES256"));
    }
    if header.crit.is_some() {
        return Err(refuse("it asks for an extension"));
    }
    Ok(header)
}

/// What the token says, if `key` signed it by the one algorithm that the key is for.
fn check_signature(token: &str, key: &Key) -> Result<Claims, Error> {
    let mut validation = Validation::new(key.algorithm);
    // The claims are checked by the caller's clock, not by the machine's.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let checked = jsonwebtoken::decode::<Claims>(token, &key.public, &validation);
    let token = checked.map_err(|_| refuse("its signature or its claims are wrong"))?;
    Ok(token.claims)
}
