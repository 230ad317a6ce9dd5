//! Which issuers are asked, and which answers count.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use serde_json::{Value, json};
use shared::auth::oidc::{Error, Http, Misconfigured, Oidc};

use super::{AUDIENCE, Gate, assert_refused, assert_unknown, changed, claims_of, now, trusting};
use crate::support::{Document, Issuer, Manner, SigningKey};

/// The longest document that is read.
const MOST_BYTES: usize = 256 * 1024;

#[tokio::test]
async fn an_issuers_name_is_taken_to_the_letter() {
    let key = SigningKey::ec("one");
    let issuer = Issuer::with_slash(&[&key]).await;
    assert!(issuer.url().ends_with('/'));
    let oidc = trusting(&issuer);
    let claims = claims_of(&issuer);
    oidc.verify(&key.token(&claims), now()).await.unwrap();
    let cut = changed(claims, json!({"iss": issuer.url().trim_end_matches('/')}));
    assert_refused("without the slash", &oidc.verify(&key.token(&cut), now()).await);
}

#[test]
fn keys_come_over_tls_or_from_this_machine() {
    let misconfigured = |issuer: &str| Oidc::new(issuer, AUDIENCE, Http::new()).err();
    for issuer in [
        "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123",
        "https://confab.eu.auth0.com/",
        "https://id.example:8443/realms/confab",
        "http://localhost:8080/realms/confab",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
    ] {
        assert_eq!(misconfigured(issuer), None, "{issuer}");
    }
    for issuer in [
        "",
        "confab",
        "https://",
        "https:///realms/confab",
        "http://id.example",
        "http://127.0.0.1.id.example",
        "http://localhost.id.example",
        "http://localhost@id.example",
        "https://confab@id.example",
        "https://id.example/?realm=confab",
        "https://id.example/#confab",
        "https://id .example",
        "ftp://127.0.0.1",
        "//id.example",
    ] {
        assert!(matches!(misconfigured(issuer), Some(Misconfigured::Issuer(_))), "{issuer}");
    }
    let everybodys = Oidc::new("https://id.example", "", Http::new()).err();
    assert_eq!(everybodys, Some(Misconfigured::Audience));
}

#[tokio::test]
async fn a_discovery_document_speaks_for_its_issuer_only() {
    let gate = Gate::new().await;
    let good = json!({"issuer": gate.issuer.url(), "jwks_uri": gate.issuer.keys_url()});
    let wrongs = [
        ("another issuer", changed(good.clone(), json!({"issuer": "https://issuer.example"}))),
        (
            "a slash more",
            changed(good.clone(), json!({"issuer": gate.issuer.url().to_owned() + "/"})),
        ),
        ("no issuer", changed(good.clone(), json!({"issuer": null}))),
        ("no keys", changed(good.clone(), json!({"jwks_uri": null}))),
        ("keys in the open", changed(good.clone(), json!({"jwks_uri": "http://id.example/keys"}))),
        ("keys in a file", changed(good.clone(), json!({"jwks_uri": "file:///etc/keys"}))),
        ("keys nowhere", changed(good.clone(), json!({"jwks_uri": "/.well-known/keys"}))),
        (
            "keys of a guest",
            changed(good.clone(), json!({"jwks_uri": "http://localhost@id.example/keys"})),
        ),
        ("a list", json!([good.clone()])),
    ];
    for (what, document) in wrongs {
        gate.issuer.answers(Document::Discovery, Manner::Text(document.to_string()));
        let oidc = trusting(&gate.issuer);
        assert_unknown(what, &oidc.verify(&gate.token(), now()).await);
    }
    assert_eq!(gate.issuer.requests().1, 0);

    gate.issuer.answers(Document::Discovery, Manner::Text(good.to_string()));
    gate.lets_in("the right document", &gate.token()).await;
}

#[tokio::test]
async fn an_answer_is_whole_and_short_and_from_where_it_was_asked_for() {
    let gate = Gate::new().await;
    let manners = [
        ("not found", Manner::Status(404)),
        ("no content", Manner::Status(204)),
        ("a failure", Manner::Status(500)),
        ("a redirect", Manner::Redirect),
        ("half an answer", Manner::BreakOff),
        ("nothing", Manner::Text(String::new())),
        ("a web page", Manner::Text("<!doctype html>".into())),
        ("something else", Manner::Text("[]".into())),
    ];
    for document in [Document::Discovery, Document::Keys] {
        for (what, manner) in &manners {
            gate.issuer.answers(document, manner.clone());
            let oidc = trusting(&gate.issuer);
            let what = format!("{what} for {document:?}");
            assert_unknown(&what, &oidc.verify(&gate.token(), now()).await);
        }
        gate.issuer.answers(document, Manner::Well);
    }
    assert_eq!(gate.issuer.followed(), 0);
    gate.lets_in("the issuer as it should be", &gate.token()).await;
}

#[tokio::test]
async fn a_long_answer_is_not_read() {
    let gate = Gate::new().await;
    let good = json!({"keys": [gate.key.jwk()]}).to_string();
    let padded = |bytes: usize| good.clone() + &" ".repeat(bytes - good.len());

    gate.issuer.answers(Document::Keys, Manner::Text(padded(MOST_BYTES + 1)));
    let oidc = trusting(&gate.issuer);
    assert_unknown("too long", &oidc.verify(&gate.token(), now()).await);

    gate.issuer.answers(Document::Keys, Manner::Text(padded(MOST_BYTES)));
    gate.lets_in("the longest", &gate.token()).await;
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    for document in [Document::Discovery, Document::Keys] {
        for manner in [Manner::Hang, Manner::Dribble] {
            let gate = Gate::new().await;
            gate.issuer.answers(document, manner.clone());
            let token = gate.token();
            let passing = async {
                gate.issuer.is_asked_for(document).await;
                // Nothing is under way from here on but the wait.
                tokio::time::pause();
                tokio::time::advance(Duration::from_secs(3)).await;
            };
            let (outcome, ()) = tokio::join!(gate.asks(&token), passing);
            tokio::time::resume();
            assert_unknown(&format!("{manner:?} for {document:?}"), &outcome);
        }
    }
}

#[tokio::test]
async fn an_issuer_that_is_not_there_is_named_in_the_failure() {
    let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let oidc = Oidc::new(&format!("http://{gone}"), AUDIENCE, Http::new()).unwrap();
    let token = SigningKey::ec("one").token(&Value::Null);
    let outcome = oidc.verify(&token, now()).await;
    assert_unknown("nobody listens", &outcome);

    let Err(error @ Error::Issuer { .. }) = outcome else { unreachable!() };
    assert_eq!(error.to_string(), "failed to fetch the issuer's discovery document");
    assert!(std::error::Error::source(&error).is_some());
    assert!(!format!("{error:?}").contains(&token));
}
