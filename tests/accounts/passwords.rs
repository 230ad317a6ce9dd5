//! What people sign in with.

use reqwest::Method;
use serde_json::json;

use crate::support::Chat;
use crate::support::member::{Member, PASSWORD};

#[tokio::test]
async fn a_password_is_the_same_on_every_keyboard() {
    let chat = Chat::with_accounts().await;
    let composed = "caf\u{e9} caf\u{e9} au lait";
    let body = json!({ "username": "alice", "password": composed });
    assert_eq!(chat.post("/api/register", body).await.status, 201);
    for typed in [composed, "cafe\u{301} cafe\u{301} au lait", "caf\u{e9}\u{a0}caf\u{e9} au lait"] {
        assert_eq!(chat.logs_in("alice", typed).await.status, 200, "{typed:?}");
    }
    assert_eq!(chat.logs_in("alice", "cafe cafe au lait").await.status, 401);
}

#[tokio::test]
async fn passwords_that_everybody_would_try_are_refused_and_cost_nobody_an_attempt() {
    let chat = Chat::with_accounts().await;
    let alice = chat.registers("alice").await;
    let [wide, hiding] = ["\u{ff50}\u{ff41}ssword", "p\u{200b}assword"];
    for common in ["password", "        ", "qwertyuiop", "iloveyou", "aaaaaaaaaa", wide, hiding] {
        let body = json!({ "username": "bob", "password": common });
        let refused = chat.post("/api/register", body).await;
        assert_eq!(refused.status, 400, "{common:?}");
        let why = refused.body["error"]["message"].as_str().unwrap();
        assert!(why.contains("too common"), "{common:?}: {why}");
        // More often than an account takes attempts.
        for _ in 0..3 {
            let body = json!({ "current_password": PASSWORD, "new_password": common });
            let refused =
                chat.asks_as(&alice.access, Method::POST, "/api/password", Some(body)).await;
            assert_eq!(refused.status, 400, "{common:?}");
        }
    }
    let body = json!({ "current_password": PASSWORD, "new_password": "another good one" });
    let changed = chat.asks_as(&alice.access, Method::POST, "/api/password", Some(body)).await;
    assert_eq!(changed.status, 204, "{:?}", changed.body);
    assert_eq!(Member::of(&chat.logs_in("alice", "another good one").await).id, alice.id);
}

#[tokio::test]
async fn a_username_is_no_new_password_of_its_owner() {
    let chat = Chat::with_accounts().await;
    let alice = chat.registers("wonderland-alice").await;
    let body = json!({ "current_password": PASSWORD, "new_password": "Wonderland-Alice" });
    let refused = chat.asks_as(&alice.access, Method::POST, "/api/password", Some(body)).await;
    assert_eq!(refused.status, 400, "{:?}", refused.body);
}
