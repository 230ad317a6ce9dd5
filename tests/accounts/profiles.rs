//! What people show of themselves.

use local::options::Auth;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::member::{Member, PASSWORD};
use crate::support::{Answer, Chat};

async fn changes(chat: &Chat, member: &Member, body: Value) -> Answer {
    chat.asks_as(&member.access, Method::PATCH, "/api/me", Some(body)).await
}

#[tokio::test]
async fn others_see_what_one_shows() {
    let chat = Chat::with_accounts().await;
    let (alice, bob) = (chat.registers("alice").await, chat.registers("bob").await);
    let shown = json!({ "display_name": "Alice B.", "metadata": { "team": "blue" } });
    assert_eq!(changes(&chat, &alice, shown).await.status, 200);

    for path in ["/api/users/ALICE".to_owned(), format!("/api/users/{}", alice.id)] {
        let seen = chat.gets_as(&bob.access, &path).await.body;
        assert_eq!((&seen["id"], &seen["username"]), (&json!(alice.id), &json!("alice")));
        assert_eq!(seen["display_name"], "Alice B.");
        assert_eq!(seen["metadata"], json!({ "team": "blue" }));
        assert!(!seen.to_string().contains("argon2"), "{seen}");
    }

    let me = changes(&chat, &alice, json!({ "display_name": "" })).await.body;
    assert_eq!((&me["display_name"], &me["metadata"]), (&Value::Null, &json!({ "team": "blue" })));
    let me = changes(&chat, &alice, json!({ "metadata": {} })).await.body;
    assert_eq!(me["metadata"], json!({}));
    let me = changes(&chat, &alice, json!({ "metadata": null })).await.body;
    assert_eq!(me["metadata"], Value::Null);
    assert_eq!(changes(&chat, &alice, json!({})).await.body, me);
}

#[tokio::test]
async fn a_name_may_change() {
    let chat = Chat::with_accounts().await;
    let (alice, bob) = (chat.registers("alice").await, chat.registers("bob").await);
    assert_eq!(changes(&chat, &bob, json!({ "username": "Alice" })).await.status, 409);
    assert_eq!(changes(&chat, &bob, json!({ "username": "b b" })).await.status, 400);
    let renamed = changes(&chat, &alice, json!({ "username": "ALICE" })).await;
    assert_eq!((renamed.status, &renamed.body["username"]), (200, &json!("ALICE")));
    let renamed = changes(&chat, &alice, json!({ "username": "carol" })).await;
    assert_eq!((renamed.status, &renamed.body["id"]), (200, &json!(alice.id)));

    assert_eq!(chat.logs_in("carol", PASSWORD).await.status, 200);
    assert_eq!(chat.logs_in("alice", PASSWORD).await.status, 401);
}

#[tokio::test]
async fn a_display_name_is_what_others_see_of_it() {
    let chat = Chat::with_accounts().await;
    let alice = chat.registers("alice").await;
    for hidden in ["Alice\u{202e}", "\u{2066}x", "a\u{200b}b", "\u{feff}", "a\nb"] {
        let refused = changes(&chat, &alice, json!({ "display_name": hidden })).await;
        assert_eq!(refused.status, 400, "{hidden:?}: {:?}", refused.body);
        let body = json!({ "username": "bob", "password": PASSWORD, "display_name": hidden });
        assert_eq!(chat.post("/api/register", body).await.status, 400, "{hidden:?}");
    }
    let shown =
        changes(&chat, &alice, json!({ "display_name": " Ame\u{301}lie \u{2764}\u{fe0f}" })).await;
    assert_eq!(shown.body["display_name"], "Am\u{e9}lie \u{2764}\u{fe0f}");
    let bob = chat.registers("bob").await;
    let same =
        changes(&chat, &bob, json!({ "display_name": "Am\u{e9}lie \u{2764}\u{fe0f}" })).await;
    assert_eq!(same.status, 200, "others may be called so, too");
}

#[tokio::test]
async fn nobody_shows_ever_new_profiles_to_others() {
    let chat = Chat::start_in_standing_time(|options| {
        options.auth = Auth::Accounts;
        options.settings.set("NOTICES_PER_MINUTE", "2");
    })
    .await;
    let alice = chat.registers("alice").await;
    for name in ["One", "Two"] {
        assert_eq!(changes(&chat, &alice, json!({ "display_name": name })).await.status, 200);
    }
    let refused = changes(&chat, &alice, json!({ "display_name": "Three" })).await;
    assert_eq!((refused.status, &refused.body["error"]["code"]), (429, &json!("rate_limited")));
    assert_eq!(chat.gets_as(&alice.access, "/api/me").await.body["display_name"], "Two");
}

#[tokio::test]
async fn nobody_is_found_by_a_name_that_nobody_has() {
    let chat = Chat::with_accounts().await;
    let alice = chat.registers("alice").await;
    let unknown = uuid::Uuid::new_v4().to_string();
    for nobody in ["bob", "%3Cb%3E", &unknown] {
        let answer = chat.gets_as(&alice.access, &format!("/api/users/{nobody}")).await;
        assert_eq!(answer.status, 404, "{nobody}");
    }
}
