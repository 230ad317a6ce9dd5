//! People of an outside issuer.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Chat, Issuer, Person, SigningKey};

const AUDIENCE: &str = "confab";

/// A server that trusts an issuer with one key.
async fn start() -> (Chat, Issuer, SigningKey) {
    let key = SigningKey::ec("one");
    let issuer = Issuer::with(&[&key]).await;
    let url = issuer.url().to_owned();
    let chat = Chat::start_with(|options| {
        options.auth = local::options::Auth::Oidc;
        options.oidc_issuer = Some(url);
        options.oidc_audience = Some(AUDIENCE.to_owned());
    })
    .await;
    (chat, issuer, key)
}

fn token_of(chat: &Chat, issuer: &Issuer, key: &SigningKey, subject: &str, name: &str) -> String {
    let now = chat.time.now().as_second();
    key.token(&json!({
        "iss": issuer.url(), "aud": AUDIENCE, "sub": subject, "name": name,
        "iat": now, "exp": now + 900,
    }))
}

async fn me(chat: &Chat, token: &str) -> Value {
    let answer = chat.gets_as(token, "/api/me").await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.body
}

#[tokio::test]
async fn whoever_the_issuer_vouches_for_has_an_account_from_first_sight_on() {
    let (chat, issuer, key) = start().await;
    let ada = token_of(&chat, &issuer, &key, "7f3a", "Ada");
    let bob = token_of(&chat, &issuer, &key, "99aa", "Bob");
    let (adas, bobs) = (me(&chat, &ada).await, me(&chat, &bob).await);
    assert_eq!((&adas["display_name"], &adas["username"]), (&json!("Ada"), &Value::Null));
    assert_ne!(adas["id"], bobs["id"]);
    let again = token_of(&chat, &issuer, &key, "7f3a", "Ada");
    assert_eq!(me(&chat, &again).await["id"], adas["id"]);

    let id = bobs["id"].as_str().unwrap();
    let url = format!("{}?token={bob}", chat.websocket_url());
    let mut bob = Person::opens(&url, id).await.welcomed().await;
    let sent = json!({ "receiver_id": id, "content": "hello" });
    let sent = chat.asks_as(&ada, Method::POST, "/api/send_message", Some(sent)).await;
    assert_eq!(sent.status, 200, "{:?}", sent.body);
    bob.hears(adas["id"].as_str().unwrap(), "hello").await;
}

#[tokio::test]
async fn seen_for_the_first_time_many_times_at_once_somebody_is_one() {
    let (chat, issuer, key) = start().await;
    let token = token_of(&chat, &issuer, &key, "7f3a", "Ada");
    let seen = futures::future::join_all((0..5).map(|_| me(&chat, &token))).await;
    for other in &seen {
        assert_eq!(other["id"], seen[0]["id"]);
    }
}

#[tokio::test]
async fn they_take_names_renew_and_go_as_others_do() {
    let (chat, issuer, key) = start().await;
    let token = token_of(&chat, &issuer, &key, "7f3a", "Ada");
    let body = Some(json!({ "username": "ada" }));
    let renamed = chat.asks_as(&token, Method::PATCH, "/api/me", body).await;
    assert_eq!((renamed.status, &renamed.body["username"]), (200, &json!("ada")));
    let id = renamed.body["id"].as_str().unwrap().to_owned();

    let issued = chat.asks_as(&token, Method::POST, "/api/tickets", None).await;
    let ticket = issued.body["ticket"].as_str().unwrap();
    let url = format!("{}?ticket={ticket}", chat.websocket_url());
    let mut ada = Person::opens(&url, &id).await.welcomed().await;
    chat.time.advance(std::time::Duration::from_secs(8 * 60));
    let fresh = token_of(&chat, &issuer, &key, "7f3a", "Ada");
    ada.sends(&json!({ "action": "renew", "token": fresh })).await;
    ada.sees_a("renewed").await;

    let gone = chat.asks_as(&fresh, Method::DELETE, "/api/me", Some(json!({}))).await;
    assert_eq!(gone.status, 204, "{:?}", gone.body);
    ada.sees_the_end().await;
    assert_ne!(me(&chat, &fresh).await["id"], json!(id), "somebody new");
}

#[tokio::test]
async fn others_do_not_get_in() {
    let (chat, issuer, key) = start().await;
    let another = Issuer::with(&[&key]).await;
    let stranger = SigningKey::ec("one");
    for (why, token) in [
        ("another issuer", token_of(&chat, &another, &key, "7f3a", "Ada")),
        ("another key", token_of(&chat, &issuer, &stranger, "7f3a", "Ada")),
        ("garbage", "garbage".to_owned()),
    ] {
        let url = format!("{}?token={token}", chat.websocket_url());
        assert_eq!(Person::is_refused(&url).await, 401, "{why}");
        assert_eq!(chat.gets_as(&token, "/api/me").await.status, 401, "{why}");
    }
    for path in ["/api/register", "/api/login"] {
        let body = json!({ "username": "ada", "password": "correct horse battery" });
        assert_eq!(chat.post(path, body).await.status, 404, "{path}");
    }
    issuer.goes_down();
    let token = token_of(&chat, &issuer, &SigningKey::ec("two"), "7f3a", "Ada");
    assert_ne!(chat.gets_as(&token, "/api/me").await.status, 200);
}

#[tokio::test]
async fn only_access_tokens_let_somebody_in() {
    let (chat, issuer, key) = start().await;
    let now = chat.time.now().as_second();
    let good = json!({
        "iss": issuer.url(), "aud": AUDIENCE, "sub": "7f3a", "iat": now, "exp": now + 900,
    });
    let with = |claim: &str, value: Value| {
        let mut claims = good.clone();
        claims[claim] = value;
        key.token(&claims)
    };
    let of_kind = |kind: &str| {
        let mut header = key.header();
        header["typ"] = json!(kind);
        key.sign(&header, &good)
    };
    for (why, token) in [
        ("logout token", of_kind("logout+jwt")),
        ("security event", of_kind("secevent+jwt")),
        ("proof", of_kind("dpop+jwt")),
        (
            "events",
            with("events", json!({ "http://schemas.openid.net/event/backchannel-logout": {} })),
        ),
        ("ID token of Cognito", with("token_use", json!("id"))),
        ("ID token of Keycloak", with("typ", json!("ID"))),
        ("refresh token of Keycloak", with("typ", json!("Refresh"))),
        ("ID token of a sign-in", with("nonce", json!("n"))),
        ("ID token beside an access token", with("at_hash", json!("h"))),
        ("ID token beside a code", with("c_hash", json!("h"))),
    ] {
        assert_eq!(chat.gets_as(&token, "/api/me").await.status, 401, "{why}");
        let url = format!("{}?token={token}", chat.websocket_url());
        assert_eq!(Person::is_refused(&url).await, 401, "{why}");
    }
    let mut of_keycloak = good.clone();
    of_keycloak["typ"] = json!("Bearer");
    of_keycloak["nonce"] = json!("n");
    for (why, token) in [
        ("of no kind", key.token(&good)),
        ("RFC 9068", of_kind("at+jwt")),
        ("RFC 9068 in full", of_kind("application/at+jwt")),
        ("Cognito", with("token_use", json!("access"))),
        ("Keycloak", key.token(&of_keycloak)),
    ] {
        assert_eq!(chat.gets_as(&token, "/api/me").await.status, 200, "{why}");
    }
}

#[tokio::test]
async fn a_ticket_of_somebody_who_is_gone_opens_nothing() {
    let (chat, issuer, key) = start().await;
    let token = token_of(&chat, &issuer, &key, "7f3a", "Ada");
    let issued = chat.asks_as(&token, Method::POST, "/api/tickets", None).await;
    let ticket = issued.body["ticket"].as_str().unwrap();
    let gone = chat.asks_as(&token, Method::DELETE, "/api/me", Some(json!({}))).await;
    assert_eq!(gone.status, 204, "{:?}", gone.body);
    let url = format!("{}?ticket={ticket}", chat.websocket_url());
    assert_eq!(Person::is_refused(&url).await, 401);
}

#[tokio::test]
async fn what_an_issuer_calls_somebody_hides_nothing() {
    let (chat, issuer, key) = start().await;
    let token = token_of(&chat, &issuer, &key, "7f3a", "Ada\u{202e}");
    assert_eq!(me(&chat, &token).await["display_name"], Value::Null);
}
