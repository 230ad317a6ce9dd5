//! Delivered, read, unread.

use local::options::Options;
use serde_json::{Value, json};

use crate::support::{Chat, Person};

async fn reads(person: &mut Person, conversation: &str, seq: &Value) -> Value {
    person.sends(&json!({ "action": "read", "conversation": conversation, "seq": seq })).await;
    person.sees_in_time("receipt").await
}

async fn conversations(chat: &Chat, user: &str) -> Value {
    let answer = chat.get("/api/conversations", &[("user_id", user)]).await;
    assert_eq!(answer.status, 200);
    answer.body
}

#[tokio::test]
async fn a_backlog_is_one_receipt() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await.attentive_to("receipt");
    let mut last = Value::Null;
    for content in ["one", "two", "three"] {
        last = alice.says("bob", content).await["seq"].clone();
    }
    let _bob = chat.joined_by("bob").await;
    let receipt = alice.sees_in_time("receipt").await;
    assert_eq!((&receipt["user"], &receipt["delivered"]), (&"bob".into(), &last));
    assert_eq!(receipt.get("read"), None);
    alice.hears_nothing(&chat).await;
}

#[tokio::test]
async fn what_is_read_shows_to_the_sender_and_in_history() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await.attentive_to("receipt");
    let mut bob = chat.joined_by("bob").await.attentive_to("receipt");
    alice.says("bob", "one").await;
    let two = alice.says("bob", "two").await["seq"].clone();
    let three = alice.says("bob", "three").await["seq"].clone();

    let own = reads(&mut bob, "dm:alice:bob", &two).await;
    assert_eq!((&own["read"], &own["user"]), (&two, &"bob".into()));
    assert_eq!(alice.sees_in_time("receipt").await["read"], two);
    let statuses: Vec<_> =
        chat.messages("alice", "bob").await.iter().map(|it| it["status"].clone()).collect();
    assert_eq!(statuses, ["read", "read", "delivered"]);

    // Going back changes nothing; going beyond the end is refused.
    reads(&mut bob, "dm:alice:bob", &(two.as_u64().unwrap() - 1).into()).await;
    assert_eq!(chat.messages("alice", "bob").await[1]["status"], "read");
    let beyond = three.as_u64().unwrap() + 1;
    bob.sends(&json!({ "action": "read", "conversation": "dm:alice:bob", "seq": beyond })).await;
    bob.sees_in_time("error").await;
}

#[tokio::test]
async fn conversations_tell_the_last_message_and_what_is_unread() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;
    alice.says("bob", "one").await;
    let two = alice.says("bob", "two").await["seq"].clone();
    bob.hears("alice", "one").await;
    bob.hears("alice", "two").await;
    bob.says("alice", "three").await;
    alice.hears("bob", "three").await;
    alice.says("carol", "hi").await;

    let of_bob = conversations(&chat, "bob").await;
    assert_eq!(of_bob.as_array().unwrap().len(), 1);
    let with_alice = &of_bob[0];
    assert_eq!((&with_alice["with"], &with_alice["unread"]), (&"alice".into(), &2.into()));
    assert_eq!(with_alice["last_message"]["content"], "three");
    assert_eq!(with_alice["read_seq"], 0);
    reads(&mut bob, "dm:alice:bob", &two).await;
    let with_alice = &conversations(&chat, "bob").await[0];
    assert_eq!((&with_alice["unread"], &with_alice["read_seq"]), (&0.into(), &two));

    let of_alice = conversations(&chat, "alice").await;
    let unread: Vec<_> =
        of_alice.as_array().unwrap().iter().map(|it| it["unread"].clone()).collect();
    assert_eq!(unread, [1, 0]);
    let page = chat.get("/api/conversations", &[("user_id", "alice"), ("limit", "1")]).await;
    let next = page.link.unwrap();
    let next = next.split_once('>').unwrap().0.trim_start_matches('<');
    assert_eq!(chat.get(next, &[]).await.body[0]["with"], "carol");
}

#[tokio::test]
async fn a_room_is_a_conversation_whose_past_is_not_unread() {
    let chat = Chat::start().await;
    let room = chat.room_of("alice", "general").await;
    let mut alice = chat.joined_by("alice").await;
    alice.says_in("general", "before").await;
    let mut bob = chat.joined_by("bob").await;
    bob.joins("general").await;
    assert_eq!(conversations(&chat, "bob").await[0]["unread"], 0);
    alice.says_in("general", "after").await;
    let listed = conversations(&chat, "bob").await;
    assert_eq!(listed[0]["room"], json!({ "id": room, "name": "general" }));
    assert_eq!(
        (&listed[0]["unread"], &listed[0]["last_message"]["content"]),
        (&1.into(), &"after".into())
    );
}

#[tokio::test]
async fn nobody_reads_for_others() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let seq = alice.says("bob", "hi").await["seq"].clone();
    let mut eve = chat.joined_by("eve").await;
    eve.sends(&json!({ "action": "read", "conversation": "dm:alice:bob", "seq": seq })).await;
    eve.is_told("forbidden").await;
}

#[tokio::test]
async fn an_answer_tells_how_far_one_has_read_and_not_what_was_asked() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let first = alice.says("bob", "one").await["seq"].clone();
    let second = alice.says("bob", "two").await["seq"].clone();
    let mut bob = chat.joined_by("bob").await;
    assert_eq!(reads(&mut bob, "dm:alice:bob", &second).await["read"], second);
    assert_eq!(reads(&mut bob, "dm:alice:bob", &first).await["read"], second);
    bob.sends(&json!({ "action": "broadcast", "content": "x" })).await;
    let said = bob.sees_in_time("ack").await["seq"].clone();
    // Nothing of that is kept for the lobby.
    assert_eq!(reads(&mut bob, "lobby", &said).await["read"], 0);
}

/// Everybody of these joins alice's room; its conversation.
async fn in_a_room(chat: &Chat, people: &mut [&mut Person]) -> String {
    let room = chat.room_of("alice", "general").await;
    for person in people {
        person.joins("general").await;
    }
    format!("room:{room}")
}

/// The receipts that have come before the answer to a ping.
async fn receipts(chat: &Chat, person: &mut Person) -> Vec<(Value, Value)> {
    chat.has_served_the_stream().await;
    let frames = person.catches_up().await;
    let receipts = frames.into_iter().filter(|frame| frame["type"] == "receipt");
    receipts.map(|receipt| (receipt["user"].clone(), receipt["read"].clone())).collect()
}

#[tokio::test]
async fn members_of_a_small_room_see_who_has_read_whomever_they_have_blocked() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;
    let mut phone = chat.joined_by("bob").await;
    let mut carol = chat.joined_by("carol").await;
    let conversation = in_a_room(&chat, &mut [&mut bob, &mut carol]).await;
    let mut eve = chat.joined_by("eve").await;
    let seq = alice.says_in("general", "hello").await["seq"].clone();
    let block = json!({ "user_id": "alice" });
    assert_eq!(chat.put("/api/blocks/bob", block).await.status, 204);
    for person in [&mut alice, &mut carol, &mut phone] {
        person.catches_up().await;
    }

    let answer = reads(&mut bob, &conversation, &seq).await;
    assert_eq!((&answer["user"], &answer["read"]), (&"bob".into(), &seq));
    // The same again does not move it, and one's own connection has had its answer.
    reads(&mut bob, &conversation, &seq).await;
    let expected = [("bob".into(), seq)];
    for person in [&mut alice, &mut carol, &mut phone] {
        assert_eq!(receipts(&chat, person).await, expected, "{}", person.name);
    }
    assert_eq!(receipts(&chat, &mut bob).await, []);
    assert_eq!(receipts(&chat, &mut eve).await, []);
}

#[tokio::test]
async fn in_larger_rooms_only_ones_own_devices_see_it() {
    for most in ["0", "2"] {
        let size = |options: &mut Options| options.settings.set("RECEIPT_ROOM_SIZE", most);
        let chat = Chat::start_with(size).await;
        let mut alice = chat.joined_by("alice").await;
        let mut bob = chat.joined_by("bob").await;
        let mut phone = chat.joined_by("bob").await;
        let mut carol = chat.joined_by("carol").await;
        let conversation = in_a_room(&chat, &mut [&mut bob, &mut carol]).await;
        let seq = alice.says_in("general", "hello").await["seq"].clone();
        reads(&mut bob, &conversation, &seq).await;
        assert_eq!(phone.sees_in_time("receipt").await["read"], seq);
        assert_eq!(receipts(&chat, &mut alice).await, []);
        // One less is few enough.
        carol.sends(&json!({ "action": "leave", "room": "general" })).await;
        let left = carol.sees_in_time("left").await;
        assert_eq!(left["conversation"], conversation.as_str());
        let next = alice.says_in("general", "again").await["seq"].clone();
        reads(&mut bob, &conversation, &next).await;
        let seen = receipts(&chat, &mut alice).await.len();
        assert_eq!(seen, usize::from(most == "2"), "{most}");
    }
}
