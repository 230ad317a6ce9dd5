//! What people try who have no token.

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use super::{Gate, changed};
use crate::support::{SigningKey, encode, message};

#[tokio::test]
async fn nobody_signs_with_what_is_public() {
    for key in [SigningKey::rsa("one"), SigningKey::ec("one")] {
        let gate = Gate::with(key).await;
        let mut secrets = gate.key.public_bytes();
        secrets.push(gate.key.jwk().to_string().into_bytes());
        secrets.push(Vec::new());
        for secret in secrets {
            let header = changed(gate.key.header(), json!({"alg": "HS256"}));
            let message = message(&header, &gate.claims());
            let secret = hmac::Key::new(hmac::HMAC_SHA256, &secret);
            let tag = hmac::sign(&secret, message.as_bytes());
            gate.refuses(
                "a public key as a secret",
                &format!("{message}.{}", encode(tag.as_ref())),
            )
            .await;
        }
    }
}

#[tokio::test]
async fn a_token_without_a_signature_is_none() {
    let gate = Gate::new().await;
    let signed = gate.token();
    let (said, signature) = signed.rsplit_once('.').unwrap();
    for algorithm in ["none", "None", "NONE", ""] {
        let header = changed(gate.key.header(), json!({"alg": algorithm}));
        let message = message(&header, &gate.claims());
        for token in [message.clone(), format!("{message}."), format!("{message}.{signature}")] {
            gate.refuses(algorithm, &token).await;
        }
    }
    gate.refuses("no algorithm", &format!("{}.", message(&json!({}), &gate.claims()))).await;
    gate.refuses("a signature of zeros", &format!("{said}.{}", encode(&[0; 64]))).await;
    gate.refuses("an empty signature", &format!("{said}.")).await;
    gate.refuses("no signature", said).await;
}

#[tokio::test]
async fn a_key_signs_by_one_algorithm() {
    let gate = Gate::with(SigningKey::rsa("one")).await;
    for algorithm in ["RS512", "PS256", "ES256", "EdDSA", "rs256"] {
        let header = changed(gate.key.header(), json!({"alg": algorithm}));
        gate.refuses(algorithm, &gate.key.sign(&header, &gate.claims())).await;
    }
    let other = Gate::new().await;
    for algorithm in ["RS256", "ES384"] {
        let header = changed(other.key.header(), json!({"alg": algorithm}));
        other.refuses(algorithm, &other.key.sign(&header, &other.claims())).await;
    }
}

#[tokio::test]
async fn a_header_brings_no_keys_and_no_extensions() {
    let gate = Gate::new().await;
    let forger = SigningKey::ec("one");
    gate.refuses("a key of the same name", &forger.token(&gate.claims())).await;
    let headers = [
        json!({"jwk": forger.jwk()}),
        json!({"jwk": forger.jwk(), "kid": null}),
        json!({"jku": "http://127.0.0.1:1/keys"}),
        json!({"kid": ["one"]}),
    ];
    for changes in headers {
        let header = changed(gate.key.header(), changes);
        gate.refuses("a key in the header", &forger.sign(&header, &gate.claims())).await;
    }
    for crit in [json!(["exp"]), json!([]), json!("b64")] {
        let header = changed(gate.key.header(), json!({"crit": crit, "exp": 1}));
        gate.refuses("an extension", &gate.key.sign(&header, &gate.claims())).await;
    }
}

#[tokio::test]
async fn what_is_no_token_is_refused_before_anybody_is_asked() {
    let gate = Gate::new().await;
    let good = gate.token();
    let hs256 = changed(gate.key.header(), json!({"alg": "HS256"}));
    let crit = changed(gate.key.header(), json!({"crit": ["b64"], "b64": false}));
    let tokens = [
        String::new(),
        "..".into(),
        "alice".into(),
        format!("{good}.{good}"),
        format!("x.{good}"),
        format!("Bearer {good}"),
        format!("{good}{}", "A".repeat(8192)),
        gate.key.sign(&hs256, &gate.claims()),
        gate.key.sign(&crit, &gate.claims()),
        gate.key.sign(&json!("ES256"), &gate.claims()),
        gate.key.sign(&json!({"alg": ["ES256"]}), &gate.claims()),
    ];
    for token in tokens {
        gate.refuses(&token, &token).await;
    }
    assert_eq!(gate.issuer.requests(), (0, 0));
}

/// Whatever is changed in a good token, it is good no more.
#[tokio::test]
async fn every_character_of_a_token_counts() {
    let gate = Gate::new().await;
    let good = gate.token();
    gate.lets_in("the token", &good).await;
    for (position, was) in good.char_indices() {
        for character in ['A', 'B', '-', '.', '=', ' ', 'é'] {
            if character != was {
                let mut token = good.clone();
                token.replace_range(position..=position, &character.to_string());
                gate.refuses(&format!("{character:?} at {position}"), &token).await;
            }
        }
        gate.refuses(&format!("cut at {position}"), &good[..position]).await;
    }
}

#[tokio::test]
async fn random_bytes_are_refused() {
    let gate = Gate::new().await;
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..3_000 {
        let token = noise(&mut random);
        gate.refuses(&token, &token).await;
        // The same behind a header that leads to a key, as what is signed and as the signature.
        let [claims, signature] = [(); 2].map(|()| encode(noise(&mut random).as_bytes()));
        let header = encode(gate.key.header().to_string().as_bytes());
        for token in [format!("{header}.{token}"), format!("{header}.{claims}.{signature}")] {
            gate.refuses(&token, &token).await;
        }
        // Signed by the issuer, and yet nothing to read.
        let claims = Value::String(noise(&mut random));
        gate.refuses("a text", &gate.key.token(&claims)).await;
    }
}

fn noise(random: &mut fastrand::Rng) -> String {
    let bytes = (0..random.usize(..100)).map(|_| random.u8(..)).collect::<Vec<_>>();
    String::from_utf8_lossy(&bytes).into_owned()
}
