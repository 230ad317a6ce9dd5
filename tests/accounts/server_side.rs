//! Somebody's own backend calls with a key: operators make it, and it is good for what they say.

use std::time::Duration;

use local::options::{Auth, Options};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::{Timestamp, UserId};
use shared::store::Store;
use tokio::process::Command;

use crate::support::member::{Member, PASSWORD, handshake};
use crate::support::{Answer, Chat, Issuer, Person, SigningKey};

const SCOPES: [&str; 4] = ["users", "send", "moderate", "erase"];

fn with_operators(options: &mut Options) {
    options.auth = Auth::Accounts;
    options.settings.set("OPERATORS", "olga");
}

/// A server with an operator.
async fn start() -> (Chat, Member) {
    let chat = Chat::start_with(with_operators).await;
    let olga = chat.registers("olga").await;
    (chat, olga)
}

/// A backend's key, as the operator was shown it.
struct Key {
    id: String,
    bot: String,
    secret: String,
}

impl Key {
    fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        let text = |name: &str| answer.body[name].as_str().unwrap().to_owned();
        Self { id: text("id"), bot: text("bot"), secret: text("key") }
    }
}

async fn posts(chat: &Chat, token: &str, path: &str, body: Value) -> Answer {
    chat.asks_as(token, Method::POST, path, Some(body)).await
}

async fn deletes(chat: &Chat, token: &str, path: &str) -> Answer {
    chat.asks_as(token, Method::DELETE, path, None).await
}

async fn key_of(chat: &Chat, olga: &Member, scopes: &[&str]) -> Key {
    let body = json!({ "name": "website", "scopes": scopes });
    Key::of(&posts(chat, &olga.access, "/api/keys", body).await)
}

/// A person whom a key makes; their id.
async fn made_by(chat: &Chat, key: &Key, user: Value) -> String {
    let made = posts(chat, &key.secret, "/api/users", user).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    made.body["id"].as_str().unwrap().to_owned()
}

/// Somebody who is let in by a key; nothing refreshes what they have.
async fn let_in(chat: &Chat, key: &Key, user: &str) -> Member {
    let minted = posts(chat, &key.secret, &format!("/api/users/{user}/tokens"), json!({})).await;
    assert_eq!(minted.status, 201, "{:?}", minted.body);
    assert_eq!(minted.body["expires_in"], 900);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Member {
        id: text(&minted.body["user"]["id"]),
        access: text(&minted.body["access_token"]),
        refresh: String::new(),
    }
}

#[track_caller]
fn is_refused(answer: &Answer, status: u16, why: &str) {
    let error = &answer.body["error"];
    let told = error["reason"].as_str().or(error["message"].as_str());
    assert_eq!((answer.status, told), (status, Some(why)), "{:?}", answer.body);
}

#[tokio::test]
async fn an_operator_makes_keys_sees_them_and_ends_them() {
    let (chat, olga) = start().await;
    let end = chat.time.now() + Duration::from_secs(3600);
    let body = json!({ "name": "website", "scopes": ["send", "users", "send"], "expires_at": end });
    let made = posts(&chat, &olga.access, "/api/keys", body).await;
    let first = Key::of(&made);
    assert_eq!(made.body["scopes"], json!(["users", "send"]));
    assert_eq!(made.body["by"], json!(olga.id));
    let second = key_of(&chat, &olga, &["erase"]).await;

    let listed = chat.gets_as(&olga.access, "/api/keys").await;
    let ids: Vec<_> = listed.body.as_array().unwrap().iter().map(|key| &key["id"]).collect();
    assert_eq!(ids, [&json!(first.id), &json!(second.id)]);
    assert!(!listed.body.to_string().contains("confab_key_"));
    let page = chat.gets_as(&olga.access, "/api/keys?limit=1").await;
    assert_eq!(page.body.as_array().unwrap().len(), 1);
    let next = page.link.unwrap();
    let next = next.strip_prefix('<').and_then(|link| link.split_once('>')).unwrap().0;
    assert_eq!(chat.gets_as(&olga.access, next).await.body[0]["id"], json!(second.id));

    let path = format!("/api/keys/{}", first.id);
    assert_eq!(deletes(&chat, &olga.access, &path).await.status, 204);
    assert_eq!(deletes(&chat, &olga.access, &path).await.status, 404);
    let listed = chat.gets_as(&olga.access, "/api/keys").await;
    assert_eq!(listed.body.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn nobody_but_operators_has_to_do_with_keys() {
    let (chat, olga) = start().await;
    let alice = chat.registers("alice").await;
    let key = key_of(&chat, &olga, &SCOPES).await;
    let wanted = json!({ "name": "mine", "scopes": ["users"] });
    let path = format!("/api/keys/{}", key.id);
    for (token, why) in [(&alice.access, "role"), (&key.secret, "scope")] {
        is_refused(&posts(&chat, token, "/api/keys", wanted.clone()).await, 403, why);
        is_refused(&chat.gets_as(token, "/api/keys").await, 403, why);
        is_refused(&deletes(&chat, token, &path).await, 403, why);
    }
    assert_eq!(chat.post("/api/keys", wanted.clone()).await.status, 401);
}

#[tokio::test]
async fn no_key_makes_others_by_way_of_an_operator() {
    let chat = Chat::start_with(|options| {
        with_operators(options);
        options.settings.set("OPERATORS", "olga,nobody-yet");
    })
    .await;
    let olga = chat.registers("olga").await;
    let key = key_of(&chat, &olga, &SCOPES).await;
    let tokens = format!("/api/users/{}/tokens", olga.id);
    is_refused(&posts(&chat, &key.secret, &tokens, json!({})).await, 403, "role");
    is_refused(&deletes(&chat, &key.secret, "/api/users/olga").await, 403, "role");
    // Nor does whoever takes the name of one while a key vouches for them.
    made_by(&chat, &key, json!({ "username": "alice" })).await;
    let alice = let_in(&chat, &key, "alice").await;
    let name = Some(json!({ "username": "nobody-yet" }));
    let renamed = chat.asks_as(&alice.access, Method::PATCH, "/api/me", name).await;
    assert_eq!(renamed.status, 200, "{:?}", renamed.body);
    let wanted = json!({ "name": "mine", "scopes": ["users"] });
    is_refused(&posts(&chat, &alice.access, "/api/keys", wanted).await, 403, "scope");
    is_refused(&chat.gets_as(&alice.access, "/api/keys").await, 403, "scope");
    let path = format!("/api/keys/{}", key.id);
    is_refused(&deletes(&chat, &alice.access, &path).await, 403, "scope");
}

#[tokio::test]
async fn a_key_that_makes_no_sense_is_not_made() {
    let (chat, olga) = start().await;
    let over = chat.time.now() - Duration::from_secs(1);
    for wrong in [
        json!({ "scopes": ["users"] }),
        json!({ "name": "", "scopes": ["users"] }),
        json!({ "name": "x".repeat(65), "scopes": ["users"] }),
        json!({ "name": "website" }),
        json!({ "name": "website", "scopes": [] }),
        json!({ "name": "website", "scopes": ["everything"] }),
        json!({ "name": "website", "scopes": ["users"], "expires_at": over }),
        json!({ "name": "website", "scopes": ["users"], "bot": olga.id }),
    ] {
        let answer = posts(&chat, &olga.access, "/api/keys", wrong.clone()).await;
        assert_eq!(answer.status, 400, "{wrong}: {:?}", answer.body);
    }
    assert_eq!(chat.gets_as(&olga.access, "/api/keys").await.body, json!([]));
}

#[tokio::test]
async fn there_are_no_keys_where_nobody_is_proved_to_be_anybody() {
    let chat = Chat::start_with(|options| options.settings.set("OPERATORS", "olga")).await;
    let body = json!({ "name": "website", "scopes": ["send"], "user_id": "olga" });
    let made = chat.asks_as("", Method::POST, "/api/keys?user_id=olga", Some(body)).await;
    assert_eq!(made.status, 404);
    let why = made.body["error"]["message"].as_str().unwrap();
    assert!(why.contains("open mode"), "{why}");
    // Whoever shows one is not believed to be somebody else instead.
    let message = json!({ "receiver_id": "bob", "content": "hello", "sender_id": "alice" });
    let sent = posts(&chat, "confab_key_x_y", "/api/send_message", message).await;
    assert_eq!(sent.status, 401);
    let why = sent.body["error"]["message"].as_str().unwrap();
    assert!(why.contains("open mode"), "{why}");
}

#[tokio::test]
async fn what_is_no_key_opens_nothing() {
    let chat = Chat::start_in_standing_time(with_operators).await;
    let olga = chat.registers("olga").await;
    let [good, deleted] =
        [key_of(&chat, &olga, &SCOPES).await, key_of(&chat, &olga, &SCOPES).await];
    let path = format!("/api/keys/{}", deleted.id);
    assert_eq!(chat.gets_as(&deleted.secret, "/api/users/olga").await.status, 200);
    assert_eq!(deletes(&chat, &olga.access, &path).await.status, 204);
    let other_end = if good.secret.ends_with('A') { "B" } else { "A" };
    let forged = format!("{}{other_end}", &good.secret[..good.secret.len() - 1]);
    let of_deleted = good.secret.replace(&good.id.replace('-', ""), &deleted.id.replace('-', ""));
    for wrong in [
        &deleted.secret,
        &forged,
        &of_deleted,
        "confab_key_",
        "confab_key_garbage",
        "confab_key_a_b",
    ] {
        is_refused(&chat.gets_as(wrong, "/api/users/olga").await, 401, "the key is not valid");
        let message = json!({ "receiver_id": "olga", "content": "hello" });
        let sent = posts(&chat, wrong, "/api/send_message", message).await;
        is_refused(&sent, 401, "the key is not valid");
    }

    let end = chat.time.now() + Duration::from_secs(60);
    let body = json!({ "name": "for a minute", "scopes": ["users"], "expires_at": end });
    let key = Key::of(&posts(&chat, &olga.access, "/api/keys", body).await);
    assert_eq!(chat.gets_as(&key.secret, "/api/users/olga").await.status, 200);
    chat.time.advance(Duration::from_secs(60));
    is_refused(&chat.gets_as(&key.secret, "/api/users/olga").await, 401, "the key has expired");
}

#[tokio::test]
async fn a_key_is_nobody_and_opens_no_websocket() {
    let (chat, olga) = start().await;
    let key = key_of(&chat, &olga, &SCOPES).await;
    let url = chat.websocket_url();
    let bearer = format!("Bearer {}", key.secret);
    let offered = format!("confab, {}", key.secret);
    assert_eq!(handshake(&url, &[("authorization", &bearer)]).await.0, 401);
    assert_eq!(handshake(&url, &[("sec-websocket-protocol", &offered)]).await.0, 401);
    assert_eq!(Person::is_refused(&format!("{url}?token={}", key.secret)).await, 401);

    for (method, path) in [
        (Method::GET, "/api/me"),
        (Method::PATCH, "/api/me"),
        (Method::DELETE, "/api/me"),
        (Method::POST, "/api/password"),
        (Method::POST, "/api/logout"),
        (Method::POST, "/api/tickets"),
        (Method::GET, "/api/conversations"),
        (Method::GET, "/api/messages?with=olga"),
        (Method::GET, "/messages?user1=olga&user2=olga"),
        (Method::GET, "/api/export"),
        (Method::GET, "/api/blocks"),
        (Method::PUT, "/api/blocks/olga"),
        (Method::GET, "/api/presence"),
        (Method::GET, "/api/online_users"),
        (Method::GET, "/api/invitations"),
    ] {
        let answer = chat.asks_as(&key.secret, method.clone(), path, None).await;
        assert_eq!(answer.status, 403, "{method} {path}: {:?}", answer.body);
        assert_eq!(answer.body["error"]["reason"], "scope", "{method} {path}");
    }
    let mut olgas = chat.joined_by_member(&olga).await;
    olgas.sends(&json!({ "action": "renew", "token": key.secret })).await;
    olgas.is_told("unauthorized").await;
}

#[tokio::test]
async fn a_backend_makes_people_and_lets_them_in() {
    let (chat, olga) = start().await;
    let key = key_of(&chat, &olga, &["users"]).await;
    let metadata = json!({ "plan": "free" });
    let alice = json!({ "username": "alice", "display_name": "Alice", "metadata": metadata });
    let id = made_by(&chat, &key, alice).await;
    let shown = chat.gets_as(&key.secret, "/api/users/alice").await.body;
    assert_eq!((&shown["id"], &shown["metadata"]), (&json!(id), &metadata));

    let alice = let_in(&chat, &key, "alice").await;
    assert_eq!(chat.gets_as(&alice.access, "/api/me").await.body, shown);
    let mut alices = chat.joined_by_member(&alice).await;
    alices.says("olga", "hello").await;
    // By a password nobody gets in: there is none.
    assert_eq!(chat.logs_in("alice", PASSWORD).await.status, 401);
    assert_eq!(chat.logs_in("alice", "").await.status, 401);

    let out = posts(&chat, &alice.access, "/api/logout", json!({})).await;
    assert_eq!(out.status, 204, "{:?}", out.body);
    alices.sees_the_end().await;
    assert_eq!(chat.gets_as(&alice.access, "/api/me").await.status, 401);
    assert_eq!(chat.gets_as(&let_in(&chat, &key, &id).await.access, "/api/me").await.status, 200);
    let nobody = "01900000-0000-7000-8000-000000000000";
    let path = format!("/api/users/{nobody}/tokens");
    assert_eq!(posts(&chat, &key.secret, &path, json!({})).await.status, 404);
}

#[tokio::test]
async fn a_minted_token_is_over_after_a_while_and_the_next_one_lets_a_connection_go_on() {
    let (chat, olga) = start().await;
    let key = key_of(&chat, &olga, &["users"]).await;
    made_by(&chat, &key, json!({ "username": "alice" })).await;
    let alice = let_in(&chat, &key, "alice").await;
    let mut alices = chat.joined_by_member(&alice).await;
    let eight_minutes = Duration::from_secs(8 * 60);
    chat.time.advance(eight_minutes);
    let next = let_in(&chat, &key, "alice").await;
    alices.sends(&json!({ "action": "renew", "token": next.access })).await;
    alices.sees_in_time("renewed").await;
    chat.time.advance(eight_minutes);
    assert_eq!(chat.gets_as(&alice.access, "/api/me").await.status, 401);
    alices.says("olga", "still here").await;
    // It belongs to the session of the second token now.
    let out = posts(&chat, &next.access, "/api/logout", json!({})).await;
    assert_eq!(out.status, 204, "{:?}", out.body);
    alices.sees_the_end().await;
}

#[tokio::test]
async fn whom_a_backend_knows_by_an_id_of_its_own_is_made_once() {
    let (chat, olga) = start().await;
    let key = key_of(&chat, &olga, &["users"]).await;
    let asked = json!({ "username": "alice", "external_id": "42" });
    let tries = (0..5).map(|_| posts(&chat, &key.secret, "/api/users", asked.clone()));
    let tries = futures::future::join_all(tries).await;
    let made = tries.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 1, "{tries:?}");
    for answer in &tries {
        assert!([200, 201].contains(&answer.status), "{:?}", answer.body);
        assert_eq!(answer.body, tries[0].body);
    }
    // Whatever else is said of them then changes nothing.
    let again = json!({ "display_name": "Somebody else", "external_id": "42" });
    let again = posts(&chat, &key.secret, "/api/users", again).await;
    assert_eq!((again.status, &again.body), (200, &tries[0].body));
    // The id is enough.
    made_by(&chat, &key, json!({ "external_id": "43" })).await;
    let too_long = "x".repeat(257);
    for wrong in [json!({}), json!({ "external_id": "" }), json!({ "external_id": too_long })] {
        assert_eq!(posts(&chat, &key.secret, "/api/users", wrong).await.status, 400);
    }
}

#[tokio::test]
async fn a_name_that_is_taken_says_to_keys_whose_it_is() {
    let (chat, olga) = start().await;
    let key = key_of(&chat, &olga, &["users"]).await;
    let asked = json!({ "username": "Olga", "external_id": "42" });
    let taken = posts(&chat, &key.secret, "/api/users", asked).await;
    assert_eq!((taken.status, &taken.body["error"]["user"]), (409, &json!(olga.id)));
    let registers = json!({ "username": "Olga", "password": PASSWORD });
    let taken = chat.post("/api/register", registers).await;
    assert_eq!((taken.status, &taken.body["error"]["user"]), (409, &Value::Null));
    let reserved = posts(&chat, &key.secret, "/api/users", json!({ "username": "admin" })).await;
    assert_eq!(reserved.status, 409);
}

#[tokio::test]
async fn whoever_has_no_password_goes_without_one() {
    let (chat, olga) = start().await;
    let key = key_of(&chat, &olga, &["users"]).await;
    let id = made_by(&chat, &key, json!({ "username": "alice", "external_id": "42" })).await;
    let alice = let_in(&chat, &key, &id).await;
    let gone = chat.asks_as(&alice.access, Method::DELETE, "/api/me", Some(json!({}))).await;
    assert_eq!(gone.status, 204, "{:?}", gone.body);
    // Who comes by the same id is somebody new.
    assert_ne!(made_by(&chat, &key, json!({ "external_id": "42" })).await, id);
}

#[tokio::test]
async fn a_backend_forgets_people_with_all_that_is_theirs() {
    let (chat, olga) = start().await;
    let key = key_of(&chat, &olga, &["users", "erase"]).await;
    let bob = chat.registers("bob").await;
    let bobs = chat.joined_by_member(&bob).await;
    let room = posts(&chat, &bob.access, "/api/rooms", json!({ "name": "tea" })).await;
    assert_eq!(room.status, 201);
    let path = format!("/api/users/{}", bob.id);
    assert_eq!(deletes(&chat, &key.secret, &path).await.status, 204);
    bobs.sees_the_end().await;
    assert_eq!(chat.gets_as(&bob.access, "/api/me").await.status, 401);
    assert_eq!(chat.logs_in("bob", PASSWORD).await.status, 401);
    assert_eq!(deletes(&chat, &key.secret, &path).await.status, 404);

    let alice = made_by(&chat, &key, json!({ "username": "alice" })).await;
    let minted = let_in(&chat, &key, "alice").await;
    assert_eq!(deletes(&chat, &key.secret, "/api/users/alice").await.status, 204);
    assert_eq!(chat.gets_as(&minted.access, "/api/me").await.status, 401);
    let tokens = format!("/api/users/{alice}/tokens");
    assert_eq!(posts(&chat, &key.secret, &tokens, json!({})).await.status, 404);
}

#[tokio::test]
async fn a_bot_outlives_its_key_and_serves_the_next() {
    let (chat, olga) = start().await;
    let first = key_of(&chat, &olga, &["users", "erase"]).await;
    let bot = chat.gets_as(&first.secret, &format!("/api/users/{}", first.bot)).await;
    assert_eq!(bot.body["display_name"], "website");
    let path = format!("/api/users/{}", first.bot);
    assert_eq!(deletes(&chat, &first.secret, &path).await.status, 409);

    let body = json!({ "name": "website", "scopes": SCOPES, "bot": first.bot });
    let second = Key::of(&posts(&chat, &olga.access, "/api/keys", body).await);
    assert_eq!(second.bot, first.bot);
    let ended = format!("/api/keys/{}", first.id);
    assert_eq!(deletes(&chat, &olga.access, &ended).await.status, 204);
    assert_eq!(chat.gets_as(&second.secret, &path).await.status, 200);
    let other = key_of(&chat, &olga, &["erase"]).await;
    let ended = format!("/api/keys/{}", second.id);
    assert_eq!(deletes(&chat, &other.secret, &path).await.status, 409);
    assert_eq!(deletes(&chat, &olga.access, &ended).await.status, 204);
    assert_eq!(deletes(&chat, &other.secret, &path).await.status, 204);
    let body = json!({ "name": "website", "scopes": SCOPES, "bot": first.bot });
    assert_eq!(posts(&chat, &olga.access, "/api/keys", body).await.status, 404);
}

#[tokio::test]
async fn a_backend_speaks_as_its_bot_and_as_anybody() {
    let (chat, olga) = start().await;
    let key = key_of(&chat, &olga, &["send"]).await;
    let [alice, bob] = [chat.registers("alice").await, chat.registers("bob").await];
    let mut bobs = chat.joined_by_member(&bob).await;
    let says = |body: Value| posts(&chat, &key.secret, "/api/send_message", body);
    let by_bot = says(json!({ "receiver_id": "bob", "content": "Your order is on its way" })).await;
    assert_eq!((by_bot.status, &by_bot.body["delivered"]), (200, &json!(true)));
    bobs.hears(&key.bot, "Your order is on its way").await;
    for named in [json!(alice.id), json!("alice")] {
        let body = json!({ "receiver_id": "bob", "content": "hello", "sender_id": named });
        assert_eq!(says(body).await.status, 200);
        bobs.hears(&alice.id, "hello").await;
    }
    // It is a conversation like any other, in which one may answer.
    bobs.says(&key.bot, "thanks").await;

    // Sending twice is sending once, whoever sends.
    let body = json!({ "receiver_id": "bob", "content": "once", "id": "1" });
    let [first, again] = [says(body.clone()).await, says(body).await];
    assert_eq!((&first.body["seq"], &again.body["duplicate"]), (&again.body["seq"], &json!(true)));

    let nobody = json!({ "receiver_id": "bob", "content": "hello", "sender_id": "nobody" });
    assert_eq!(says(nobody).await.status, 404);
    let two =
        json!({ "receiver_id": "bob", "content": "-", "sender_id": "alice", "user_id": "bob" });
    is_refused(&says(two).await, 403, "two_names");
}

#[tokio::test]
async fn whoever_a_backend_speaks_as_may_not_say_more_than_they_might_themselves() {
    let chat = Chat::start_in_standing_time(|options| {
        with_operators(options);
        options.settings.set("RATE_LIMIT", "3");
    })
    .await;
    let olga = chat.registers("olga").await;
    let key = key_of(&chat, &olga, &["send"]).await;
    let [_, bob] = [chat.registers("alice").await, chat.registers("bob").await];
    let room = posts(&chat, &bob.access, "/api/rooms", json!({ "name": "tea" })).await;
    assert_eq!(room.status, 201);
    let says = |body: Value| posts(&chat, &key.secret, "/api/send_message", body);
    let in_room = json!({ "room": "tea", "content": "hello", "sender_id": "alice" });
    is_refused(&says(in_room).await, 403, "not_a_member");
    let as_bob = json!({ "room": "tea", "content": "hello", "sender_id": "bob" });
    assert_eq!(says(as_bob).await.status, 200);
    let to_bob = json!({ "receiver_id": "bob", "content": "hello", "sender_id": "alice" });
    for _ in 0..3 {
        assert_eq!(says(to_bob.clone()).await.status, 200);
    }
    assert_eq!(says(to_bob.clone()).await.status, 429);
    chat.time.advance(Duration::from_secs(2));
    let blocked = chat.asks_as(&bob.access, Method::PUT, "/api/blocks/alice", Some(json!({})));
    assert_eq!(blocked.await.status, 204);
    is_refused(&says(to_bob).await, 403, "blocked");
}

/// A private room of bob's with alice in it; its path.
async fn private_room(chat: &Chat, bob: &Member, alice: &Member) -> String {
    let room = json!({ "name": "tea", "access": "private" });
    let made = posts(chat, &bob.access, "/api/rooms", room).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    let path = format!("/api/rooms/{}", made.body["id"].as_str().unwrap());
    let invitation = format!("{path}/invitations/{}", alice.id);
    let invited = chat.asks_as(&bob.access, Method::PUT, &invitation, Some(json!({}))).await;
    assert_eq!(invited.status, 204);
    assert_eq!(posts(chat, &alice.access, &format!("{path}/join"), json!({})).await.status, 200);
    path
}

#[tokio::test]
async fn a_backend_keeps_order_in_every_room_as_an_owner_would() {
    let (chat, olga) = start().await;
    let key = key_of(&chat, &olga, &["moderate"]).await;
    let [alice, bob] = [chat.registers("alice").await, chat.registers("bob").await];
    let path = private_room(&chat, &bob, &alice).await;
    let mut bobs = chat.joined_by_member(&bob).await;
    let does = async |method: Method, below: &str, body: Value| {
        let path = format!("{path}{below}");
        let answer = chat.asks_as(&key.secret, method, &path, Some(body)).await;
        assert!(answer.status < 300, "{path}: {:?}", answer.body);
        answer.body
    };
    let of_alice = |what: &str| format!("/{what}/{}", alice.id);
    let none = || json!({});
    let seen = does(Method::GET, "", none()).await;
    assert_eq!(seen["members"], 2);
    assert_eq!(does(Method::GET, "/members", none()).await.as_array().unwrap().len(), 2);
    does(Method::PUT, &of_alice("mutes"), json!({ "seconds": 60 })).await;
    does(Method::DELETE, &of_alice("mutes"), none()).await;
    does(Method::PUT, &of_alice("members"), json!({ "role": "moderator" })).await;
    does(Method::DELETE, &of_alice("members"), none()).await;
    does(Method::PUT, &of_alice("bans"), none()).await;
    let bans = does(Method::GET, "/bans", none()).await;
    assert_eq!(bans[0]["by"], json!(key.bot));
    does(Method::DELETE, &of_alice("bans"), none()).await;
    does(Method::PUT, &of_alice("invitations"), none()).await;
    does(Method::DELETE, &of_alice("invitations"), none()).await;
    assert_eq!(does(Method::PATCH, "", json!({ "topic": "Green" })).await["topic"], "Green");
    for (kind, about) in [
        ("muted", &alice.id),
        ("unmuted", &alice.id),
        ("appointed", &alice.id),
        ("kicked", &alice.id),
        ("banned", &alice.id),
        ("unbanned", &alice.id),
    ] {
        let mut notice = bobs.sees_in_time("message").await;
        while notice["kind"] == "joined" {
            notice = bobs.sees_in_time("message").await;
        }
        let told = [&notice["kind"], &notice["from"], &notice["about"]];
        assert_eq!(told, [&json!(kind), &json!(key.bot), &json!(about)], "{notice}");
    }
    let messages = does(Method::GET, "/messages", none()).await;
    assert!(messages.as_array().unwrap().len() >= 8, "{messages}");
    let exported = does(Method::GET, "/export", none()).await;
    assert!(exported.as_str().unwrap().contains("Green"), "{exported}");

    // An owner is not put out, but may be made something less by an owner.
    let of_bob = format!("{path}/members/{}", bob.id);
    is_refused(&deletes(&chat, &key.secret, &of_bob).await, 403, "role");
    does(Method::POST, "/join", none()).await;
    does(Method::PUT, &format!("/members/{}", key.bot), json!({ "role": "owner" })).await;
    does(Method::PUT, &format!("/members/{}", bob.id), json!({ "role": "member" })).await;
    does(Method::DELETE, &format!("/members/{}", bob.id), none()).await;
    bobs.sees_in_time("left").await;
    does(Method::DELETE, "", none()).await;
    assert_eq!(chat.gets_as(&key.secret, &path).await.status, 404);
}

#[tokio::test]
async fn whoever_keeps_order_does_so_in_the_name_of_its_bot() {
    let (chat, olga) = start().await;
    let key = key_of(&chat, &olga, &["moderate"]).await;
    let [alice, bob] = [chat.registers("alice").await, chat.registers("bob").await];
    let path = private_room(&chat, &bob, &alice).await;
    let ban = format!("{path}/bans/{}", alice.id);
    for (path, body) in
        [(ban.clone(), json!({ "user_id": bob.id })), (format!("{ban}?user_id=bob"), json!({}))]
    {
        let answer = chat.asks_as(&key.secret, Method::PUT, &path, Some(body)).await;
        is_refused(&answer, 403, "two_names");
    }
    let body = Some(json!({ "user_id": key.bot }));
    let banned = chat.asks_as(&key.secret, Method::PUT, &ban, body).await;
    assert_eq!(banned.status, 204, "{:?}", banned.body);
    // Rooms that it makes are its bot's.
    let made = posts(&chat, &key.secret, "/api/rooms", json!({ "name": "support" })).await;
    assert_eq!((made.status, &made.body["creator"]), (201, &json!(key.bot)));
    let listed = chat.gets_as(&key.secret, "/api/rooms").await;
    assert_eq!(listed.body[0]["name"], "support");
}

#[tokio::test]
async fn a_backend_edits_what_it_said_and_deletes_what_anybody_said() {
    let (chat, olga) = start().await;
    let [speaks, keeps_order] =
        [key_of(&chat, &olga, &["send"]).await, key_of(&chat, &olga, &["moderate"]).await];
    let [alice, bob] = [chat.registers("alice").await, chat.registers("bob").await];
    let room = private_room(&chat, &bob, &alice).await.replace("/api/rooms/", "room:");
    let of =
        |seq: &Value| format!("/api/conversations/{}/messages/{seq}", room.replace(':', "%3A"));
    let says = json!({ "room": &room[5..], "content": "hello", "sender_id": "alice" });
    let said = posts(&chat, &speaks.secret, "/api/send_message", says).await;
    assert_eq!(said.status, 200, "{:?}", said.body);
    let path = of(&said.body["seq"]);
    let edits = |name: &str| Some(json!({ "content": "good morning", "sender_id": name }));
    let by_bob = chat.asks_as(&speaks.secret, Method::PATCH, &path, edits("bob")).await;
    is_refused(&by_bob, 403, "not_yours");
    let by_alice = chat.asks_as(&speaks.secret, Method::PATCH, &path, edits("alice")).await;
    assert_eq!(by_alice.status, 200, "{:?}", by_alice.body);
    // Its bot is not there, and only with the other scope it need not be.
    assert_eq!(deletes(&chat, &speaks.secret, &path).await.status, 404);
    let deleted = deletes(&chat, &keeps_order.secret, &path).await;
    assert_eq!(deleted.status, 200, "{:?}", deleted.body);
    is_refused(
        &posts(&chat, &keeps_order.secret, "/api/send_message", json!({ "content": "-" })).await,
        403,
        "scope",
    );
}

#[tokio::test]
async fn a_bot_that_only_speaks_goes_where_anybody_may() {
    let (chat, olga) = start().await;
    let key = key_of(&chat, &olga, &["send"]).await;
    let [alice, bob] = [chat.registers("alice").await, chat.registers("bob").await];
    let private = private_room(&chat, &bob, &alice).await;
    let made = posts(&chat, &bob.access, "/api/rooms", json!({ "name": "hall" })).await;
    assert_eq!(made.status, 201);
    let joins = async |path: &str| {
        posts(&chat, &key.secret, &format!("{path}/join"), json!({})).await.status
    };
    let says = json!({ "room": "hall", "content": "hello" });
    let said = posts(&chat, &key.secret, "/api/send_message", says.clone()).await;
    is_refused(&said, 403, "not_a_member");
    assert_eq!((joins("/api/rooms/hall").await, joins(&private).await), (200, 404));
    assert_eq!(posts(&chat, &key.secret, "/api/send_message", says).await.status, 200);
    let invitation = format!("{private}/invitations/{}", key.bot);
    let invited = chat.asks_as(&alice.access, Method::PUT, &invitation, Some(json!({}))).await;
    is_refused(&invited, 403, "role");
    let invited = chat.asks_as(&bob.access, Method::PUT, &invitation, Some(json!({}))).await;
    assert_eq!(invited.status, 204);
    assert_eq!(joins(&private).await, 200);
    let left = posts(&chat, &key.secret, &format!("{private}/leave"), json!({})).await;
    assert_eq!(left.status, 204);
}

#[tokio::test]
async fn of_a_key_the_table_has_a_hash() {
    let (chat, olga) = start().await;
    let key = key_of(&chat, &olga, &SCOPES).await;
    made_by(&chat, &key, json!({ "username": "alice", "external_id": "the backend's own" })).await;
    let minted = let_in(&chat, &key, "alice").await;
    let (table, name) = chat.table();
    let items = table.scan().table_name(name).send().await.unwrap().items.unwrap();
    let items = format!("{items:?}");
    assert!(items.contains(&key.id) && items.contains("APIKEYS"), "nothing is kept at all");
    let secret = &key.secret[key.secret.len() - 43..];
    for wrong in [secret, &*minted.access, "the backend's own"] {
        assert!(!items.contains(wrong), "{wrong} is in the table");
    }
}

#[tokio::test]
async fn with_an_outside_issuer_a_backend_makes_who_comes_later() {
    let signing = SigningKey::ec("one");
    let issuer = Issuer::with(&[&signing]).await;
    let url = issuer.url().to_owned();
    let token_of = |chat: &Chat, subject: &str| {
        let now = chat.time.now().as_second();
        let (iss, end) = (issuer.url(), now + 900);
        signing
            .token(&json!({ "iss": iss, "aud": "confab", "sub": subject, "iat": now, "exp": end }))
    };
    let chat = Chat::start_with(|options| {
        with_operators(options);
        options.auth = Auth::Oidc;
        options.oidc_issuer = Some(url);
        options.oidc_audience = Some("confab".to_owned());
    })
    .await;
    let olga = token_of(&chat, "o1");
    let name = Some(json!({ "username": "olga" }));
    let renamed = chat.asks_as(&olga, Method::PATCH, "/api/me", name).await;
    assert_eq!(renamed.status, 200, "{:?}", renamed.body);
    let wanted = json!({ "name": "website", "scopes": SCOPES });
    let key = Key::of(&posts(&chat, &olga, "/api/keys", wanted).await);

    let ada = json!({ "username": "ada", "display_name": "Ada", "external_id": "a1" });
    let id = made_by(&chat, &key, ada).await;
    let adas = token_of(&chat, "a1");
    assert_eq!(chat.gets_as(&adas, "/api/me").await.body["id"], json!(id));
    let says = json!({ "receiver_id": "olga", "content": "hello", "sender_id": "ada" });
    assert_eq!(posts(&chat, &key.secret, "/api/send_message", says).await.status, 200);
    // Tokens are the issuer's to make.
    let minted = posts(&chat, &key.secret, "/api/users/ada/tokens", json!({})).await;
    assert_eq!(minted.status, 404);
    let why = minted.body["error"]["message"].as_str().unwrap();
    assert!(why.contains("outside issuer"), "{why}");
    assert_eq!(deletes(&chat, &key.secret, "/api/users/ada").await.status, 204);
    assert_ne!(chat.gets_as(&adas, "/api/me").await.body["id"], json!(id), "somebody new");
}

#[tokio::test]
async fn a_deletion_that_was_interrupted_goes_on_when_the_backend_asks_again() {
    let (chat, olga) = start().await;
    let key = key_of(&chat, &olga, &["users", "erase"]).await;
    let begins = async |user: &str| {
        let (table, name) = chat.table();
        let user = UserId::parse(user).unwrap();
        let now = Timestamp::from_millis(chat.time.now().as_millisecond());
        assert!(Store::new(table, name).close_account(&user, now).await.unwrap());
    };
    let alice = made_by(&chat, &key, json!({ "username": "alice", "external_id": "42" })).await;
    begins(&alice).await;
    let tokens = posts(&chat, &key.secret, &format!("/api/users/{alice}/tokens"), json!({})).await;
    assert_eq!(tokens.status, 404);
    assert_eq!(deletes(&chat, &key.secret, &format!("/api/users/{alice}")).await.status, 204);
    assert_eq!(deletes(&chat, &key.secret, &format!("/api/users/{alice}")).await.status, 404);

    let bob = made_by(&chat, &key, json!({ "username": "bob", "external_id": "43" })).await;
    begins(&bob).await;
    // Who comes by that id is somebody new, and nothing is left of who was to go.
    assert_ne!(made_by(&chat, &key, json!({ "external_id": "43" })).await, bob);
    assert_eq!(chat.gets_as(&key.secret, &format!("/api/users/{bob}")).await.status, 404);
}

#[tokio::test]
async fn a_key_is_good_for_nothing_but_its_scopes() {
    let (chat, olga) = start().await;
    let [alice, bob] = [chat.registers("alice").await, chat.registers("bob").await];
    private_room(&chat, &bob, &alice).await;
    let mut keys = Vec::new();
    for scope in SCOPES {
        keys.push((scope, key_of(&chat, &olga, &[scope]).await.secret));
    }
    let requests = [
        ("users", Method::POST, "/api/users", json!({ "username": "carol" })),
        ("users", Method::POST, "/api/users/alice/tokens", json!({})),
        ("users", Method::GET, "/api/users/alice", json!({})),
        (
            "send",
            Method::POST,
            "/api/send_message",
            json!({ "receiver_id": "olga", "content": "-" }),
        ),
        ("erase", Method::DELETE, "/api/users/alice", json!({})),
    ];
    for (scope, method, path, body) in requests {
        let for_people = method == Method::GET || path.contains("room") || path.contains("send");
        let people = (!for_people).then_some(("a person", alice.access.clone()));
        let wrong = keys.iter().filter(|(of, _)| *of != scope).cloned();
        for (of, secret) in wrong.chain(people) {
            let answer = chat.asks_as(&secret, method.clone(), path, Some(body.clone())).await;
            assert_eq!(answer.status, 403, "{method} {path} of {of}: {:?}", answer.body);
            assert_eq!(answer.body["error"]["reason"], "scope", "{method} {path} of {of}");
        }
        let (_, right) = keys.iter().find(|(of, _)| *of == scope).unwrap();
        let answer = chat.asks_as(right, method.clone(), path, Some(body)).await;
        assert!(answer.status < 300, "{method} {path}: {:?}", answer.body);
    }
}

#[tokio::test]
async fn the_lines_of_the_readme_work_as_typed() {
    let (readme, url) = (include_str!("../../functions/README.md"), "http://127.0.0.1:8080");
    let (_, section) = readme.split_once("## Server-side callers").unwrap();
    let (_, lines) = section.split_once("```sh\n").unwrap();
    let (lines, _) = lines.split_once("```").unwrap();
    let chat = Chat::start_with(with_operators).await;
    assert!(lines.contains(url));
    let script = lines.replace(url, &chat.http_url());
    let mut shell = Command::new("sh");
    let printed = shell.args(["-euxc", &script]).kill_on_drop(true).output().await.unwrap();
    let told = String::from_utf8(printed.stdout).unwrap();
    let traced = String::from_utf8_lossy(&printed.stderr).into_owned();
    assert!(printed.status.success(), "{told}\n{traced}");
    let answers: Vec<_> = serde_json::Deserializer::from_str(&told).into_iter::<Value>().collect();
    let [me, sent, room] = &answers[..] else { panic!("{told}\n{traced}") };
    let text = |value: &Result<Value, _>, name: &str| value.as_ref().unwrap()[name].clone();
    assert_eq!(text(me, "display_name"), "Alice");
    assert_eq!(text(sent, "delivered"), false);
    assert_eq!(text(room, "name"), "support");
    // Alice is forgotten.
    let olga = Member::of(&chat.logs_in("olga", "a good password").await);
    assert_eq!(chat.gets_as(&olga.access, "/api/users/alice").await.status, 404);
}
