//! Names that nobody else may have.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::support::member::{Member, PASSWORD};
use crate::support::{Answer, Chat};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn tries_to_register(chat: &Chat, username: &str) -> Answer {
    chat.post("/api/register", json!({ "username": username, "password": PASSWORD })).await
}

/// Takes another name.
async fn renames(chat: &Chat, token: &str, username: &str) -> Answer {
    let body = json!({ "username": username });
    chat.asks_as(token, Method::PATCH, "/api/me", Some(body)).await
}

/// A fresh token: days have gone by.
async fn refreshed(chat: &Chat, member: &Member) -> Member {
    let body = json!({ "refresh_token": member.refresh });
    Member::of(&chat.post("/api/refresh", body).await)
}

#[tokio::test]
async fn nobody_takes_a_name_that_looks_like_anothers_as_it_is_shown() {
    let chat = Chat::with_accounts().await;
    for (first, second) in [
        ("alice", "aIice"),
        ("AIan", "Alan"),
        ("TOM", "\u{422}\u{41e}\u{41c}"),
        ("\u{421}\u{412}\u{415}\u{422}", "CBET"),
        ("William", "WiIliam"),
        ("Stra\u{df}e", "STRASSE"),
        ("Iris", "lris"),
    ] {
        assert_eq!(tries_to_register(&chat, first).await.status, 201, "{first}");
        let answer = tries_to_register(&chat, second).await;
        assert_eq!(answer.status, 409, "{first} and {second}: {:?}", answer.body);
    }
    let bob = chat.registers("bob").await;
    assert_eq!(renames(&chat, &bob.access, "aIice").await.status, 409);
    assert_eq!(renames(&chat, &bob.access, "BOB").await.status, 200);
    // Whoever only looks like somebody is not reached in their place.
    assert_eq!(chat.gets_as(&bob.access, "/api/users/Lris").await.status, 404);
}

#[tokio::test]
async fn nobody_passes_for_those_in_charge() {
    let chat = Chat::with_accounts().await;
    for name in ["admin", "ADMIN", "adm1n", "ADMlN", "System", "supp0rt", "lobby"] {
        let answer = tries_to_register(&chat, name).await;
        assert_eq!(answer.status, 409, "{name}");
        assert!(answer.body.to_string().contains("reserved"), "{:?}", answer.body);
    }
    let alice = chat.registers("alice").await;
    assert_eq!(renames(&chat, &alice.access, "root").await.status, 409);
    let chat = Chat::start_with(|options| {
        options.auth = local::options::Auth::Accounts;
        options.settings.set("RESERVED_NAMES", "alice");
    })
    .await;
    assert_eq!(tries_to_register(&chat, "ALICE").await.status, 409);
    assert_eq!(tries_to_register(&chat, "admin").await.status, 201);
}

#[tokio::test]
async fn a_name_that_was_given_up_rests_for_a_week_and_its_owner_may_take_it_back() {
    let chat = Chat::with_accounts().await;
    let (alice, bob) = (chat.registers("alice").await, chat.registers("bob").await);
    assert_eq!(renames(&chat, &alice.access, "carol").await.status, 200);
    assert_eq!(chat.logs_in("alice", PASSWORD).await.status, 401);
    assert_eq!(chat.gets_as(&bob.access, "/api/users/alice").await.status, 404);
    assert_eq!(renames(&chat, &bob.access, "alice").await.status, 409);
    assert_eq!(tries_to_register(&chat, "aIice").await.status, 409);
    assert_eq!(renames(&chat, &alice.access, "Alice").await.status, 200);
    assert_eq!(chat.logs_in("alice", PASSWORD).await.status, 200);
    assert_eq!(tries_to_register(&chat, "carol").await.status, 409);

    assert_eq!(renames(&chat, &alice.access, "carol").await.status, 200);
    chat.time.advance(6 * DAY);
    let bob = refreshed(&chat, &bob).await;
    assert_eq!(renames(&chat, &bob.access, "alice").await.status, 409);
    chat.time.advance(DAY + Duration::from_secs(1));
    let bob = refreshed(&chat, &bob).await;
    assert_eq!(renames(&chat, &bob.access, "alice").await.status, 200);
    let alice = refreshed(&chat, &alice).await;
    assert_eq!(renames(&chat, &alice.access, "alice").await.status, 409, "it is bob's");
}

#[tokio::test]
async fn the_name_of_a_deleted_account_rests_too() {
    let chat = Chat::with_accounts().await;
    let alice = chat.registers("alice").await;
    let password = Some(json!({ "password": PASSWORD }));
    assert_eq!(chat.asks_as(&alice.access, Method::DELETE, "/api/me", password).await.status, 204);
    assert_eq!(tries_to_register(&chat, "alice").await.status, 409);
    chat.time.advance(7 * DAY + Duration::from_secs(1));
    assert_eq!(tries_to_register(&chat, "alice").await.status, 201);
}

/// Before, a name had one reservation: under the look of its small letters.
#[tokio::test]
async fn an_account_of_an_earlier_rule_keeps_its_name() {
    let chat = Chat::with_accounts().await;
    let member = chat.registers("Stra\u{df}e").await;
    let only = "USERNAME#stra%C3%9Fe";
    for key in ["strasse", "Strasse", "Stra%C3%9Fe", "STRASSE"] {
        chat.removes(&format!("USERNAME#{key}"), "ACCOUNT").await;
    }
    chat.item(only, "ACCOUNT").await;

    let signed_in = chat.logs_in("stra\u{df}e", PASSWORD).await;
    assert_eq!(signed_in.status, 200, "{:?}", signed_in.body);
    let found = chat.gets_as(&member.access, "/api/users/Stra%C3%9Fe").await;
    assert_eq!(found.body["id"], json!(member.id));
    assert_eq!(tries_to_register(&chat, "Stra\u{df}e").await.status, 409);
    assert_eq!(renames(&chat, &member.access, "weg").await.status, 200);
    assert_eq!(renames(&chat, &member.access, "Stra\u{df}e").await.status, 200);
    assert_eq!(tries_to_register(&chat, "STRASSE").await.status, 409, "the new rule holds now");
}

#[tokio::test]
async fn a_name_of_an_earlier_rule_stays_with_its_owner_beside_a_newer_one() {
    let chat = Chat::with_accounts().await;
    let member = chat.registers("Stra\u{df}e").await;
    for key in ["strasse", "Strasse", "Stra%C3%9Fe", "STRASSE"] {
        chat.removes(&format!("USERNAME#{key}"), "ACCOUNT").await;
    }
    let newer = tries_to_register(&chat, "strasse").await;
    assert_eq!(newer.status, 201, "{:?}", newer.body);
    let signed_in = chat.logs_in("Stra\u{df}e", PASSWORD).await;
    assert_eq!(signed_in.body["user"]["id"], json!(member.id));
    let signed_in = chat.logs_in("strasse", PASSWORD).await;
    assert_eq!(signed_in.body["user"]["id"], newer.body["user"]["id"]);
}

#[tokio::test]
async fn nobody_hoards_names_by_giving_them_up() {
    let chat = Chat::with_accounts_in_standing_time().await;
    let (alice, bob) = (chat.registers("alice").await, chat.registers("bob").await);
    for _ in 0..6 {
        assert_eq!(renames(&chat, &bob.access, "alice").await.status, 409, "which takes no name");
    }
    for number in 1..=5 {
        let renamed = renames(&chat, &alice.access, &format!("alice{number}")).await;
        assert_eq!(renamed.status, 200, "{:?}", renamed.body);
    }
    assert_eq!(renames(&chat, &alice.access, "alice6").await.status, 429);
    assert_eq!(renames(&chat, &bob.access, "bobby").await.status, 200);
}
