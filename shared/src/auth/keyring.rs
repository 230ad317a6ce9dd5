//! The keys that sign tokens: the present one, and the one before it, so that another key fails nobody.
//!
//! A token names its key (`kid`). Where that is unknown the keys are read again, because another process
//! may have started since there is a new one; not often, because anybody can make up a name. What the
//! key before signed is good until the next change.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use futures::future::BoxFuture;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};
use secrecy::{ExposeSecret, SecretString};

use crate::config::TokenKeys;
use crate::domain::Timestamp;
use crate::{Error, security_log};

/// The fewest bytes a key may have: as many as a hash
/// (<https://www.rfc-editor.org/rfc/rfc7518#section-3.2>).
const MIN_KEY_BYTES: usize = 32;
/// How many characters of a signature name the key that made it.
const NAME_CHARS: usize = 12;
/// How long after one look for new keys the next may follow.
const PAUSE: Duration = Duration::from_secs(30);

/// Where the secrets are read again.
pub type Source = Arc<dyn Fn() -> BoxFuture<'static, Result<TokenKeys, Error>> + Send + Sync>;

/// A key with its name.
pub(super) struct Key {
    pub(super) name: String,
    pub(super) signing: EncodingKey,
    pub(super) checking: DecodingKey,
}

/// The keys that are known.
#[derive(Clone)]
pub(super) struct Ring {
    pub(super) current: Arc<Key>,
    pub(super) previous: Option<Arc<Key>>,
}

/// The keys of a process.
pub(super) struct Keys {
    ring: RwLock<Ring>,
    source: Option<Source>,
    looked_at: Mutex<Option<Timestamp>>,
}

impl Key {
    fn new(secret: &SecretString) -> Result<Self, &'static str> {
        let bytes = secret.expose_secret().as_bytes();
        if bytes.len() < MIN_KEY_BYTES {
            return Err("is too short: a key has at least 32 bytes");
        }
        let signing = EncodingKey::from_secret(bytes);
        // Signed, so that the name tells nothing of the key.
        let named = crypto::sign(b"the name of this key", &signing, Algorithm::HS256);
        let named = named.map_err(|_| "cannot sign")?;
        let name = named.chars().take(NAME_CHARS).collect();
        Ok(Self { name, signing, checking: DecodingKey::from_secret(bytes) })
    }
}

impl Ring {
    fn new(secrets: &TokenKeys) -> Result<Self, &'static str> {
        let previous = secrets.previous.as_ref().map(Key::new).transpose()?.map(Arc::new);
        Ok(Self { current: Arc::new(Key::new(&secrets.current)?), previous })
    }

    /// The key of this name; for what names none, all of them.
    pub(super) fn named(&self, name: Option<&str>) -> Vec<Arc<Key>> {
        let all = std::iter::once(&self.current).chain(&self.previous);
        let named = all.filter(|key| name.is_none_or(|name| key.name == name));
        named.cloned().collect()
    }
}

impl Keys {
    pub(super) fn new(secrets: &TokenKeys, source: Option<Source>) -> Result<Self, &'static str> {
        let ring = RwLock::new(Ring::new(secrets)?);
        Ok(Self { ring, source, looked_at: Mutex::default() })
    }

    /// The same keys, read again from `source` where one is not known.
    pub(super) fn with_source(&self, source: Source) -> Self {
        Self { ring: RwLock::new(self.ring()), source: Some(source), looked_at: Mutex::default() }
    }

    pub(super) fn ring(&self) -> Ring {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the keys again; false if there is nowhere to read, or that was done just now.
    pub(super) async fn look_again(&self, now: Timestamp) -> Result<bool, Error> {
        let Some(source) = &self.source else { return Ok(false) };
        {
            let mut looked = self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
            if looked.is_some_and(|at| now.since(at) < PAUSE) {
                return Ok(false);
            }
            *looked = Some(now);
        }
        let read = source().await.inspect_err(|_| {
            // Whoever comes next looks, instead of taking a good token for a forged one.
            *self.looked_at.lock().unwrap_or_else(PoisonError::into_inner) = None;
        });
        let ring = Ring::new(&read?).map_err(|_| Error::Corrupt("a key for tokens"))?;
        if ring.current.name != self.ring().current.name {
            security_log::token_key_changed(&ring.current.name);
        }
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        Ok(true)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}
