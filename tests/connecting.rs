//! People come and go.

use std::time::Duration;

use serde_json::json;

use crate::support::{Chat, Person};

const README: &str = include_str!("../functions/README.md");

#[tokio::test]
async fn whoever_connects_is_made_welcome() {
    let chat = Chat::start().await;
    let mut alice = Person::connects(&chat.websocket_url(), "alice").await.anyhow();

    let welcome = alice.sees_a("welcome").await;

    assert_eq!(welcome["user"], "alice");
    assert!(welcome["connection_id"].as_str().is_some_and(|id| id.len() == 16));
    let limits = [
        ("content_bytes", 4096),
        ("frame_bytes", 32768),
        ("history_page", 100),
        ("conversations_per_sync", 50),
        ("messages_per_second", 0),
        ("rooms_per_user", 200),
        ("members_per_room", 1000),
        ("id_chars", 128),
        ("id_ahead_ms", 120_000),
        ("repeats_among", 100),
        ("typing_every_ms", 2000),
        ("user_id_chars", 64),
        ("username_chars", 32),
        ("display_name_chars", 64),
        ("room_name_chars", 64),
        ("topic_chars", 256),
        ("metadata_bytes", 4096),
    ];
    for (name, limit) in limits {
        assert_eq!(welcome["limits"][name], limit, "{name}");
        assert!(README.contains(&format!("`{name}`")), "functions/README.md lacks {name}");
    }
    let (now, end) = (welcome["server_time"].as_str(), welcome["expires_at"].as_str());
    assert!(now.unwrap().ends_with('Z') && now < end);
}

#[tokio::test]
async fn the_stage_is_a_path_too() {
    let chat = Chat::start().await;
    let url = chat.websocket_url().replace("/ws", "/dev");
    Person::connects(&url, "alice").await.welcomed().await;
}

#[tokio::test]
async fn user_and_username_name_a_person_too() {
    let chat = Chat::start().await;
    for name in ["user", "username"] {
        let url = format!("{}?{name}=alice", chat.websocket_url());
        Person::opens(&url, "alice").await.welcomed().await;
    }
}

#[tokio::test]
async fn nobody_in_particular_is_refused() {
    let chat = Chat::start().await;
    let url = chat.websocket_url();
    assert_eq!(Person::is_refused(&url).await, 401);
    assert_eq!(Person::is_refused(&format!("{url}?user_id=")).await, 401);
}

#[tokio::test]
async fn a_name_that_cannot_be_one_is_refused() {
    let chat = Chat::start().await;
    let url = chat.websocket_url();
    let long = "x".repeat(65);
    assert_eq!(Person::is_refused(&format!("{url}?user_id={long}")).await, 403);
    assert_eq!(Person::is_refused(&format!("{url}?user_id=a%0Ab")).await, 403);
}

#[tokio::test]
async fn a_ping_is_answered_with_the_time() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    alice.sends(&json!({ "action": "ping" })).await;
    let pong = alice.sees_a("pong").await;
    assert!(pong["server_time"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn a_connection_that_idles_is_closed_and_its_user_is_away() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let bob = chat.joined_by("bob").await;

    chat.time.advance(Duration::from_secs(400));
    alice.hears_nothing(&chat).await;
    chat.time.advance(Duration::from_secs(300));

    assert_eq!(bob.sees_the_end().await, (1001, "Going away".to_owned()));
    assert_eq!(alice.says("bob", "still there?").await["delivered"], false);
}

#[tokio::test]
async fn after_two_hours_every_connection_ends() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    for _ in 0..13 {
        alice.hears_nothing(&chat).await;
        chat.time.advance(Duration::from_secs(550));
    }
    alice.hears_nothing(&chat).await;
    chat.time.advance(Duration::from_secs(50));
    assert_eq!(alice.sees_the_end().await, (1001, "Going away".to_owned()));
}

#[tokio::test]
async fn a_server_that_stops_says_goodbye() {
    let chat = Chat::start().await;
    let alice = chat.joined_by("alice").await;
    let stopping = tokio::spawn(chat.stop());
    assert_eq!(alice.sees_the_end().await, (1001, "Going away".to_owned()));
    stopping.await.unwrap();
}
