//! Registering, signing in, and chatting then.

use reqwest::Method;
use serde_json::json;

use crate::support::member::{PASSWORD, handshake};
use crate::support::{Chat, Person};

#[tokio::test]
async fn two_who_registered_chat_by_name_and_by_id() {
    let chat = Chat::with_accounts().await;
    let (alice, bob) = (chat.registers("alice").await, chat.registers("Bob").await);
    let mut alices = chat.joined_by_member(&alice).await;
    let mut bobs = chat.joined_by_member(&bob).await;

    let ack = alices.says("bob", "hello").await;
    bobs.hears(&alice.id, "hello").await;
    let again = alices.says(&bob.id, "hello again").await;
    bobs.hears(&alice.id, "hello again").await;
    assert_eq!(ack["conversation"], again["conversation"]);

    let history = chat.gets_as(&bob.access, "/api/messages?with=ALICE").await;
    let said: Vec<_> = history.body.as_array().unwrap().iter().map(|it| &it["content"]).collect();
    assert_eq!(said, ["hello", "hello again"]);
    let sent = json!({ "receiver_id": "alice", "content": "by http" });
    let sent = chat.asks_as(&bob.access, Method::POST, "/api/send_message", Some(sent)).await;
    assert_eq!(sent.status, 200, "{:?}", sent.body);
    alices.hears(&bob.id, "by http").await;
}

#[tokio::test]
async fn nobody_can_be_addressed_by_a_name_that_nobody_has() {
    let chat = Chat::with_accounts().await;
    let mut alice = chat.joined_by_member(&chat.registers("alice").await).await;
    for nobody in ["bob", "two words", "<b>"] {
        alice.sends(&json!({ "action": "message", "to": nobody, "content": "hello" })).await;
        alice.is_told("not_found").await;
    }
}

#[tokio::test]
async fn a_token_comes_in_a_header_beside_the_subprotocol_or_in_the_url() {
    let chat = Chat::with_accounts().await;
    let token = chat.registers("alice").await.access;
    let url = chat.websocket_url();

    let bearer = format!("Bearer {token}");
    assert_eq!(handshake(&url, &[("authorization", &bearer)]).await, (101, None));
    let offered = format!("confab, {token}");
    let (status, chosen) = handshake(&url, &[("sec-websocket-protocol", &offered)]).await;
    assert_eq!((status, chosen.as_deref()), (101, Some("confab")));
    assert_eq!(handshake(&format!("{url}?token={token}"), &[]).await, (101, None));
}

#[tokio::test]
async fn a_ticket_opens_one_connection_soon() {
    let chat = Chat::with_accounts().await;
    let alice = chat.registers("alice").await;
    let ticket = async || {
        let issued = chat.asks_as(&alice.access, Method::POST, "/api/tickets", None).await;
        assert_eq!((issued.status, &issued.body["expires_in"]), (201, &json!(30)));
        let ticket = issued.body["ticket"].as_str().unwrap();
        format!("{}?ticket={ticket}", chat.websocket_url())
    };

    let url = ticket().await;
    Person::opens(&url, &alice.id).await.welcomed().await;
    assert_eq!(Person::is_refused(&url).await, 401, "a ticket that was used");

    let late = ticket().await;
    chat.time.advance(std::time::Duration::from_secs(31));
    assert_eq!(Person::is_refused(&late).await, 401, "a ticket that is too old");

    let revoked = ticket().await;
    chat.asks_as(&alice.access, Method::POST, "/api/logout", None).await;
    assert_eq!(Person::is_refused(&revoked).await, 401, "a ticket of a session that has ended");
}

#[tokio::test]
async fn of_many_who_show_a_ticket_one_comes_in() {
    let chat = Chat::with_accounts().await;
    let alice = chat.registers("alice").await;
    let issued = chat.asks_as(&alice.access, Method::POST, "/api/tickets", None).await;
    let url =
        format!("{}?ticket={}", chat.websocket_url(), issued.body["ticket"].as_str().unwrap());
    let tries = futures::future::join_all((0..5).map(|_| handshake(&url, &[]))).await;
    let mut statuses: Vec<_> = tries.into_iter().map(|(status, _)| status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [101, 401, 401, 401, 401]);
}

#[tokio::test]
async fn names_that_look_alike_are_taken() {
    let chat = Chat::with_accounts().await;
    chat.registers("alice").await;
    for name in ["alice", "ALICE", "al\u{131}ce", "a1ice"] {
        let body = json!({ "username": name, "password": PASSWORD });
        let answer = chat.post("/api/register", body).await;
        assert_eq!(answer.status, 409, "{name}: {:?}", answer.body);
    }
    assert_eq!(chat.logs_in("Alice", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn of_many_who_want_a_name_one_gets_it() {
    let chat = Chat::with_accounts().await;
    let body = json!({ "username": "alice", "password": PASSWORD });
    let tries = (0..5).map(|_| chat.post("/api/register", body.clone()));
    let mut statuses: Vec<_> =
        futures::future::join_all(tries).await.into_iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409]);
}

#[tokio::test]
async fn bad_registrations_are_told_why() {
    let chat = Chat::with_accounts().await;
    for (body, words) in [
        (json!({}), "missing field `username`"),
        (json!({ "username": "alice" }), "missing field `password`"),
        (json!({ "username": "a b", "password": PASSWORD }), "a username has only letters"),
        (json!({ "username": "alice", "password": "short" }), "`password` has at least 8"),
        (json!({ "username": "alice", "password": 12345678 }), "`password`"),
        (
            json!({ "username": "alice", "password": PASSWORD, "display_name": "x".repeat(65) }),
            "`display_name` has at most 64",
        ),
    ] {
        let answer = chat.post("/api/register", body).await;
        let message = answer.body["error"]["message"].as_str().unwrap();
        assert!(answer.status == 400 && message.contains(words), "{message}");
        assert!(!message.contains("12345678"), "{message}");
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_are_answered_alike() {
    let chat = Chat::with_accounts().await;
    chat.registers("alice").await;
    let wrong = chat.logs_in("alice", "wrong horse battery").await;
    let unknown = chat.logs_in("nobody", "wrong horse battery").await;
    let impossible = chat.logs_in("no body", "wrong horse battery").await;
    assert_eq!((wrong.status, unknown.status, impossible.status), (401, 401, 401));
    assert_eq!(wrong.body, unknown.body);
    assert_eq!(wrong.body, impossible.body);
}

#[tokio::test]
async fn ten_wrong_passwords_are_enough_for_a_while() {
    let chat = Chat::with_accounts_in_standing_time().await;
    chat.registers("alice").await;
    for _ in 0..9 {
        assert_eq!(chat.logs_in("alice", "wrong horse battery").await.status, 401);
    }
    assert_eq!(chat.logs_in("alice", PASSWORD).await.status, 200, "the tenth is right");
    for _ in 0..10 {
        assert_eq!(chat.logs_in("alice", "wrong horse battery").await.status, 401);
    }
    let refused = chat.logs_in("ALICE", PASSWORD).await;
    assert_eq!((refused.status, &refused.body["error"]["code"]), (429, &json!("rate_limited")));
    let wait = refused.body["error"]["retry_after_ms"].as_u64().unwrap();
    chat.time.advance(std::time::Duration::from_millis(wait));
    assert_eq!(chat.logs_in("alice", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn an_address_may_try_so_often() {
    let chat = Chat::start_in_standing_time(|options| {
        options.auth = local::options::Auth::Accounts;
        options.settings.set("SIGN_INS_PER_ADDRESS", "3");
    })
    .await;
    chat.registers("alice").await;
    assert_eq!(chat.logs_in("bob", "wrong horse battery").await.status, 401);
    assert_eq!(chat.logs_in("carol", "wrong horse battery").await.status, 401);
    assert_eq!(chat.logs_in("alice", PASSWORD).await.status, 429);
}

#[tokio::test]
async fn in_open_mode_there_are_no_accounts() {
    let chat = Chat::start().await;
    let body = json!({ "username": "alice", "password": PASSWORD });
    for path in ["/api/register", "/api/login"] {
        assert_eq!(chat.post(path, body.clone()).await.status, 404, "{path}");
    }
    let me = chat.get("/api/me", &[("user_id", "alice")]).await;
    assert_eq!((me.status, me.body), (200, json!({ "id": "alice" })));
}

/// Every item of the table that has such an attribute.
async fn items_with(chat: &Chat, attribute: &str) -> Vec<String> {
    let (table, name) = chat.table();
    let all = table.scan().table_name(name).send().await.unwrap();
    let with = all.items().iter().filter(|item| item.contains_key(attribute));
    with.map(|item| item["pk"].as_s().unwrap().split('#').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_proves_a_password_is_where_only_one_function_may_look() {
    let chat = Chat::with_accounts().await;
    let alice = chat.registers("alice").await;
    assert_eq!(items_with(&chat, "hash").await, ["PASSWORD"]);
    assert_eq!(items_with(&chat, "password_hash").await, [""; 0]);
    let gone = chat.asks_as(
        &alice.access,
        Method::DELETE,
        "/api/me",
        Some(json!({ "password": PASSWORD })),
    );
    assert_eq!(gone.await.status, 204);
    assert_eq!(items_with(&chat, "hash").await, [""; 0]);
}

#[tokio::test]
async fn an_account_of_before_passwords_moved_lets_its_owner_in() {
    let chat = Chat::with_accounts().await;
    let alice = chat.registers("alice").await;
    let (user, password) = (format!("USER#{}", alice.id), format!("PASSWORD#{}", alice.id));
    let hash = chat.item(&password, "PASSWORD").await["hash"].clone();
    let mut account = chat.item(&user, "ACCOUNT").await;
    account.insert("password_hash".into(), hash);
    chat.puts(account).await;
    chat.removes(&password, "PASSWORD").await;

    assert_eq!(chat.logs_in("alice", "something else").await.status, 401);
    assert_eq!(items_with(&chat, "password_hash").await, [""; 0]);
    let signed_in = chat.logs_in("alice", PASSWORD).await;
    assert_eq!(signed_in.status, 200, "{:?}", signed_in.body);
}
