//! Sending twice is sending once.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use crate::support::{Chat, Person};

fn same(again: &Value, first: &Value) {
    assert_eq!(again["duplicate"], true, "{again}");
    for field in ["id", "conversation", "seq", "timestamp"] {
        assert_eq!(again[field], first[field], "{field}");
    }
}

async fn says_much(person: &mut Person, to: &str, count: usize) {
    for number in 0..count {
        let content = number.to_string();
        person.sends(&json!({ "action": "message", "to": to, "content": content })).await;
    }
    for _ in 0..count {
        person.sees_a("ack").await;
    }
}

#[tokio::test]
async fn a_repeat_gets_the_first_ones_number_and_stores_nothing() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    for (count, id) in [(1, "one"), (2, &uuid::Uuid::now_v7().to_string())] {
        let first = alice.says_as("bob", "hi", id).await;
        assert_eq!(first["duplicate"], false);
        same(&alice.says_as("bob", "hi", id).await, &first);
        assert_eq!(chat.messages("alice", "bob").await.len(), count);
    }
}

#[tokio::test]
async fn a_repeat_that_follows_without_waiting_is_one() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    for (count, id) in [(1, "one"), (2, &uuid::Uuid::now_v7().to_string())] {
        let frame = json!({ "action": "message", "to": "bob", "content": "hi", "id": id });
        alice.sends(&frame).await;
        alice.sends(&frame).await;
        let first = alice.sees_a("ack").await;
        same(&alice.sees_a("ack").await, &first);
        assert_eq!(chat.messages("alice", "bob").await.len(), count);
    }
}

#[tokio::test]
async fn the_same_id_with_other_words_is_a_conflict() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    alice.says_as("bob", "yes", "one").await;
    alice.sends(&json!({"action": "message", "to": "bob", "content": "no", "id": "one"})).await;
    assert_eq!(alice.is_told("conflict").await["id"], "one");
    assert_eq!(chat.messages("alice", "bob").await.len(), 1);
}

#[tokio::test]
async fn ids_of_two_people_do_not_meet() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;
    let of_alice = alice.says_as("bob", "hi", "1").await;
    let of_bob = bob.sees_a("message").await;
    assert_eq!(of_bob["seq"], of_alice["seq"]);
    bob.sends(&json!({"action": "message", "to": "alice", "content": "hi", "id": "1"})).await;
    assert_eq!(bob.sees_a("ack").await["duplicate"], false);
}

#[tokio::test]
async fn a_repeat_is_handed_over_again() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    alice.says_as("bob", "hi", "one").await;
    let mut bob = chat.joined_by("bob").await;
    bob.hears("alice", "hi").await;
    chat.has_delivered_everything("alice", "bob").await;
    assert_eq!(alice.says_as("bob", "hi", "one").await["delivered"], true);
}

#[tokio::test]
async fn two_connections_repeating_at_the_same_time_store_one() {
    let chat = Chat::start().await;
    let mut phone = chat.joined_by("alice").await;
    let mut laptop = chat.joined_by("alice").await;
    for round in 0..10 {
        let id = if round % 2 == 0 { uuid::Uuid::now_v7().to_string() } else { round.to_string() };
        let frame = json!({ "action": "message", "to": "bob", "content": "hi", "id": id });
        tokio::join!(phone.sends(&frame), laptop.sends(&frame));
        let acks = [phone.sees_in_time("ack").await, laptop.sees_in_time("ack").await];
        assert_eq!(acks[0]["seq"], acks[1]["seq"], "round {round}");
        let duplicates = acks.iter().filter(|ack| ack["duplicate"] == true).count();
        assert_eq!(duplicates, 1, "round {round}");
    }
    assert_eq!(chat.messages("alice", "bob").await.len(), 10);
}

#[tokio::test]
async fn a_repeat_after_five_hundred_other_messages_is_found() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let id = uuid::Uuid::now_v7().to_string();
    let first = alice.says_as("bob", "hi", &id).await;
    says_much(&mut alice, "bob", 500).await;
    same(&alice.says_as("bob", "hi", &id).await, &first);
    // Nothing was stored in between: the next has the next number.
    let next = alice.says("bob", "next").await;
    assert_eq!(next["seq"].as_u64(), first["seq"].as_u64().map(|first| first + 501));
}

#[tokio::test]
async fn a_repeat_is_found_though_the_senders_clock_is_fast() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    chat.time.advance(Duration::from_secs(1));
    // Made a minute from now, by a clock that is fast; repeated when that minute has long passed.
    let id = fast_id(60).to_string();
    let first = alice.says_as("bob", "hi", &id).await;
    says_much(&mut alice, "bob", 40).await;
    chat.time.advance(Duration::from_secs(90));
    says_much(&mut alice, "bob", 40).await;
    same(&alice.says_as("bob", "hi", &id).await, &first);
}

#[tokio::test]
async fn an_id_from_far_in_the_future_is_refused() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let id = fast_id(3600).to_string();
    alice.sends(&json!({"action": "message", "to": "bob", "content": "hi", "id": id})).await;
    alice.is_told("bad_request").await;
}

#[tokio::test]
async fn a_plain_id_is_found_among_the_last_hundred() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let first = alice.says_as("bob", "hi", "my first").await;
    says_much(&mut alice, "bob", 99).await;
    same(&alice.says_as("bob", "hi", "my first").await, &first);
}

/// An id made by a clock that is so many seconds ahead.
fn fast_id(seconds: u64) -> uuid::Uuid {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let ahead = now + Duration::from_secs(seconds);
    let time = uuid::Timestamp::from_unix(uuid::NoContext, ahead.as_secs(), ahead.subsec_nanos());
    uuid::Uuid::new_v7(time)
}

#[tokio::test]
async fn old_ids_are_not_searched_for_far_back_all_the_time() {
    let chat =
        Chat::start_in_standing_time(|options| options.settings.set("RATE_LIMIT", "0")).await;
    let mut alice = chat.joined_by("alice").await;
    let newest = alice.says("bob", "one").await["seq"].as_u64().unwrap();
    // As if much had been said before.
    let like = chat.item("CONV#dm:alice:bob", &format!("MSG#{newest:016}")).await;
    for number in 1..=1300 {
        let mut earlier = like.clone();
        earlier.insert("sk".to_owned(), AttributeValue::S(format!("MSG#{:016}", newest - number)));
        earlier.insert("id".to_owned(), AttributeValue::S(format!("earlier {number}")));
        chat.puts(earlier).await;
    }
    let says = |number: u32| {
        let id = format!("00000000-0000-7000-8000-{number:012}");
        json!({ "action": "message", "to": "bob", "content": "hi", "id": id })
    };
    alice.sends(&says(1)).await;
    alice.sees_a("ack").await;
    alice.sends(&says(2)).await;
    let wait = alice.is_told("rate_limited").await["retry_after_ms"].as_u64().unwrap();
    chat.time.advance(Duration::from_millis(wait));
    alice.sends(&says(2)).await;
    alice.sees_a("ack").await;
}
