//! Keys that an issuer signs tokens with; tokens are put together by hand, so that any can be had.

use std::sync::OnceLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding,
};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A private key with the name that its issuer gives it.
pub(crate) struct SigningKey {
    id: String,
    pair: Pair,
}

enum Pair {
    /// Slow to make, so there is one for all tests.
    Rsa(&'static KeyPair),
    Ec(EcdsaKeyPair),
}

impl SigningKey {
    /// The RSA key of all tests.
    pub(crate) fn rsa(id: &str) -> Self {
        static PAIR: OnceLock<KeyPair> = OnceLock::new();
        let pair = PAIR.get_or_init(|| KeyPair::generate(KeySize::Rsa2048).unwrap());
        Self { id: id.into(), pair: Pair::Rsa(pair) }
    }

    /// A new key on P-256.
    pub(crate) fn ec(id: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self { id: id.into(), pair: Pair::Ec(pair) }
    }

    /// The algorithm it is for.
    pub(crate) fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::Ec(_) => "ES256",
        }
    }

    /// The public half, as issuers publish it.
    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::Rsa(pair) => {
                let public = pair.public_key();
                let [n, e] = [public.modulus(), public.exponent()]
                    .map(|number| encode(number.big_endian_without_leading_zero()));
                json!({"kty": "RSA", "n": n, "e": e})
            }
            Pair::Ec(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y)})
            }
        };
        jwk["kid"] = json!(self.id);
        jwk["alg"] = json!(self.algorithm());
        jwk["use"] = json!("sig");
        jwk
    }

    /// The public half in the ways that somebody might take it for a secret.
    pub(crate) fn public_bytes(&self) -> Vec<Vec<u8>> {
        match &self.pair {
            Pair::Rsa(pair) => {
                let public = pair.public_key();
                vec![
                    public.as_ref().to_vec(),
                    public.modulus().big_endian_without_leading_zero().to_vec(),
                ]
            }
            Pair::Ec(pair) => vec![pair.public_key().as_ref().to_vec()],
        }
    }

    /// The header of the tokens it signs.
    pub(crate) fn header(&self) -> Value {
        json!({"alg": self.algorithm(), "typ": "JWT", "kid": self.id})
    }

    /// A token that says `claims`.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.sign(&self.header(), claims)
    }

    /// The same with any header; RSA keys sign by the `alg` that it names.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let encoding: &'static dyn RsaEncoding = match header["alg"].as_str() {
                    Some("RS512") => &RSA_PKCS1_SHA512,
                    Some("PS256") => &RSA_PSS_SHA256,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, message.as_bytes(), &mut signature).unwrap();
                signature
            }
            Pair::Ec(pair) => pair.sign(&random, message.as_bytes()).unwrap().as_ref().to_vec(),
        };
        format!("{message}.{}", encode(&signature))
    }
}

/// What is signed.
pub(crate) fn message(header: &Value, claims: &Value) -> String {
    format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()))
}

/// Base64 as tokens have it.
pub(crate) fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
