//! What proves who somebody is: access tokens, refresh tokens and tickets.
//!
//! An access token is a JWT (<https://www.rfc-editor.org/rfc/rfc7519>) that lives a quarter of an
//! hour. A refresh token and a ticket are random; only their hashes are kept. A refresh token is signed
//! too: that one was exchanged before ends its session, so nobody may make one up.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, crypto};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::SessionId;
use crate::Error;
use crate::chat::{Timestamp, UserId};

/// How long an access token is good for.
pub const ACCESS_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// Who issues access tokens, and for whom: nothing else that the key may sign counts as one.
const CONFAB: &str = "confab";
/// The fewest bytes a key may have: as many as a hash
/// (<https://www.rfc-editor.org/rfc/rfc7518#section-3.2>).
const MIN_KEY_BYTES: usize = 32;
/// How a refresh token begins, so that scanners for lost secrets know it.
const REFRESH: &str = "confab_refresh_";
/// How a ticket begins.
const TICKET: &str = "confab_ticket_";
/// The random part of a refresh token or ticket, in bytes.
const RANDOM: usize = 32;

/// Signs and checks access tokens.
#[derive(Clone)]
pub struct Tokens(Arc<Keys>);

struct Keys {
    signing: EncodingKey,
    checking: DecodingKey,
}

/// What a good access token says.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Who.
    pub user: UserId,
    /// In which session.
    pub session: SessionId,
    /// Until when.
    pub until: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: Uuid,
    iat: i64,
    exp: i64,
}

impl Tokens {
    /// Signs with `key`, which has at least 32 bytes.
    pub fn new(key: &SecretString) -> Result<Self, &'static str> {
        let key = key.expose_secret().as_bytes();
        if key.len() < MIN_KEY_BYTES {
            return Err("is too short: a key has at least 32 bytes");
        }
        let keys = Keys {
            signing: EncodingKey::from_secret(key),
            checking: DecodingKey::from_secret(key),
        };
        Ok(Self(Arc::new(keys)))
    }

    /// A token that says that the bearer is `user`, until [`ACCESS_LIFETIME`] is over.
    pub fn issue(
        &self,
        user: &UserId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<SecretString, Error> {
        let claims = Claims {
            iss: CONFAB.to_owned(),
            aud: CONFAB.to_owned(),
            sub: user.as_str().to_owned(),
            sid: session.0,
            iat: now.as_seconds(),
            exp: now.plus(ACCESS_LIFETIME).as_seconds(),
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.0.signing);
        token.map(SecretString::from).map_err(|_| Error::Corrupt("a new token"))
    }

    /// What a token says, if it is one of ours and not over.
    pub fn check(&self, token: &str, now: Timestamp) -> Result<Grant, Error> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[CONFAB]);
        validation.set_audience(&[CONFAB]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // Against our own clock, below.
        validation.validate_exp = false;
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.0.checking, &validation);
        let claims = decoded.map_err(|_| Error::Untrusted("the token is not valid"))?.claims;
        let until = Timestamp::from_millis(claims.exp.saturating_mul(1000));
        if until <= now {
            return Err(Error::Untrusted("the token has expired"));
        }
        let user = UserId::parse(&claims.sub);
        let user = user.map_err(|_| Error::Untrusted("the token is not valid"))?;
        Ok(Grant { user, session: SessionId(claims.sid), until })
    }

    /// A refresh token as its owner keeps it.
    pub fn write_refresh(&self, token: &RefreshToken) -> Result<SecretString, Error> {
        let text = token.text();
        let signature = crypto::sign(text.as_bytes(), &self.0.signing, Algorithm::HS256);
        let signature = signature.map_err(|_| Error::Corrupt("a new token"))?;
        Ok(format!("{text}.{signature}").into())
    }

    /// Reads what [`write_refresh`](Self::write_refresh) wrote, and nothing else.
    pub fn read_refresh(&self, token: &SecretString) -> Result<RefreshToken, Error> {
        let read = || {
            let (text, signature) = token.expose_secret().rsplit_once('.')?;
            let ours =
                crypto::verify(signature, text.as_bytes(), &self.0.checking, Algorithm::HS256);
            ours.ok().filter(|ours| *ours)?;
            RefreshToken::parse(text)
        };
        read().ok_or(Error::Untrusted("the refresh token is not valid"))
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

/// A refresh token: whose session it renews, and the secret that proves it.
pub struct RefreshToken {
    /// Whose.
    pub user: Uuid,
    /// Which session.
    pub session: SessionId,
    random: [u8; RANDOM],
}

impl RefreshToken {
    /// A new one.
    pub fn fresh(user: Uuid, session: SessionId) -> Result<Self, Error> {
        Ok(Self { user, session, random: random()? })
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(REFRESH)?).ok()?;
        let (user, rest) = bytes.split_at_checked(16)?;
        let (session, random) = rest.split_at_checked(16)?;
        Some(Self {
            user: Uuid::from_slice(user).ok()?,
            session: SessionId(Uuid::from_slice(session).ok()?),
            random: random.try_into().ok()?,
        })
    }

    fn text(&self) -> String {
        let bytes = [&self.user.as_bytes()[..], self.session.0.as_bytes(), &self.random].concat();
        format!("{REFRESH}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What is kept of it.
    pub fn hash(&self) -> String {
        hash(&self.random)
    }
}

/// A new ticket, and what is kept of it.
pub fn new_ticket() -> Result<(String, String), Error> {
    let ticket = format!("{TICKET}{}", URL_SAFE_NO_PAD.encode(random()?));
    let hash = hash(ticket.as_bytes());
    Ok((ticket, hash))
}

/// The SHA-256 of something, as part of a key; of a secret only if that is too random to be guessed.
pub fn hash(secret: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(secret))
}

fn random() -> Result<[u8; RANDOM], Error> {
    let mut bytes = [0; RANDOM];
    getrandom::fill(&mut bytes).map_err(|_| Error::Corrupt("random bytes"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "a key for tests of at least 32 bytes";

    fn tokens() -> Tokens {
        Tokens::new(&KEY.into()).unwrap()
    }

    fn user() -> UserId {
        UserId::parse("0192b4e0-7c00-7000-8000-000000000000").unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn a_token_says_who_until_it_is_over() {
        let session = SessionId::fresh();
        let token = tokens().issue(&user(), session, at(1000)).unwrap();
        let grant = tokens().check(token.expose_secret(), at(1899)).unwrap();
        assert_eq!((grant.user, grant.session, grant.until), (user(), session, at(1900)));
        let over = tokens().check(token.expose_secret(), at(1900)).unwrap_err();
        assert_eq!(over.to_string(), "the token has expired");
    }

    #[track_caller]
    fn refused(header: &Header, claims: &serde_json::Value, key: &str) {
        let token = jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(key.as_bytes()));
        let refused = tokens().check(&token.unwrap(), at(1000)).unwrap_err();
        assert_eq!(refused.to_string(), "the token is not valid");
    }

    #[test]
    fn nothing_else_is_a_token() {
        let good = serde_json::json!({
            "iss": "confab", "aud": "confab", "sub": "u", "sid": Uuid::nil(), "iat": 0, "exp": 9999,
        });
        let plain = Header::new(Algorithm::HS256);
        let own = EncodingKey::from_secret(KEY.as_bytes());
        assert!(tokens().check(&jsonwebtoken::encode(&plain, &good, &own).unwrap(), at(0)).is_ok());

        refused(&plain, &good, "another key of 32 bytes or more ...");
        refused(&Header::new(Algorithm::HS512), &good, KEY);
        for (claim, value) in
            [("iss", "another"), ("aud", "another"), ("sub", ""), ("sid", "none"), ("exp", "soon")]
        {
            let mut bad = good.clone();
            bad[claim] = value.into();
            refused(&plain, &bad, KEY);
            bad.as_object_mut().unwrap().remove(claim);
            refused(&plain, &bad, KEY);
        }
        let unsigned = |header: &str| {
            let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
            format!("{}.{}.", part(header), part(&good.to_string()))
        };
        for garbage in
            ["", "x", "a.b.c", &unsigned(r#"{"alg":"none"}"#), &unsigned(r#"{"alg":"HS256"}"#)]
        {
            assert!(tokens().check(garbage, at(1000)).is_err(), "{garbage}");
        }
    }

    #[test]
    fn a_refresh_token_comes_back_and_only_its_hash_is_kept() {
        let token = RefreshToken::fresh(Uuid::now_v7(), SessionId::fresh()).unwrap();
        let written = tokens().write_refresh(&token).unwrap();
        let read = tokens().read_refresh(&written).unwrap();
        assert_eq!((read.user, read.session), (token.user, token.session));
        assert_eq!(read.hash(), token.hash());
        let written = written.expose_secret();
        assert!(!written.contains(&token.hash()));
        for garbage in ["", "confab_refresh_", &written[..written.len() - 1], &written[7..]] {
            assert!(tokens().read_refresh(&garbage.into()).is_err(), "{garbage}");
        }
    }

    #[test]
    fn nobody_makes_a_refresh_token_up() {
        let token = RefreshToken::fresh(Uuid::now_v7(), SessionId::fresh()).unwrap();
        let other = Tokens::new(&"another key of 32 bytes or more ...".into()).unwrap();
        let unsigned = SecretString::from(token.text());
        for forged in [unsigned, other.write_refresh(&token).unwrap()] {
            assert!(tokens().read_refresh(&forged).is_err());
        }
    }

    #[test]
    fn short_keys_are_refused() {
        assert!(Tokens::new(&"x".repeat(31).into()).is_err());
    }
}
