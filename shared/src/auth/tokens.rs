//! What proves who somebody is: access tokens, refresh tokens and tickets.
//!
//! An access token is a JWT (<https://www.rfc-editor.org/rfc/rfc7519>) that lives a quarter of an
//! hour. A refresh token and a ticket are random; only their hashes are kept. A refresh token is signed
//! too: that one was exchanged before ends its session, so nobody may make one up.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header, Validation, crypto};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::keyring::{Key, Keys, Source};
use crate::Error;
use crate::config::TokenKeys;
use crate::domain::{SessionId, Timestamp, UserId};

/// How long an access token is good for.
pub const ACCESS_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// Who issues access tokens, and for whom: nothing else that the key may sign counts as one.
const CONFAB: &str = "confab";
/// How a refresh token begins, so that scanners for lost secrets know it.
const REFRESH: &str = "confab_refresh_";
/// How a ticket begins.
const TICKET: &str = "confab_ticket_";
/// The random part of a refresh token or ticket, in bytes.
const RANDOM: usize = 32;

/// Signs and checks access tokens.
#[derive(Clone, Debug)]
pub struct Tokens(Arc<Keys>);

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
    /// Signs with the present key, and takes what the one before it signed, too; each has at least 32
    /// bytes.
    pub fn new(secrets: &TokenKeys) -> Result<Self, &'static str> {
        Keys::new(secrets, None).map(Arc::new).map(Self)
    }

    /// The same, reading the keys again from `source` where a token's is not known.
    #[must_use]
    pub fn with_source(&self, source: Source) -> Self {
        Self(Arc::new(self.0.with_source(source)))
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
        let key = self.0.ring().current;
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(key.name.clone());
        let token = jsonwebtoken::encode(&header, &claims, &key.signing);
        token.map(SecretString::from).map_err(|_| Error::Corrupt("a new token"))
    }

    /// What a token says, if it is one of ours and not over.
    pub async fn check(&self, token: &str, now: Timestamp) -> Result<Grant, Error> {
        const INVALID: Error = Error::Untrusted("the token is not valid");
        let header = jsonwebtoken::decode_header(token).map_err(|_| INVALID)?;
        let kid = header.kid.as_deref();
        let mut keys = self.0.ring().named(kid);
        // Tokens that name no key were made before keys had names.
        if keys.is_empty() && self.0.look_again(now).await? {
            keys = self.0.ring().named(kid);
        }
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[CONFAB]);
        validation.set_audience(&[CONFAB]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // Against our own clock, below.
        validation.validate_exp = false;
        let decode =
            |key: &Arc<Key>| jsonwebtoken::decode::<Claims>(token, &key.checking, &validation).ok();
        let claims = keys.iter().find_map(decode).ok_or(INVALID)?.claims;
        let until = Timestamp::from_millis(claims.exp.saturating_mul(1000));
        if until <= now {
            return Err(Error::Untrusted("the token has expired"));
        }
        let user = UserId::parse(&claims.sub).map_err(|_| INVALID)?;
        Ok(Grant { user, session: SessionId(claims.sid), until })
    }

    /// A refresh token as its owner keeps it.
    pub fn write_refresh(&self, token: &RefreshToken) -> Result<SecretString, Error> {
        let text = token.text();
        let signature = sign(text.as_bytes(), &self.0.ring().current)?;
        Ok(format!("{text}.{signature}").into())
    }

    /// Reads what [`write_refresh`](Self::write_refresh) wrote, and nothing else; and the one token that
    /// follows it, the same whenever it is asked for.
    pub async fn read_refresh(
        &self,
        token: &SecretString,
        now: Timestamp,
    ) -> Result<(RefreshToken, RefreshToken), Error> {
        const INVALID: Error = Error::Untrusted("the refresh token is not valid");
        let (text, signature) = token.expose_secret().rsplit_once('.').ok_or(INVALID)?;
        let token = RefreshToken::parse(text).ok_or(INVALID)?;
        let signed_by = |key: &Arc<Key>| {
            crypto::verify(signature, text.as_bytes(), &key.checking, Algorithm::HS256)
                .is_ok_and(|ours| ours)
        };
        let find = || self.0.ring().named(None).into_iter().find(signed_by);
        let key = match find() {
            None if self.0.look_again(now).await? => find(),
            key => key,
        };
        let key = key.ok_or(INVALID)?;
        let successor = token.successor(&key)?;
        Ok((token, successor))
    }
}

fn sign(message: &[u8], key: &Key) -> Result<String, Error> {
    let signature = crypto::sign(message, &key.signing, Algorithm::HS256);
    signature.map_err(|_| Error::Corrupt("a new token"))
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

    /// The token that this one is exchanged for. It follows from this one and the key that signed it, so
    /// that whoever exchanges it twice at once gets the same one twice, and none of them is kept.
    fn successor(&self, key: &Key) -> Result<Self, Error> {
        let next = sign(&[b"the token after ", self.text().as_bytes()].concat(), key)?;
        let random = Sha256::digest(next.as_bytes()).into();
        Ok(Self { user: self.user, session: self.session, random })
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

pub(super) fn random() -> Result<[u8; RANDOM], Error> {
    let mut bytes = [0; RANDOM];
    getrandom::fill(&mut bytes).map_err(|_| Error::Corrupt("random bytes"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::EncodingKey;

    use super::*;

    const KEY: &str = "a key for tests of at least 32 bytes";

    fn of(current: &str, previous: Option<&str>) -> Tokens {
        let previous = previous.map(SecretString::from);
        Tokens::new(&TokenKeys { current: current.into(), previous }).unwrap()
    }

    fn tokens() -> Tokens {
        of(KEY, None)
    }

    fn user() -> UserId {
        UserId::parse("0192b4e0-7c00-7000-8000-000000000000").unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[tokio::test]
    async fn a_token_says_who_until_it_is_over() {
        let session = SessionId::fresh();
        let token = tokens().issue(&user(), session, at(1000)).unwrap();
        let grant = tokens().check(token.expose_secret(), at(1899)).await.unwrap();
        assert_eq!((grant.user, grant.session, grant.until), (user(), session, at(1900)));
        let over = tokens().check(token.expose_secret(), at(1900)).await.unwrap_err();
        assert_eq!(over.to_string(), "the token has expired");
    }

    async fn refused(header: &Header, claims: &serde_json::Value, key: &str) {
        let token = jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(key.as_bytes()));
        let refused = tokens().check(&token.unwrap(), at(1000)).await.unwrap_err();
        assert_eq!(refused.to_string(), "the token is not valid");
    }

    #[tokio::test]
    async fn nothing_else_is_a_token() {
        let good = serde_json::json!({
            "iss": "confab", "aud": "confab", "sub": "u", "sid": Uuid::nil(), "iat": 0, "exp": 9999,
        });
        let plain = Header::new(Algorithm::HS256);
        let own = EncodingKey::from_secret(KEY.as_bytes());
        let unnamed = jsonwebtoken::encode(&plain, &good, &own).unwrap();
        assert!(tokens().check(&unnamed, at(0)).await.is_ok());

        refused(&plain, &good, "another key of 32 bytes or more ...").await;
        refused(&Header::new(Algorithm::HS512), &good, KEY).await;
        let mut unknown = Header::new(Algorithm::HS256);
        unknown.kid = Some("another".into());
        refused(&unknown, &good, KEY).await;
        for (claim, value) in
            [("iss", "another"), ("aud", "another"), ("sub", ""), ("sid", "none"), ("exp", "soon")]
        {
            let mut bad = good.clone();
            bad[claim] = value.into();
            refused(&plain, &bad, KEY).await;
            bad.as_object_mut().unwrap().remove(claim);
            refused(&plain, &bad, KEY).await;
        }
        let unsigned = |header: &str| {
            let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
            format!("{}.{}.", part(header), part(&good.to_string()))
        };
        for garbage in
            ["", "x", "a.b.c", &unsigned(r#"{"alg":"none"}"#), &unsigned(r#"{"alg":"HS256"}"#)]
        {
            assert!(tokens().check(garbage, at(1000)).await.is_err(), "{garbage}");
        }
    }

    #[tokio::test]
    async fn a_refresh_token_comes_back_and_only_its_hash_is_kept() {
        let token = RefreshToken::fresh(Uuid::now_v7(), SessionId::fresh()).unwrap();
        let written = tokens().write_refresh(&token).unwrap();
        let (read, next) = tokens().read_refresh(&written, at(0)).await.unwrap();
        assert_eq!((read.user, read.session), (token.user, token.session));
        assert_eq!(read.hash(), token.hash());
        let (_, again) = tokens().read_refresh(&written, at(9)).await.unwrap();
        assert_eq!(next.hash(), again.hash(), "of one token follows one");
        assert_ne!(next.hash(), token.hash());
        let written = written.expose_secret();
        assert!(!written.contains(&token.hash()));
        for garbage in ["", "confab_refresh_", &written[..written.len() - 1], &written[7..]] {
            assert!(tokens().read_refresh(&garbage.into(), at(0)).await.is_err(), "{garbage}");
        }
    }

    #[tokio::test]
    async fn nobody_makes_a_refresh_token_up() {
        let token = RefreshToken::fresh(Uuid::now_v7(), SessionId::fresh()).unwrap();
        let other = of("another key of 32 bytes or more ...", None);
        let unsigned = SecretString::from(token.text());
        for forged in [unsigned, other.write_refresh(&token).unwrap()] {
            assert!(tokens().read_refresh(&forged, at(0)).await.is_err());
        }
    }

    #[test]
    fn short_keys_are_refused() {
        let short = TokenKeys { current: "x".repeat(31).into(), previous: None };
        assert!(Tokens::new(&short).is_err());
    }

    /// A key of later.
    const NEXT: &str = "the next key of at least 32 bytes ..";

    #[tokio::test]
    async fn what_the_key_before_signed_is_good_and_what_an_older_one_did_is_not() {
        let token = RefreshToken::fresh(Uuid::now_v7(), SessionId::fresh()).unwrap();
        let written = tokens().write_refresh(&token).unwrap();
        let issued = tokens().issue(&user(), SessionId::fresh(), at(0)).unwrap();
        let (both, next) = (of(NEXT, Some(KEY)), of(NEXT, None));
        assert!(both.check(issued.expose_secret(), at(0)).await.is_ok());
        assert!(next.check(issued.expose_secret(), at(0)).await.is_err());
        let (_, after) = both.read_refresh(&written, at(0)).await.unwrap();
        assert_eq!(after.hash(), tokens().read_refresh(&written, at(0)).await.unwrap().1.hash());
        assert!(next.read_refresh(&written, at(0)).await.is_err());
    }

    #[tokio::test]
    async fn a_process_that_does_not_know_a_key_yet_looks_again_and_not_often() {
        let looks = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = Arc::clone(&looks);
        let source: Source = Arc::new(move || {
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let secrets = TokenKeys { current: NEXT.into(), previous: Some(KEY.into()) };
            Box::pin(std::future::ready(Ok(secrets)))
        });
        let old = tokens().with_source(source);
        let unknown = of("a key that nobody knows, of 32 bytes", None);
        let unknown = unknown.issue(&user(), SessionId::fresh(), at(0)).unwrap();
        for second in [0, 1, 29, 30] {
            assert!(old.check(unknown.expose_secret(), at(second)).await.is_err());
        }
        assert_eq!(looks.load(std::sync::atomic::Ordering::SeqCst), 2);
        let issued = of(NEXT, None).issue(&user(), SessionId::fresh(), at(0)).unwrap();
        assert!(old.check(issued.expose_secret(), at(0)).await.is_ok());
    }
}
