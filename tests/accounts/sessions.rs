//! Sessions go on by refresh tokens and fresh access tokens, and end at once.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::support::member::{Member, PASSWORD};
use crate::support::{Chat, Person};

/// A step of time in which no connection idles out.
const WHILE: Duration = Duration::from_secs(8 * 60);

/// When a repeated refresh is no lost answer any more.
const AFTER_THE_LEEWAY: Duration = Duration::from_secs(21);

async fn refreshes(chat: &Chat, token: &str) -> crate::support::Answer {
    chat.post("/api/refresh", json!({ "refresh_token": token })).await
}

#[tokio::test]
async fn a_refresh_token_is_good_once() {
    let chat = Chat::with_accounts().await;
    let alice = chat.registers("alice").await;
    let first = refreshes(&chat, &alice.refresh).await;
    assert_eq!(first.status, 200, "{:?}", first.body);
    let second = refreshes(&chat, &Member::of(&first).refresh).await;
    assert_eq!(second.status, 200, "{:?}", second.body);
    let alice = Member::of(&second);
    assert_eq!(chat.gets_as(&alice.access, "/api/me").await.status, 200);
}

#[tokio::test]
async fn a_refresh_token_that_comes_again_ends_the_session() {
    let chat = Chat::with_accounts().await;
    let stolen = chat.registers("alice").await;
    let thief = Member::of(&refreshes(&chat, &stolen.refresh).await);
    let socket = chat.joined_by_member(&thief).await;

    chat.time.advance(AFTER_THE_LEEWAY);
    assert_eq!(refreshes(&chat, &stolen.refresh).await.status, 401);
    socket.sees_the_end().await;
    assert_eq!(refreshes(&chat, &thief.refresh).await.status, 401);
    assert_eq!(chat.gets_as(&thief.access, "/api/me").await.status, 401);
    assert_eq!(chat.logs_in("alice", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn two_tabs_that_refresh_at_once_both_stay_signed_in() {
    let chat = Chat::with_accounts().await;
    let alice = chat.registers("alice").await;
    let tabs = (0..4).map(|_| refreshes(&chat, &alice.refresh));
    let tabs = futures::future::join_all(tabs).await;
    for tab in &tabs {
        assert_eq!((tab.status, &tab.body), (200, &tabs[0].body), "another pair");
    }
    assert_eq!(refreshes(&chat, &Member::of(&tabs[3]).refresh).await.status, 200);
}

#[tokio::test]
async fn whoever_lost_the_answer_of_a_refresh_asks_again() {
    let chat = Chat::start_in_standing_time(|it| it.auth = local::options::Auth::Accounts).await;
    let alice = chat.registers("alice").await;
    let lost = refreshes(&chat, &alice.refresh).await;
    chat.time.advance(Duration::from_secs(20));
    let again = refreshes(&chat, &alice.refresh).await;
    assert_eq!((again.status, &again.body), (200, &lost.body));
    let next = refreshes(&chat, &Member::of(&again).refresh).await;
    assert_eq!(next.status, 200, "{:?}", next.body);
    // Of the token before that it is known that it was exchanged, so whoever has it has stolen it.
    assert_eq!(refreshes(&chat, &alice.refresh).await.status, 401);
    assert_eq!(refreshes(&chat, &Member::of(&next).refresh).await.status, 401);
}

#[tokio::test]
async fn a_session_is_over_after_thirty_idle_days() {
    let chat = Chat::with_accounts().await;
    let alice = chat.registers("alice").await;
    let day = Duration::from_secs(24 * 60 * 60);
    chat.time.advance(29 * day);
    let alice = Member::of(&refreshes(&chat, &alice.refresh).await);
    chat.time.advance(29 * day);
    let alice = Member::of(&refreshes(&chat, &alice.refresh).await);
    chat.time.advance(31 * day);
    assert_eq!(refreshes(&chat, &alice.refresh).await.status, 401);
}

#[tokio::test]
async fn logging_out_closes_the_sockets_of_that_session_only() {
    let chat = Chat::with_accounts().await;
    let laptop = chat.registers("alice").await;
    let phone = Member::of(&chat.logs_in("alice", PASSWORD).await);
    let tabs = [chat.joined_by_member(&laptop).await, chat.joined_by_member(&laptop).await];
    let mut other = chat.joined_by_member(&phone).await;

    let out = chat.asks_as(&laptop.access, Method::POST, "/api/logout", None).await;
    assert_eq!(out.status, 204);
    for tab in tabs {
        tab.sees_the_end().await;
    }
    assert_eq!(chat.gets_as(&laptop.access, "/api/me").await.status, 401);
    assert_eq!(refreshes(&chat, &laptop.refresh).await.status, 401);
    let url = format!("{}?token={}", chat.websocket_url(), laptop.access);
    assert_eq!(Person::is_refused(&url).await, 401);

    other.hears_nothing(&chat).await;
    assert_eq!(chat.gets_as(&phone.access, "/api/me").await.status, 200);
}

#[tokio::test]
async fn logging_out_everywhere_ends_every_session() {
    let chat = Chat::with_accounts().await;
    let laptop = chat.registers("alice").await;
    let phone = Member::of(&chat.logs_in("alice", PASSWORD).await);
    let sockets = [chat.joined_by_member(&laptop).await, chat.joined_by_member(&phone).await];
    let everywhere = Some(json!({ "everywhere": true }));
    let out = chat.asks_as(&laptop.access, Method::POST, "/api/logout", everywhere).await;
    assert_eq!(out.status, 204);
    for socket in sockets {
        socket.sees_the_end().await;
    }
    for member in [laptop, phone] {
        assert_eq!(chat.gets_as(&member.access, "/api/me").await.status, 401);
        assert_eq!(refreshes(&chat, &member.refresh).await.status, 401);
    }
}

#[tokio::test]
async fn another_password_ends_the_other_sessions() {
    let chat = Chat::with_accounts().await;
    let laptop = chat.registers("alice").await;
    let phone = Member::of(&chat.logs_in("alice", PASSWORD).await);
    let socket = chat.joined_by_member(&phone).await;
    let change = |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        let token = laptop.access.clone();
        let chat = &chat;
        async move { chat.asks_as(&token, Method::POST, "/api/password", Some(body)).await.status }
    };
    assert_eq!(change("wrong horse battery", "another good one").await, 403);
    assert_eq!(change(PASSWORD, "short").await, 400);
    assert_eq!(change(PASSWORD, "another good one").await, 204);

    socket.sees_the_end().await;
    assert_eq!(chat.gets_as(&phone.access, "/api/me").await.status, 401);
    assert_eq!(chat.gets_as(&laptop.access, "/api/me").await.status, 200);
    assert_eq!(chat.logs_in("alice", PASSWORD).await.status, 401);
    assert_eq!(chat.logs_in("alice", "another good one").await.status, 200);
}

#[tokio::test]
async fn whoever_signs_in_while_the_password_changes_is_not_left_behind() {
    let chat = Chat::with_accounts().await;
    let alice = chat.registers("alice").await;
    let mut current = PASSWORD.to_owned();
    for round in 0..3 {
        let new = format!("the good one of round {round}");
        let body = json!({ "current_password": current, "new_password": new });
        let change = chat.asks_as(&alice.access, Method::POST, "/api/password", Some(body));
        let (entered, changed) = futures::join!(chat.logs_in("alice", &current), change);
        assert_eq!(changed.status, 204, "{:?}", changed.body);
        if entered.status == 200 {
            let refresh = Member::of(&entered).refresh;
            assert_eq!(refreshes(&chat, &refresh).await.status, 401);
        }
        current = new;
    }
}

#[tokio::test]
async fn a_refresh_token_that_is_made_up_ends_nothing() {
    let chat = Chat::with_accounts().await;
    let alice = chat.registers("alice").await;
    let (text, signature) = alice.refresh.rsplit_once('.').unwrap();
    // The user and the session stand in front; the secret is another.
    let made_up = format!("{}AAAAAAAA", &text[..text.len() - 8]);
    for forged in [made_up.clone(), format!("{made_up}.{signature}")] {
        assert_eq!(refreshes(&chat, &forged).await.status, 401);
    }
    assert_eq!(refreshes(&chat, &alice.refresh).await.status, 200);
}

#[tokio::test]
async fn whoever_deletes_the_account_is_gone() {
    let chat = Chat::with_accounts().await;
    let (alice, bob) = (chat.registers("alice").await, chat.registers("bob").await);
    let room = json!({ "name": "general" });
    chat.asks_as(&alice.access, Method::POST, "/api/rooms", Some(room)).await;
    let socket = chat.joined_by_member(&alice).await;
    let farewell = |password: Option<&str>| {
        let body = password.map_or(json!({}), |password| json!({ "password": password }));
        let (chat, token) = (&chat, alice.access.clone());
        async move { chat.asks_as(&token, Method::DELETE, "/api/me", Some(body)).await.status }
    };
    assert_eq!(farewell(None).await, 400);
    assert_eq!(farewell(Some("wrong horse battery")).await, 403);
    assert_eq!(farewell(Some(PASSWORD)).await, 204);

    socket.sees_the_end().await;
    assert_eq!(chat.gets_as(&alice.access, "/api/me").await.status, 401);
    assert_eq!(chat.logs_in("alice", PASSWORD).await.status, 401);
    let gone = chat.gets_as(&bob.access, &format!("/api/users/{}", alice.id)).await;
    assert_eq!(gone.status, 404);
}

#[tokio::test]
async fn a_connection_ends_with_its_token() {
    let chat = Chat::with_accounts().await;
    let (alice, bob) = (chat.registers("alice").await, chat.registers("bob").await);
    let url = format!("{}?token={}", chat.websocket_url(), alice.access);
    let mut alices = Person::opens(&url, &alice.id).await.anyhow();
    let end = alices.sees_a("welcome").await["expires_at"].clone();
    let end: jiff::Timestamp = end.as_str().unwrap().parse().unwrap();
    assert!(end.duration_since(chat.time.now()).as_secs() <= 15 * 60, "{end}");
    chat.time.advance(WHILE);
    alices.hears_nothing(&chat).await;
    chat.time.advance(WHILE);
    alices.sends(&json!({ "action": "message", "to": bob.id, "content": "too late" })).await;
    assert_eq!(alices.is_told("unauthorized").await["message"], "the token has expired");
    alices.sees_the_end().await;

    let bob = Member::of(&refreshes(&chat, &bob.refresh).await);
    let history = chat.gets_as(&bob.access, &format!("/api/messages?with={}", alice.id)).await;
    assert_eq!(history.body, json!([]));
}

#[tokio::test]
async fn nothing_is_pushed_to_a_connection_whose_token_is_over_and_nothing_is_lost() {
    let chat = Chat::with_accounts().await;
    let (alice, bob) = (chat.registers("alice").await, chat.registers("bob").await);
    let mut bobs = chat.joined_by_member(&bob).await;
    chat.time.advance(WHILE);
    bobs.hears_nothing(&chat).await;
    chat.time.advance(WHILE);
    let alice = Member::of(&refreshes(&chat, &alice.refresh).await);
    let mut alices = chat.joined_by_member(&alice).await;
    alices.says("bob", "are you there?").await;

    bobs.is_told("unauthorized").await;
    bobs.sees_the_end().await;
    let bob = Member::of(&refreshes(&chat, &bob.refresh).await);
    let mut bobs = chat.joined_by_member(&bob).await;
    bobs.hears(&alice.id, "are you there?").await;
}

#[tokio::test]
async fn a_fresh_token_lets_a_connection_go_on() {
    let chat = Chat::with_accounts().await;
    let (alice, bob) = (chat.registers("alice").await, chat.registers("bob").await);
    let mut alices = chat.joined_by_member(&alice).await;
    chat.time.advance(WHILE);
    let fresh = Member::of(&refreshes(&chat, &alice.refresh).await);
    alices.sends(&json!({ "action": "renew", "token": fresh.access })).await;
    let renewed = alices.sees_a("renewed").await;
    let told: jiff::Timestamp = renewed["expires_at"].as_str().unwrap().parse().unwrap();
    let lasts = told.duration_since(chat.time.now());
    assert!((14 * 60..=15 * 60).contains(&lasts.as_secs()), "{lasts}");

    chat.time.advance(WHILE);
    alices.says(&bob.id, "still here").await;
    chat.time.advance(WHILE);
    alices.sends(&json!({ "action": "ping" })).await;
    alices.is_told("unauthorized").await;
    alices.sees_the_end().await;
}

#[tokio::test]
async fn only_ones_own_good_token_renews() {
    let chat = Chat::with_accounts().await;
    let (alice, bob) = (chat.registers("alice").await, chat.registers("bob").await);
    let mut alices = chat.joined_by_member(&alice).await;
    for (token, code) in [(&*bob.access, "forbidden"), ("garbage", "unauthorized")] {
        alices.sends(&json!({ "action": "renew", "token": token })).await;
        alices.is_told(code).await;
    }
    let ended = Member::of(&chat.logs_in("alice", PASSWORD).await);
    chat.asks_as(&ended.access, Method::POST, "/api/logout", None).await;
    alices.sends(&json!({ "action": "renew", "token": ended.access })).await;
    alices.is_told("unauthorized").await;
    alices.hears_nothing(&chat).await;
}

#[tokio::test]
async fn a_connection_that_nobody_remembers_renews_too() {
    let chat = Chat::with_accounts().await;
    let alice = chat.registers("alice").await;
    let mut alices = chat.joined_by_member(&alice).await;
    let mut inbox = chat.item(&format!("USER#{}", alice.id), "INBOX").await;
    inbox.retain(|name, _| !name.starts_with("conn:") && name != "arrived");
    chat.puts(inbox).await;
    let fresh = Member::of(&refreshes(&chat, &alice.refresh).await);
    alices.sends(&json!({ "action": "renew", "token": fresh.access })).await;
    alices.sees_a("renewed").await;
}
