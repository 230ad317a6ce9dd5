//! The public keys of an issuer, as far as tokens may be signed by them.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use serde::Deserialize;
use serde_json::Value;

/// RSA keys with fewer bits can be broken.
const LEAST_RSA_BITS: usize = 2048;
/// A point on P-256: a mark and two coordinates of 32 bytes.
const P256_POINT_BYTES: usize = 65;

/// The keys that may be used, of those that were published.
#[derive(Debug)]
pub(super) struct KeySet(Vec<Key>);

/// A public key and the one algorithm it is for.
#[derive(Clone, Debug)]
pub(super) struct Key {
    id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) public: DecodingKey,
}

#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a key set and leaves out what is no key for signatures: issuers publish others too.
    pub(super) fn parse(document: &[u8]) -> Result<Self, serde_json::Error> {
        let published: Published = serde_json::from_slice(document)?;
        let count = published.keys.len();
        let keys: Vec<Key> = published.keys.into_iter().filter_map(Key::read).collect();
        if keys.is_empty() {
            tracing::warn!(published = count, "the issuer publishes no key that can be used");
        }
        Ok(Self(keys))
    }

    /// The key called `id`; for a token that names none, the only one there is.
    ///
    /// Keys of one name differ in their algorithm; one for `algorithm` is preferred.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&Key> {
        if id.is_none() {
            return if let [only] = self.0.as_slice() { Some(only) } else { None };
        }
        let named = || self.0.iter().filter(|key| key.id.as_deref() == id);
        named().find(|key| key.algorithm == algorithm).or_else(|| named().next())
    }
}

impl Key {
    fn read(published: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(published).ok()?;
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => Algorithm::RS256,
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
                Algorithm::ES256
            }
            _ => return None,
        };
        let public = DecodingKey::from_jwk(&jwk).ok()?;
        let usable = is_for_signatures(&jwk, algorithm) && is_strong(&public);
        usable.then_some(Self { id: jwk.common.key_id, algorithm, public })
    }
}

/// Whether nothing that is said of the key forbids to check signatures of `algorithm` by it.
fn is_for_signatures(jwk: &Jwk, algorithm: Algorithm) -> bool {
    let said = &jwk.common;
    said.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature)
        && said.key_operations.as_ref().is_none_or(|may| may.contains(&KeyOperations::Verify))
        && said.key_algorithm.is_none_or(|only| only == algorithm.into())
}

fn is_strong(key: &DecodingKey) -> bool {
    match key.kind() {
        DecodingKeyKind::RsaModulusExponent { n, .. } => bits(n) >= LEAST_RSA_BITS,
        DecodingKeyKind::SecretOrDer(point) => point.len() == P256_POINT_BYTES,
    }
}

fn bits(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let first = number.get(zeros).map_or(0, |byte| 8 - byte.leading_zeros() as usize);
    number.len().saturating_sub(zeros + 1) * 8 + first
}
