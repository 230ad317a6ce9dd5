//! A person at a terminal that cannot move its cursor.

use super::client::Client;
use crate::support::Chat;

#[tokio::test]
async fn what_is_typed_ahead_is_said_where_the_last_command_leads() {
    let chat = Chat::start().await;
    let url = chat.websocket_url();
    let mut alice = Client::start_in_a_terminal(&url, "--user alice --to carol");
    for line in ["/to bob", "secret", "/quit", "too late"] {
        alice.says(line).await;
    }
    let end = alice.stops().await;
    assert_eq!(end.code, Some(0), "{end:?}");
    assert_eq!(chat.messages("alice", "carol").await, [] as [serde_json::Value; 0]);
    let said = chat.messages("alice", "bob").await;
    assert!(said.iter().map(|it| &it["content"]).eq(["secret"]), "{said:?}");
}
