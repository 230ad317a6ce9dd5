//! What is said to everybody.

use serde_json::json;

use crate::support::{Chat, Person};

async fn broadcasts(person: &mut Person, content: &str) {
    person.sends(&json!({ "action": "broadcast", "content": content })).await;
    assert_eq!(person.sees_in_time("ack").await["conversation"], "lobby");
}

#[tokio::test]
async fn everybody_who_is_online_hears_it() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;
    let mut carol = chat.joined_by("carol").await;
    alice.sends(&json!({ "action": "broadcast", "content": "fire drill" })).await;
    for person in [&mut alice, &mut bob, &mut carol] {
        let heard = person.sees_in_time("message").await;
        assert_eq!((&heard["from"], &heard["content"]), (&"alice".into(), &"fire drill".into()));
        assert_eq!((heard.get("to"), heard.get("room")), (None, None));
    }
}

#[tokio::test]
async fn a_newcomer_gets_what_was_said_last_and_nothing_waits() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    for number in 0..25 {
        broadcasts(&mut alice, &number.to_string()).await;
    }
    let mut bob = chat.joined_by("bob").await;
    let recent = bob.sees_unfolded().await;
    assert_eq!((&recent["type"], &recent["conversation"]), (&"messages".into(), &"lobby".into()));
    assert_eq!(recent["more"], true);
    let contents: Vec<_> =
        recent["messages"].as_array().unwrap().iter().map(|it| it["content"].clone()).collect();
    assert_eq!(contents, (5..25).map(|number| number.to_string()).collect::<Vec<_>>());
    bob.hears_nothing(&chat).await;

    for (count, expected) in [("0", None), ("3", Some(3)), ("100", Some(25))] {
        let url = format!("{}?history={count}", chat.websocket_url());
        let mut dave = Person::connects(&url, "dave").await.welcomed().await;
        if let Some(expected) = expected {
            let recent = dave.sees_unfolded().await;
            assert_eq!(recent["messages"].as_array().unwrap().len(), expected, "{count}");
            assert_eq!(recent.get("more").is_some(), expected < 25, "{count}");
        }
        dave.hears_nothing(&chat).await;
        dave.leaves().await;
    }
}

#[tokio::test]
async fn a_broadcast_can_be_repeated_and_read() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let frame = json!({ "action": "broadcast", "content": "once", "id": "1" });
    alice.sends(&frame).await;
    let first = alice.sees_in_time("ack").await;
    alice.sends(&frame).await;
    let again = alice.sees_in_time("ack").await;
    assert_eq!((&again["seq"], &again["duplicate"]), (&first["seq"], &true.into()));
    alice.sends(&json!({ "action": "history", "conversation": "lobby" })).await;
    let history = alice.sees_in_time("history").await;
    assert_eq!(history["messages"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_history_that_is_no_number_of_messages_is_refused() {
    let chat = Chat::start().await;
    for history in ["abc", "-1", "101", "1.5", ""] {
        let url = format!("{}?user_id=alice&history={history}", chat.websocket_url());
        assert_eq!(Person::is_refused(&url).await, 400, "{history}");
    }
}

#[tokio::test]
async fn who_may_broadcast_is_a_setting() {
    for (setting, may) in
        [("everybody", true), ("nobody", false), ("bob, alice", true), ("bob", false)]
    {
        let chat = Chat::start_with(|options| options.settings.set("BROADCASTERS", setting)).await;
        let mut alice = chat.joined_by("alice").await;
        alice.sends(&json!({ "action": "broadcast", "content": "Hello, world" })).await;
        if may {
            alice.sees_in_time("ack").await;
        } else {
            assert_eq!(alice.is_told("forbidden").await["reason"], "broadcast", "{setting}");
        }
    }
}

#[tokio::test]
async fn whoever_may_broadcast_is_named_by_username_too() {
    let chat = Chat::start_with(|options| {
        options.auth = local::options::Auth::Accounts;
        options.settings.set("BROADCASTERS", "Alice");
    });
    let chat = chat.await;
    let [alice, bob] = [chat.registers("alice").await, chat.registers("bob").await];
    let broadcast = json!({ "action": "broadcast", "content": "Hello, world" });
    let mut bob = chat.joined_by_member(&bob).await;
    bob.sends(&broadcast).await;
    assert_eq!(bob.is_told("forbidden").await["reason"], "broadcast");
    let mut alice = chat.joined_by_member(&alice).await;
    alice.sends(&broadcast).await;
    alice.sees_in_time("ack").await;
}
