//! After a time away: everything, in order, and a plain word if something is gone.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::support::{Chat, Person, gist};

/// Asks for everything after a cursor; the contents that come, and how the server sums it up.
async fn syncs(person: &mut Person, conversation: &str, since: u64) -> (Vec<String>, Value) {
    person.sends(&json!({ "action": "sync", "since": { conversation: since } })).await;
    let mut contents = Vec::new();
    loop {
        let frame = person.sees().await;
        match frame["type"].as_str().unwrap() {
            "message" => contents.push(gist(&frame)),
            "synced" => return (contents, frame["conversations"][conversation].clone()),
            _ => {}
        }
    }
}

async fn of_five() -> (Chat, Person, u64) {
    let chat = Chat::start_with(|options| options.settings.set("RETENTION_DAYS", "7")).await;
    let mut alice = chat.joined_by("alice").await;
    let first = alice.says("bob", "1").await["seq"].as_u64().unwrap();
    for number in 2..=5 {
        alice.says("bob", &number.to_string()).await;
    }
    (chat, alice, first)
}

#[tokio::test]
async fn a_sync_brings_everything_after_the_cursor() {
    let (_chat, mut alice, first) = of_five().await;
    let conversation = "dm:alice:bob";
    let (contents, synced) = syncs(&mut alice, conversation, first + 1).await;
    assert_eq!(contents, ["3", "4", "5"]);
    assert_eq!(synced, json!({ "upto": first + 4, "complete": true, "more": false }));
    let (contents, synced) = syncs(&mut alice, conversation, first + 4).await;
    assert!(contents.is_empty());
    assert_eq!(synced, json!({ "upto": first + 4, "complete": true, "more": false }));
    let (contents, synced) = syncs(&mut alice, conversation, 0).await;
    assert_eq!((contents.len(), &synced["complete"]), (5, &true.into()));
}

#[tokio::test]
async fn a_cursor_that_cannot_be_right_is_not_complete() {
    let (_chat, mut alice, first) = of_five().await;
    for since in [first + 5, first - 2, 1] {
        let (_, synced) = syncs(&mut alice, "dm:alice:bob", since).await;
        assert_eq!(synced["complete"], false, "{since}");
    }
}

#[tokio::test]
async fn what_has_expired_makes_it_incomplete() {
    let (chat, _alice, first) = of_five().await;
    chat.time.advance(std::time::Duration::from_secs(6 * 24 * 60 * 60));
    let mut alice = chat.joined_by("alice").await;
    alice.says("bob", "6").await;
    chat.time.advance(std::time::Duration::from_secs(2 * 24 * 60 * 60));
    let mut alice = chat.joined_by("alice").await;
    let (contents, synced) = syncs(&mut alice, "dm:alice:bob", first + 1).await;
    assert_eq!((contents, &synced["complete"]), (vec!["6".to_owned()], &false.into()));
    // Somebody who has all that expired misses nothing.
    let (contents, synced) = syncs(&mut alice, "dm:alice:bob", first + 4).await;
    assert_eq!((contents, &synced["complete"]), (vec!["6".to_owned()], &true.into()));
    let (_, synced) = syncs(&mut alice, "dm:alice:bob", 0).await;
    assert_eq!(synced["complete"], false);
}

/// Lets messages expire, whatever was said about how long they are kept.
async fn expire(chat: &Chat, seqs: impl Iterator<Item = u64>) {
    let (table, name) = chat.table();
    let text = |value: String| aws_sdk_dynamodb::types::AttributeValue::S(value);
    for seq in seqs {
        let update = table
            .update_item()
            .table_name(&name)
            .key("pk", text("CONV#dm:alice:bob".into()))
            .key("sk", text(format!("MSG#{seq:016}")))
            .update_expression("SET expires_at = :long_ago")
            .expression_attribute_values(
                ":long_ago",
                aws_sdk_dynamodb::types::AttributeValue::N("1".into()),
            );
        update.send().await.unwrap();
    }
}

#[tokio::test]
async fn what_has_expired_in_the_middle_makes_it_incomplete() {
    let (chat, mut alice, first) = of_five().await;
    expire(&chat, [first + 2].into_iter()).await;
    for (since, expected) in [(first, vec!["2", "4", "5"]), (first + 1, vec!["4", "5"])] {
        let (contents, synced) = syncs(&mut alice, "dm:alice:bob", since).await;
        assert_eq!(
            (contents, &synced["complete"]),
            (expected.iter().map(|it| (*it).to_owned()).collect(), &false.into())
        );
    }
    let (contents, synced) = syncs(&mut alice, "dm:alice:bob", 0).await;
    assert_eq!((contents.len(), &synced["complete"]), (4, &false.into()));
}

#[tokio::test]
async fn a_log_that_started_again_is_not_all_there_was() {
    let (chat, _alice, first) = of_five().await;
    chat.time.advance(std::time::Duration::from_secs(8 * 24 * 60 * 60));
    let mut alice = chat.joined_by("alice").await;
    alice.says("bob", "6").await;
    // What has expired is deleted in any order, so nobody knows whether the fifth was the last.
    for since in [0, first + 4] {
        let (contents, synced) = syncs(&mut alice, "dm:alice:bob", since).await;
        assert_eq!((contents, &synced["complete"]), (vec!["6".to_owned()], &false.into()));
    }
}

#[tokio::test]
async fn a_sync_gets_past_many_that_have_expired() {
    let (chat, mut alice, first) = of_five().await;
    for number in 6..=130 {
        alice.says("bob", &number.to_string()).await;
    }
    expire(&chat, first + 1..first + 125).await;
    for since in [first, 0] {
        let (mut all, mut cursor) = (Vec::new(), since);
        loop {
            let (contents, synced) = syncs(&mut alice, "dm:alice:bob", cursor).await;
            all.extend(contents);
            cursor = synced["upto"].as_u64().unwrap();
            if synced["more"] == false {
                break;
            }
            assert_eq!(synced["complete"], false);
        }
        assert_eq!(all.last().unwrap(), "130");
        assert_eq!(all.len(), 5 + usize::from(since == 0));
    }
}

#[tokio::test]
async fn nobody_syncs_what_is_not_theirs() {
    let (chat, _alice, first) = of_five().await;
    let mut eve = chat.joined_by("eve").await;
    let (contents, synced) = syncs(&mut eve, "dm:alice:bob", first).await;
    assert!(contents.is_empty());
    assert_eq!(
        synced,
        json!({ "upto": first, "complete": false, "more": false, "error": "forbidden",
            "reason": "not_yours" })
    );
    let (_, synced) = syncs(&mut eve, "nonsense", 1).await;
    assert_eq!(synced["error"], "not_found");
    for since in [json!({}), json!([]), json!({ "lobby": -1 }), json!({ "lobby": "x" })] {
        eve.sends(&json!({ "action": "sync", "since": since })).await;
        eve.is_told("bad_request").await;
    }
}

#[tokio::test]
async fn ten_rooms_and_five_friends_later_everything_is_there_once_and_in_order() {
    let chat = Chat::start().await;
    let bob = chat.joined_by("bob").await;
    bob.leaves().await;
    let mut alice = chat.joined_by("alice").await;
    for number in 0..10 {
        let room = chat.room_of("alice", &format!("room {number}")).await;
        chat.post(&format!("/api/rooms/{room}/join"), json!({ "user_id": "bob" })).await;
    }
    for round in 0..4 {
        for number in 0..10 {
            alice.says_in(&format!("room {number}"), &round.to_string()).await;
        }
        for friend in 0..5 {
            let sender = format!("friend {friend}");
            let body =
                json!({ "receiver_id": "bob", "content": round.to_string(), "sender_id": sender });
            assert_eq!(chat.post("/api/send_message", body).await.status, 200);
        }
    }
    chat.meter.take();

    let mut bob = chat.joined_by("bob").await;
    let mut heard: HashMap<String, Vec<String>> = HashMap::new();
    // Four messages of each, and of rooms the notice that bob joined.
    for _ in 0..(15 * 4 + 10) {
        let message = bob.sees_a("message").await;
        let conversation = message["conversation"].as_str().unwrap().to_owned();
        heard.entry(conversation).or_default().push(gist(&message));
    }
    bob.hears_nothing(&chat).await;
    assert_eq!(heard.len(), 15);
    for (conversation, contents) in heard {
        let said: Vec<_> = contents.iter().filter(|it| *it != "bob joined").collect();
        assert_eq!(said, ["0", "1", "2", "3"], "{conversation}");
    }
    // Four requests for each conversation, one more for a friend's receipt or to see that one is
    // still in a room, and a few for coming: up to nine of them ask whether the handshake is through,
    // as it takes a busy machine a while.
    let usage = chat.meter.take();
    assert!(usage.writes + usage.reads <= 15 * 5 + 20 + 9, "{usage:?}");
}
