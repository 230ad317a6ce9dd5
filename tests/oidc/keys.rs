//! Which keys are used, and when the issuer is asked for them.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use super::{Gate, assert_refused, assert_unknown, changed, now, trusting};
use crate::support::{SigningKey, encode};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

#[tokio::test]
async fn keys_are_asked_for_once_an_hour() {
    let gate = Gate::new().await;
    assert_eq!(gate.issuer.requests(), (0, 0));
    for (time, requests) in [
        (Duration::ZERO, (1, 1)),
        (Duration::ZERO, (1, 1)),
        (HOUR - SECOND, (1, 1)),
        (HOUR, (2, 2)),
        (2 * HOUR - SECOND, (2, 2)),
        (2 * HOUR, (3, 3)),
    ] {
        gate.asks_after(time, &gate.token()).await.unwrap();
        assert_eq!(gate.issuer.requests(), requests, "after {time:?}");
    }
}

#[tokio::test]
async fn the_issuer_may_say_how_long_its_keys_are_good() {
    for (header, age) in [
        ("max-age=600", 10 * MINUTE),
        ("public, max-age=7200, must-revalidate", 2 * HOUR),
        ("Max-Age=\"7200\"", 2 * HOUR),
        ("max-age=15", 5 * MINUTE),
        ("max-age=31536000", 24 * HOUR),
        ("no-cache", 5 * MINUTE),
        ("no-store, max-age=7200", 5 * MINUTE),
        ("public", HOUR),
        ("max-age=soon", HOUR),
    ] {
        let gate = Gate::new().await;
        gate.issuer.says_of_keys(header);
        gate.lets_in(header, &gate.token()).await;
        gate.asks_after(age - SECOND, &gate.token()).await.unwrap();
        assert_eq!(gate.issuer.requests(), (1, 1), "{header}");
        gate.asks_after(age, &gate.token()).await.unwrap();
        assert_eq!(gate.issuer.requests(), (2, 2), "{header}");
    }
}

#[tokio::test]
async fn a_new_key_is_known_at_once_and_an_old_one_forgotten() {
    let gate = Gate::new().await;
    gate.lets_in("the first key", &gate.token()).await;
    let next = SigningKey::rsa("two");
    gate.issuer.publishes([next.jwk()]);

    gate.asks_after(MINUTE, &gate.token()).await.unwrap();
    assert_eq!(gate.issuer.requests(), (1, 1));
    let token = next.token(&gate.claims());
    for _ in 0..3 {
        gate.asks_after(MINUTE, &token).await.unwrap();
        assert_eq!(gate.issuer.requests(), (2, 2));
    }
    assert_refused("the old key", &gate.asks_after(2 * MINUTE, &gate.token()).await);
    assert_eq!(gate.issuer.requests(), (3, 3));
}

#[tokio::test]
async fn made_up_keys_are_looked_for_every_thirty_seconds() {
    let gate = Gate::new().await;
    for second in 0..=60 {
        for number in 0..5 {
            let stranger = SigningKey::ec(&format!("{second}-{number}"));
            let token = stranger.token(&gate.claims());
            let time = SECOND * second;
            assert_refused("a made-up key", &gate.asks_after(time, &token).await);
        }
        gate.asks_after(SECOND * second, &gate.token()).await.unwrap();
        let asked = 1 + second as usize / 30;
        assert_eq!(gate.issuer.requests(), (asked, asked), "after {second} s");
    }
}

#[tokio::test]
async fn those_who_wait_share_one_answer() {
    let gate = Gate::new().await;
    let token = gate.token();
    for outcome in join_all((0..20).map(|_| gate.asks(&token))).await {
        outcome.unwrap();
    }
    assert_eq!(gate.issuer.requests(), (1, 1));

    let next = SigningKey::ec("two");
    gate.issuer.publishes([next.jwk()]);
    let token = next.token(&gate.claims());
    for outcome in join_all((0..20).map(|_| gate.asks_after(MINUTE, &token))).await {
        outcome.unwrap();
    }
    assert_eq!(gate.issuer.requests(), (2, 2));

    // However much time passes for those who come later.
    gate.issuer.goes_down();
    let token = SigningKey::ec("three").token(&gate.claims());
    let later = (0..20).map(|number| gate.asks_after(MINUTE * (2 + number), &token));
    for outcome in join_all(later).await {
        assert_unknown("down", &outcome);
    }
    assert_eq!(gate.issuer.requests(), (3, 2));
}

#[tokio::test]
async fn known_keys_outlive_their_issuer_by_a_day() {
    let gate = Gate::new().await;
    gate.lets_in("the first time", &gate.token()).await;
    gate.issuer.goes_down();

    for time in [HOUR, HOUR + 29 * SECOND, 25 * HOUR - SECOND] {
        gate.asks_after(time, &gate.token()).await.unwrap();
    }
    assert_eq!(gate.issuer.requests(), (3, 1), "at an hour, and at the end");
    let late = gate.asks_after(25 * HOUR, &gate.token()).await;
    assert_unknown("after a day", &late);

    gate.issuer.comes_back();
    gate.asks_after(25 * HOUR + 5 * SECOND, &gate.token()).await.unwrap();
}

#[tokio::test]
async fn an_issuer_that_is_down_is_asked_every_thirty_seconds() {
    let gate = Gate::new().await;
    gate.lets_in("the first time", &gate.token()).await;
    gate.issuer.goes_down();
    for second in 0..=60 {
        gate.asks_after(HOUR + SECOND * second, &gate.token()).await.unwrap();
        let asked = 2 + second as usize / 30;
        assert_eq!(gate.issuer.requests(), (asked, 1), "after {second} s");
    }
}

#[tokio::test]
async fn a_token_is_not_blamed_for_an_issuer_that_is_down() {
    let gate = Gate::new().await;
    gate.issuer.goes_down();
    for (second, asked) in [(0, 1), (4, 1), (5, 2), (9, 2), (10, 3)] {
        let outcome = gate.asks_after(SECOND * second, &gate.token()).await;
        assert_unknown("no keys yet", &outcome);
        assert_eq!(gate.issuer.requests(), (asked, 0), "after {second} s");
    }
    gate.issuer.comes_back();
    gate.asks_after(15 * SECOND, &gate.token()).await.unwrap();

    gate.issuer.goes_down();
    let next = SigningKey::ec("two").token(&gate.claims());
    assert_refused("just asked", &gate.asks_after(20 * SECOND, &next).await);
    for time in [45 * SECOND, 50 * SECOND] {
        assert_unknown("perhaps a new key", &gate.asks_after(time, &next).await);
        gate.asks_after(time, &gate.token()).await.unwrap();
    }
}

#[tokio::test]
async fn who_gives_up_waiting_leaves_the_turn_to_others() {
    let gate = Gate::new().await;
    let token = gate.token();
    let asking = gate.asks(&token);
    let giving_up = async {
        tokio::select! {
            biased;
            () = gate.issuer.is_asked_for(crate::support::Document::Discovery) => {}
            _ = asking => {}
        }
    };
    giving_up.await;
    gate.lets_in("the next", &token).await;
}

#[tokio::test]
async fn a_key_is_used_only_for_what_it_is_for() {
    let gate = Gate::with(SigningKey::rsa("one")).await;
    let spare = SigningKey::ec("spare");
    for (what, changes) in [
        ("encryption", json!({"use": "enc"})),
        ("another use", json!({"use": "tls"})),
        ("signing", json!({"use": null, "key_ops": ["sign"]})),
        ("nothing", json!({"key_ops": []})),
        ("longer hashes", json!({"alg": "RS512"})),
        ("encryption by its algorithm", json!({"alg": "RSA-OAEP"})),
        ("another kind's algorithm", json!({"alg": "ES256"})),
        ("another kind", json!({"kty": "EC", "crv": "P-256"})),
        ("1024 bits", json!({"n": encode(&[0xff; 128])})),
        ("2047 bits", json!({"n": encode(&[&[0x7f], [0xff; 255].as_slice()].concat())})),
        ("zeros", json!({"n": encode(&[&[0; 200], [0xff; 100].as_slice()].concat())})),
        ("no number", json!({"n": "?"})),
        ("half a key", json!({"e": null})),
    ] {
        let bad = changed(gate.key.jwk(), changes);
        assert_unusable(&gate, what, bad, &spare).await;
    }
    let secret = json!({"kty": "oct", "k": encode(b"secret"), "kid": "one", "alg": "HS256"});
    assert_unusable(&gate, "a secret", secret, &spare).await;
    assert_unusable(&gate, "no key", json!("one"), &spare).await;

    for (what, changes) in [
        ("checking signatures", json!({"use": null, "key_ops": ["verify"]})),
        ("anything", json!({"use": null, "alg": null})),
    ] {
        gate.issuer.publishes([changed(gate.key.jwk(), changes)]);
        let outcome = trusting(&gate.issuer).verify(&gate.token(), now()).await;
        assert!(outcome.is_ok(), "{what}: {outcome:?}");
    }
}

/// A token by `bad` is refused, and beside it `spare` is the only key there is.
async fn assert_unusable(gate: &Gate, what: &str, bad: Value, spare: &SigningKey) {
    gate.issuer.publishes([bad, spare.jwk()]);
    let oidc = trusting(&gate.issuer);
    assert_refused(what, &oidc.verify(&gate.token(), now()).await);
    let nameless = changed(spare.header(), json!({"kid": null}));
    let outcome = oidc.verify(&spare.sign(&nameless, &gate.claims()), now()).await;
    assert!(outcome.is_ok(), "beside {what}: {outcome:?}");
}

#[tokio::test]
async fn a_point_that_is_not_on_the_curve_is_no_key() {
    let gate = Gate::new().await;
    let spare = SigningKey::rsa("spare");
    for (what, changes) in [
        ("another curve", json!({"crv": "P-384"})),
        ("an unknown curve", json!({"crv": "secp256k1"})),
        ("a short coordinate", json!({"x": encode(&[1; 31])})),
    ] {
        assert_unusable(&gate, what, changed(gate.key.jwk(), changes), &spare).await;
    }
    gate.issuer.publishes([changed(gate.key.jwk(), json!({"x": encode(&[1; 32])}))]);
    gate.refuses("a point beside the curve", &gate.token()).await;
}

#[tokio::test]
async fn a_token_names_its_key_unless_there_is_only_one() {
    let gate = Gate::new().await;
    let nameless = gate.key.sign(&changed(gate.key.header(), json!({"kid": null})), &gate.claims());
    gate.lets_in("the only key", &nameless).await;

    gate.issuer.publishes([gate.key.jwk(), SigningKey::rsa("two").jwk()]);
    let oidc = trusting(&gate.issuer);
    assert_refused("one of two keys", &oidc.verify(&nameless, now()).await);
    gate.issuer.publishes([]);
    let oidc = trusting(&gate.issuer);
    assert_refused("one of no keys", &oidc.verify(&nameless, now()).await);
}

#[tokio::test]
async fn keys_of_one_name_differ_in_their_algorithm() {
    let [ec, rsa] = [SigningKey::ec("one"), SigningKey::rsa("one")];
    let gate = Gate::with(ec).await;
    gate.issuer.publishes([rsa.jwk(), gate.key.jwk()]);
    for token in [rsa.token(&gate.claims()), gate.token()] {
        gate.lets_in("either", &token).await;
    }
    assert_eq!(gate.issuer.requests(), (1, 1));
}
