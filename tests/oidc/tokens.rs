//! What a good token says.

use serde_json::{Value, json};
use shared::auth::oidc::Subject;
use shared::domain::Timestamp;

use super::{AUDIENCE, Gate, at};
use crate::support::SigningKey;

#[tokio::test]
async fn a_good_token_tells_who_it_is() {
    for key in [SigningKey::rsa("one"), SigningKey::ec("one")] {
        let gate = Gate::with(key).await;
        let token = gate.token_with(json!({"preferred_username": "ada"}));
        let ada = Subject {
            issuer: gate.issuer.url().to_owned(),
            subject: "7f3a".into(),
            name: Some("ada".into()),
            expires_at: Timestamp::from_millis(at(172_800) * 1000),
        };
        assert_eq!(gate.lets_in(gate.key.algorithm(), &token).await, ada);
    }
}

#[tokio::test]
async fn issuers_say_the_same_in_different_ways() {
    let gate = Gate::new().await;
    let variants = [
        ("several audiences", json!({"aud": ["other", AUDIENCE]})),
        (
            "Cognito's access token",
            json!({"aud": null, "client_id": AUDIENCE, "token_use": "access"}),
        ),
        ("a fraction of a second", json!({"exp": at(60) as f64 + 0.5})),
        ("just expired by our clock", json!({"exp": at(-9)})),
        ("not yet valid by our clock", json!({"nbf": at(10), "iat": at(10)})),
        ("no time of issue", json!({"iat": null})),
        ("the longest subject", json!({"sub": "s".repeat(255)})),
        ("claims of its own", json!({"https://confab.example/roles": {"any": ["thing"]}})),
    ];
    for (what, changes) in variants {
        gate.lets_in(what, &gate.token_with(changes)).await;
    }
}

#[tokio::test]
async fn a_token_is_refused_for_any_wrong_claim() {
    let gate = Gate::new().await;
    gate.lets_in("nothing changed", &gate.token()).await;
    let url = gate.issuer.url().to_owned();
    let wrongs = [
        ("another issuer", json!({"iss": "https://issuer.example"})),
        ("an issuer with a slash more", json!({"iss": format!("{url}/")})),
        ("an issuer that begins like ours", json!({"iss": format!("{url}0")})),
        ("no issuer", json!({"iss": null})),
        ("another audience", json!({"aud": "other"})),
        ("other audiences", json!({"aud": ["other", "confab2", ["confab"]]})),
        ("nobody as audience", json!({"aud": []})),
        ("no audience", json!({"aud": null})),
        ("an audience that is no name", json!({"aud": {"confab": true}})),
        ("a client of no known token", json!({"aud": null, "client_id": AUDIENCE})),
        ("an id token's client", json!({"aud": null, "client_id": AUDIENCE, "token_use": "id"})),
        ("another client", json!({"aud": null, "client_id": "other", "token_use": "access"})),
        (
            "our client, another audience",
            json!({"aud": "other", "client_id": AUDIENCE, "token_use": "access"}),
        ),
        ("no end", json!({"exp": null})),
        ("an end that is no time", json!({"exp": at(60).to_string()})),
        ("expired", json!({"exp": at(-10)})),
        ("expired before time began", json!({"exp": -1e300})),
        ("from the future", json!({"iat": at(11)})),
        ("not yet valid", json!({"nbf": at(11)})),
        ("a beginning that is no time", json!({"nbf": "now"})),
        ("nobody", json!({"sub": null})),
        ("an empty subject", json!({"sub": ""})),
        ("a subject of 256 bytes", json!({"sub": "s".repeat(256)})),
        ("a subject of 256 bytes in 128 characters", json!({"sub": "é".repeat(128)})),
        ("a subject that is no name", json!({"sub": 7})),
    ];
    for (what, changes) in wrongs {
        gate.refuses(what, &gate.token_with(changes)).await;
    }
}

#[tokio::test]
async fn a_name_is_never_an_address() {
    let gate = Gate::new().await;
    let names = [
        (json!({}), None),
        (json!({"preferred_username": "ada", "name": "Ada L"}), Some("ada")),
        (json!({"name": " Ada L "}), Some("Ada L")),
        (json!({"preferred_username": "ada@mail.example", "name": "Ada L"}), Some("Ada L")),
        (json!({"preferred_username": "", "name": "ada@mail.example"}), None),
        (json!({"email": "ada@mail.example"}), None),
        (json!({"preferred_username": 7, "name": ["Ada"]}), None),
        (json!({"name": "@ada"}), Some("@ada")),
    ];
    for (claims, name) in names {
        let what = claims.to_string();
        let subject = gate.lets_in(&what, &gate.token_with(claims)).await;
        assert_eq!(subject.name.as_deref(), name, "{what}");
    }
}

#[tokio::test]
async fn a_token_has_at_most_eight_kilobytes() {
    let gate = Gate::new().await;
    let padded = |bytes: usize| gate.token_with(json!({"pad": "p".repeat(bytes)}));
    let of_length = |wanted: usize| {
        let spare = wanted - padded(0).len();
        let mut tokens = (spare * 3 / 4 - 4..spare).map(padded);
        tokens.find(|token| token.len() >= wanted).unwrap()
    };
    let longest = of_length(8191);
    assert!((8191..=8192).contains(&longest.len()), "{}", longest.len());
    gate.lets_in("the longest", &longest).await;
    gate.refuses("one that is too long", &of_length(8193)).await;
    let claims = Value::String("x".repeat(100_000));
    gate.refuses("a huge one", &gate.key.token(&claims)).await;
}
