//! Messages that change, and people who are called.

use serde_json::{Value, json};

use super::client::{Client, does, pipe, prints};
use crate::support::{Chat, Person};

/// Two people at terminals who talk with each other.
async fn alice_and_bob(chat: &Chat) -> (Client, Client) {
    let url = chat.websocket_url();
    let mut alice = Client::start_in_a_terminal(&url, "--user alice --to bob");
    let mut bob = Client::start_in_a_terminal(&url, "--user bob --to alice");
    alice.says("hello").await;
    prints(&mut bob, "alice: hello").await;
    prints(&mut alice, "alice: hello").await;
    (alice, bob)
}

#[tokio::test]
async fn a_message_is_edited_and_deleted() {
    let chat = Chat::start().await;
    let (mut alice, mut bob) = alice_and_bob(&chat).await;
    does(&mut alice, "/edit ^1 2 cups", "~ alice edited: 2 cups").await;
    prints(&mut bob, "~ alice edited: 2 cups").await;
    does(&mut bob, "/edit mine", "! there is nothing of yours here").await;
    does(&mut alice, "/edit ^7 or more", "! there is no message ^7 here").await;
    let mut later = Client::start_in_a_terminal(&chat.websocket_url(), "--user bob --to alice");
    prints(&mut later, "alice: 2 cups (edited)").await;
    does(&mut alice, "/delete", "~ alice deleted a message").await;
    prints(&mut bob, "~ alice deleted a message").await;
    does(&mut alice, "/delete", "! there is nothing of yours here").await;
    does(&mut alice, "/delete ^1", "! that message is deleted").await;
    let mut last = Client::start_in_a_terminal(&chat.websocket_url(), "--user bob --to alice");
    prints(&mut last, "alice: (deleted)").await;
    does(&mut last, "/history", "nothing was said before").await;
}

#[tokio::test]
async fn whoever_keeps_order_deletes_what_others_said() {
    let chat = Chat::start().await;
    let url = chat.websocket_url();
    let mut alice = Client::start_in_a_terminal(&url, "--user alice --room tea --create");
    prints(&mut alice, "in #tea").await;
    let mut bob = Client::start_in_a_terminal(&url, "--user bob --room tea");
    prints(&mut alice, "bob joined").await;
    does(&mut alice, "tea at four", "alice: tea at four").await;
    prints(&mut bob, "alice: tea at four").await;
    does(&mut bob, "coffee!", "bob: coffee!").await;
    prints(&mut alice, "bob: coffee!").await;
    does(&mut bob, "/delete ^2", "! not deleted: ").await;
    does(&mut alice, "/delete ^1", "~ alice deleted a message of bob").await;
    prints(&mut bob, "~ alice deleted a message of bob").await;
    // Without a number one's own is meant.
    does(&mut alice, "/delete", "~ alice deleted a message").await;
}

#[tokio::test]
async fn a_message_is_pinned_in_a_room_and_found_again() {
    let chat = Chat::start().await;
    let url = chat.websocket_url();
    let mut alice = Client::start_in_a_terminal(&url, "--user alice --room tea --create");
    prints(&mut alice, "in #tea").await;
    let mut bob = Client::start_in_a_terminal(&url, "--user bob --room tea");
    prints(&mut alice, "bob joined").await;
    let mut script = Client::start(&url, "--user bob --room tea --listen --json");
    script.shows_a("joined").await;
    does(&mut alice, "/pins", "— nothing is pinned here").await;
    does(&mut alice, "/pin", "! there is nothing here").await;
    does(&mut bob, "tea at four", "bob: tea at four").await;
    prints(&mut alice, "bob: tea at four").await;
    does(&mut bob, "/pin", "! not pinned: ").await;
    does(&mut alice, "/pin", "~ alice pinned: tea at four").await;
    prints(&mut bob, "~ alice pinned: tea at four").await;
    does(&mut alice, "/pin ^1", "! that message is pinned already").await;
    while script.shows_a("message").await["kind"] != "pinned" {}
    for number in 0..3 {
        does(&mut bob, &format!("or {number}"), &format!("bob: or {number}")).await;
        prints(&mut alice, &format!("bob: or {number}")).await;
    }
    does(&mut alice, "/pin ^2", "~ alice pinned: or 1").await;
    // What is pinned is found by whoever comes later and is shown nothing else of before.
    let mut later = Client::start_in_a_terminal(&url, "--user carol --room tea --history 1");
    prints(&mut later, "in #tea").await;
    does(&mut later, "/pins", "— pinned").await;
    assert!(later.prints().await.ends_with("bob: tea at four (pinned)"));
    assert!(later.prints().await.ends_with("bob: or 1 (pinned)"));
    does(&mut alice, "/unpin", "~ not pinned any more: or 1").await;
    prints(&mut later, "~ not pinned any more: or 1").await;
    does(&mut alice, "/unpin ^1", "! that message is not pinned").await;
    does(&mut later, "/pins", "bob: tea at four (pinned)").await;
}

#[tokio::test]
async fn a_message_is_answered_and_quoted() {
    let chat = Chat::start().await;
    let (mut alice, mut bob) = alice_and_bob(&chat).await;
    does(&mut bob, "/reply hello yourself", "      ↳ alice: hello").await;
    prints(&mut alice, "      ↳ alice: hello").await;
    prints(&mut alice, "bob: hello yourself").await;
    does(&mut alice, "/reply ^2 once more", "alice: once more").await;
    prints(&mut bob, "alice: once more").await;
    let said = chat.messages("alice", "bob").await;
    let answered: Vec<_> = said.iter().map(|it| it["reply_to"]["seq"].clone()).collect();
    assert_eq!(answered, [&Value::Null, &said[0]["seq"], &said[0]["seq"]].map(Clone::clone));
    does(&mut alice, "/delete ^3", "alice deleted a message").await;
    let mut later = Client::start_in_a_terminal(&chat.websocket_url(), "--user bob --to alice");
    prints(&mut later, "      ↳ alice: (deleted)").await;
}

#[tokio::test]
async fn people_react_and_take_it_away_again() {
    let chat = Chat::start().await;
    let (mut alice, mut bob) = alice_and_bob(&chat).await;
    does(&mut bob, "/react 👍", "~ bob reacted 👍 to: hello").await;
    prints(&mut alice, "~ bob reacted 👍 to: hello").await;
    let mut later = Client::start_in_a_terminal(&chat.websocket_url(), "--user bob --to alice");
    prints(&mut later, "alice: hello  👍* 1").await;
    does(&mut bob, "/react ^1 👍", "~ bob reacted 👍 no more to: hello").await;
    does(&mut alice, "/react tea", "! there is nothing of others here").await;
    let long = format!("/react {}", "x".repeat(40));
    does(&mut bob, &long, "! not reacted: ").await;
}

#[tokio::test]
async fn whoever_is_called_is_named_to_the_server() {
    let chat = Chat::start().await;
    let url = chat.websocket_url();
    let mut alice = Client::start_in_a_terminal(&url, "--user alice --room tea --create");
    prints(&mut alice, "in #tea").await;
    let mut bob = Client::start_in_a_terminal(&url, "--user bob --room tea");
    prints(&mut alice, "bob joined").await;
    alice.says("tea, @Bob? And @carol?").await;
    alice.says("or not").await;
    prints(&mut bob, "alice: tea, @Bob? And @carol?").await;
    prints(&mut bob, "alice: or not").await;
    prints(&mut alice, "alice: or not").await;
    let mut carol = Client::start_in_a_terminal(&url, "--user carol --room tea");
    prints(&mut alice, "carol joined").await;
    does(&mut alice, "/edit @carol: gladly", "alice edited: @carol: gladly").await;
    prints(&mut carol, "alice edited: @carol: gladly").await;
    does(&mut bob, "@everyone: tea", "! not sent: ").await;
    alice.says("@everyone: tea").await;
    prints(&mut bob, "alice: @everyone: tea").await;
    let said = chat.get("/api/rooms/tea/messages", &[("user_id", "alice")]).await.body;
    let said = said.as_array().unwrap().iter().filter(|it| it["kind"] == "message");
    let called: Vec<_> = said.map(|it| (&it["mentions"], &it["mentions_everyone"])).collect();
    let (bob, carol) = (json!(["bob"]), json!(["carol"]));
    let expected = [(&bob, &Value::Null), (&carol, &Value::Null), (&Value::Null, &json!(true))];
    assert_eq!(called, expected);
}

/// What eve says, edits, and says after that.
async fn eve_changes_her_mind(chat: &Chat) {
    let mut eve = Person::connects(&chat.websocket_url(), "eve").await.welcomed().await;
    eve.sends(&json!({ "action": "message", "to": "bob", "content": "one", "id": "1" })).await;
    let seq = eve.sees_a("ack").await["seq"].clone();
    let (id, conversation) = ("2", "dm:bob:eve");
    let edit = json!({
        "action": "edit", "conversation": conversation, "seq": seq, "content": "two", "id": id,
    });
    eve.sends(&edit).await;
    eve.sees_a("ack").await;
    eve.sends(&json!({ "action": "message", "to": "bob", "content": "three", "id": "3" })).await;
    eve.sees_a("ack").await;
}

#[tokio::test]
async fn what_changes_is_no_line_of_columns() {
    let chat = Chat::start().await;
    let mut bob = Client::start(&chat.websocket_url(), "--user bob --listen");
    bob.says_no_more();
    pipe(&chat.websocket_url(), "--user alice --to bob", &["hello"]).await;
    assert!(bob.prints().await.ends_with("\t@alice\talice\thello"));
    eve_changes_her_mind(&chat).await;
    assert!(bob.prints().await.ends_with("\t@eve\teve\tone"));
    assert!(bob.prints().await.ends_with("\t@eve\teve\tthree"));
}

#[tokio::test]
async fn what_changes_is_a_frame_of_its_own_in_json() {
    let chat = Chat::start().await;
    let mut bob = Client::start(&chat.websocket_url(), "--user bob --listen --json");
    bob.shows_a("welcome").await;
    eve_changes_her_mind(&chat).await;
    let mut messages = Vec::new();
    for _ in 0..3 {
        messages.push(bob.shows_a("message").await);
    }
    let gist = |it: &Value| (it["kind"].clone(), it["of"].clone(), it["content"].clone());
    let of = messages[0]["seq"].clone();
    let expected = [
        (json!("message"), Value::Null, json!("one")),
        (json!("edited"), of, json!("two")),
        (json!("message"), Value::Null, json!("three")),
    ];
    assert_eq!(messages.iter().map(gist).collect::<Vec<_>>(), expected);
}
