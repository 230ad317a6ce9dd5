//! Rooms, through pipes.

use super::client::{Client, pipe};
use crate::support::Chat;

#[tokio::test]
async fn a_room_is_joined_and_made_if_that_is_wanted() {
    let chat = Chat::start().await;
    let url = chat.websocket_url();
    let missing = pipe(&url, "--user alice --room tea", &["hello"]).await;
    missing.told("there is no room tea; --create makes it");
    // Both may find it missing at the same time.
    let mut alice = Client::start(&url, "--user alice --room tea --create --json");
    let mut bob = Client::start(&url, "--user bob --room Tea --create --json");
    assert_eq!(alice.shows_a("joined").await["room"]["name"].as_str().unwrap().len(), 3);
    bob.shows_a("joined").await;
    alice.says("hello").await;
    bob.hears("hello").await;
    bob.says("hello yourself").await;
    alice.hears("hello yourself").await;
    alice.ends_well().await;
    bob.ends_well().await;
    let end = pipe(&url, "--user alice --room tea --history 2", &["once more"]).await;
    let said: Vec<_> = end.output.lines().filter_map(|line| line.rsplit('\t').next()).collect();
    assert_eq!((end.code, &said[..]), (Some(0), &["hello", "hello yourself"][..]));
}
