//! What it costs to say something.

use local::options::Options;
use serde_json::json;

use super::{costs, is_promised, present};
use crate::support::{Chat, Person};

/// alice and bob, who have talked before.
async fn acquainted(chat: &Chat) -> (Person, Person) {
    let mut alice = present(chat, "alice").await;
    let mut bob = present(chat, "bob").await;
    for _ in 0..15 {
        alice.says("bob", "to begin with").await;
        bob.hears("alice", "to begin with").await;
    }
    chat.meter.take();
    (alice, bob)
}

#[tokio::test]
async fn a_message_to_somebody_there_costs_one_write() {
    let chat = Chat::start().await;
    let (mut alice, _bob) = acquainted(&chat).await;
    alice.says("bob", "hi").await;
    let row = "| `message` to somebody who is there | 1 | 1 | 3 | 3 | 3 |";
    is_promised(row, 0, &chat.meter.take());
}

/// How many its sender said in this second is then seen further back in the log.
#[tokio::test]
async fn a_message_of_many_in_a_second_costs_a_read_more() {
    let limited = |options: &mut Options| options.settings.set("RATE_LIMIT", "20");
    let chat = Chat::start_in_standing_time(limited).await;
    let (mut alice, _bob) = acquainted(&chat).await;
    alice.says("bob", "hi").await;
    let row = "| the same, when the last five are all of this second | 1 | 1 | 4 | 4 | 4 |";
    is_promised(row, 0, &chat.meter.take());
}

/// Whether it was sent before is then seen further back in the log.
#[tokio::test]
async fn a_message_with_an_old_id_costs_a_read_more() {
    let chat = Chat::start().await;
    let (mut alice, _bob) = acquainted(&chat).await;
    let before = jiff::Timestamp::now().as_second() - 10;
    let made_at = uuid::Timestamp::from_unix(uuid::NoContext, before.try_into().unwrap(), 0);
    let id = uuid::Uuid::new_v7(made_at);
    alice.sends(&json!({ "action": "message", "to": "bob", "content": "hi", "id": id })).await;
    alice.sees_in_time("ack").await;
    let row = "| the same, with an `id` older than the last five | 1 | 1 | 4 | 4 | 4 |";
    is_promised(row, 0, &chat.meter.take());
}

#[tokio::test]
async fn a_message_by_http_costs_the_units_of_a_frame() {
    let chat = Chat::start().await;
    let (_alice, _bob) = acquainted(&chat).await;
    let body = json!({ "receiver_id": "bob", "content": "hi", "sender_id": "alice" });
    assert_eq!(chat.post("/api/send_message", body).await.body["delivered"], true);
    costs("| `POST /api/send_message` | 1 | 1 | 2 | 3 | 3 |", 0, &chat.meter.take());
}

#[tokio::test]
async fn the_first_message_of_two_people_is_a_transaction_of_four_items() {
    let chat = Chat::start().await;
    let mut alice = present(&chat, "alice").await;
    let _bob = present(&chat, "bob").await;
    alice.says("bob", "hi").await;
    let row = "| the first `message` of two people | 1 | 8 | 3 | 3 | 3 |";
    is_promised(row, 0, &chat.meter.take());
}

#[tokio::test]
async fn a_message_to_somebody_newly_away_costs_a_mark_more() {
    let chat = Chat::start().await;
    let (mut alice, bob) = acquainted(&chat).await;
    bob.leaves().await;
    // The write, and what showing alice that bob has gone costs.
    chat.meter.take_after(&["Update", "Get", "Query", "BatchGet"]).await;
    assert_eq!(alice.says("bob", "hi").await["delivered"], false);
    let row = "| `message` to somebody newly away | 2 | 2 | 3 | 3 | 4 |";
    is_promised(row, 0, &chat.meter.take());

    alice.says("bob", "still away").await;
    costs("| `message` to somebody still away | 1 | 1 | 3 | 3 | 3 |", 0, &chat.meter.take());
}

#[tokio::test]
async fn a_repeat_costs_no_write() {
    let chat = Chat::start().await;
    let (mut alice, _bob) = acquainted(&chat).await;
    let id = uuid::Uuid::now_v7().to_string();
    alice.says_as("bob", "hi", &id).await;
    chat.meter.take();
    alice.says_as("bob", "hi", &id).await;
    is_promised("| a repeat of a recent `message` | 0 | 0 | 3 | 3 | 2 |", 0, &chat.meter.take());
}

/// alice in a room of sixty, whose messages go by the stream from so many members on.
async fn in_a_room_of_sixty(fan_out_members: &str) -> (Chat, String, Person) {
    let chat = Chat::start_with(|options| {
        options.settings.set("FAN_OUT_RATE", "0");
        options.settings.set("FAN_OUT_MEMBERS", fan_out_members);
    });
    let chat = chat.await;
    let alice = present(&chat, "alice").await;
    let room = chat.room_of("alice", "general").await;
    for number in 1..60 {
        let body = json!({ "user_id": format!("person {number:02}") });
        assert_eq!(chat.post(&format!("/api/rooms/{room}/join"), body).await.status, 200);
    }
    chat.has_served_the_stream().await;
    chat.meter.take();
    (chat, room, alice)
}

#[tokio::test]
async fn a_message_into_a_large_room_costs_its_sender_two_round_trips() {
    let (chat, room, mut alice) = in_a_room_of_sixty("60").await;
    assert_eq!(alice.says_in(&room, "hi").await.get("delivered"), None);
    // The stream's part: the lease, the log, the members, their inboxes, how far it got.
    let all = ["Put", "Update", "Update", "Query", "Query", "Query", "BatchGet", "BatchGet"];
    let row = "| `message` into a room of N, by the stream | 3 | 3 | 5 | 4 + N + N/30 | 7 |";
    is_promised(row, 60, &chat.meter.take_after(&all).await);
}

#[tokio::test]
async fn a_message_into_a_room_costs_one_write_and_reads_every_inbox() {
    let (chat, room, mut alice) = in_a_room_of_sixty("0").await;
    alice.says_in(&room, "hi").await;
    let row = "| `message` into a room of N | 1 | 1 | 4 | 2 + N + N/30 | 4 |";
    is_promised(row, 60, &chat.meter.take());

    alice.says_in("general", "hi").await;
    let row = "| `message` into a room of N by its name | 1 | 1 | 5 | 3 + N + N/30 | 5 |";
    costs(row, 60, &chat.meter.take());
}

#[tokio::test]
async fn a_broadcast_costs_one_write_and_reads_the_inboxes_of_who_is_there() {
    let chat = Chat::start().await;
    let mut alice = present(&chat, "alice").await;
    let mut others = Vec::new();
    for number in 0..9 {
        others.push(present(&chat, &format!("person {number}")).await);
    }
    // The first one ever starts the lobby's log.
    for _ in 0..2 {
        chat.meter.take();
        alice.sends(&json!({ "action": "broadcast", "content": "hi" })).await;
        alice.sees_in_time("ack").await;
    }
    is_promised("| `broadcast`, N there | 1 | 1 | 11 | 5 + N | 4 |", 10, &chat.meter.take());
}

/// Writers of one process take turns, so that nobody pays for a race.
#[tokio::test]
async fn two_who_write_at_once_pay_a_write_for_each_message() {
    const MESSAGES: usize = 20;
    let chat = Chat::start().await;
    let (mut alice, mut bob) = acquainted(&chat).await;
    chat.meter.take();
    let says = |to: &str| json!({ "action": "message", "to": to, "content": "hi" });
    for _ in 0..MESSAGES {
        alice.sends(&says("bob")).await;
        bob.sends(&says("alice")).await;
    }
    for person in [&mut alice, &mut bob] {
        for _ in 0..MESSAGES {
            while person.sees().await["type"] != "ack" {}
        }
    }
    assert_eq!(chat.meter.take().writes, 2 * MESSAGES);
}

#[tokio::test]
async fn a_block_costs_a_transaction_and_looking_for_one_nothing() {
    let chat = Chat::start().await;
    let (mut alice, _bob) = acquainted(&chat).await;
    chat.put("/api/blocks/carol", json!({ "user_id": "alice" })).await;
    costs("| `PUT /api/blocks/{user}` | 1 | 4 | 1 | 1 | 2 |", 0, &chat.meter.take());
    alice.says("bob", "hi").await;
    costs("| `message` | 1 | 1 | 3 | 3 | 3 |", 0, &chat.meter.take());
    chat.delete("/api/blocks/carol", &[("user_id", "alice")]).await;
    costs("| `DELETE /api/blocks/{user}` | 1 | 4 | 0 | 0 | 1 |", 0, &chat.meter.take());
}

#[tokio::test]
async fn typing_writes_nothing() {
    let chat = Chat::start().await;
    let (mut alice, mut bob) = acquainted(&chat).await;
    alice.sends(&json!({ "action": "typing", "to": "bob" })).await;
    bob.sees_a("typing").await;
    is_promised("| `typing` to somebody | 0 | 0 | 2 | 2 | 1 |", 0, &chat.meter.take());
}

/// What alice has said to bob lately, as a conversation and a number.
async fn said_lately(alice: &mut Person) -> (String, u64) {
    let ack = alice.says("bob", "hi").await;
    (ack["conversation"].as_str().unwrap().to_owned(), ack["seq"].as_u64().unwrap())
}

#[tokio::test]
async fn a_first_edit_costs_four_units_and_a_later_one_six() {
    let chat = Chat::start().await;
    let (mut alice, _bob) = acquainted(&chat).await;
    let (conversation, seq) = said_lately(&mut alice).await;
    chat.meter.take();
    for (content, row) in [
        ("hello", "| `edit`, the first of a message | 1 | 4 | 4 | 4 | 3 |"),
        ("hallo", "| a later `edit` | 1 | 6 | 4 | 4 | 3 |"),
    ] {
        let frame = json!({
            "action": "edit", "conversation": conversation, "seq": seq, "content": content,
        });
        alice.sends(&frame).await;
        alice.sees_in_time("ack").await;
        is_promised(row, 0, &chat.meter.take());
    }
    let frame = json!({ "action": "delete", "conversation": conversation, "seq": seq });
    alice.sends(&frame).await;
    alice.sees_in_time("ack").await;
    is_promised("| `delete` of what was edited | 1 | 6 | 4 | 4 | 3 |", 0, &chat.meter.take());
}

#[tokio::test]
async fn a_reaction_costs_six_units() {
    let chat = Chat::start().await;
    let (mut alice, mut bob) = acquainted(&chat).await;
    let (conversation, seq) = said_lately(&mut alice).await;
    chat.meter.take();
    for on in [true, false] {
        let frame = json!({
            "action": "react", "conversation": conversation, "seq": seq, "key": "👍", "on": on,
        });
        bob.sends(&frame).await;
        bob.sees_in_time("ack").await;
        is_promised("| `react` | 1 | 6 | 4 | 5 | 3 |", 0, &chat.meter.take());
    }
    let frame = json!({ "action": "delete", "conversation": conversation, "seq": seq });
    alice.sends(&frame).await;
    alice.sees_in_time("ack").await;
    is_promised("| `delete` | 1 | 4 | 4 | 4 | 3 |", 0, &chat.meter.take());
}

#[tokio::test]
async fn what_is_pinned_costs_six_units_and_is_read_by_two_requests() {
    let chat = Chat::start().await;
    let mut alice = present(&chat, "alice").await;
    let mut bob = present(&chat, "bob").await;
    let room = chat.room_of("alice", "club").await;
    bob.joins(&room).await;
    let seq = alice.says_in(&room, "the rules").await["seq"].clone();
    bob.catches_up().await;
    chat.settles();
    chat.meter.take();
    let conversation = format!("room:{room}");
    for on in [true, false, true] {
        let frame = json!({ "action": "pin", "conversation": conversation, "seq": seq, "on": on });
        alice.sends(&frame).await;
        alice.sees_in_time("ack").await;
        is_promised(
            "| `pin` in a room of N | 1 | 6 | 5 | 3 + N + N/30 | 4 |",
            2,
            &chat.meter.take(),
        );
    }
    let path = format!("/api/conversations/{conversation}/pins");
    let pins = chat.get(&path, &[("user_id", "alice")]).await;
    assert_eq!(pins.body[0]["content"], "the rules");
    is_promised(
        "| `GET …/pins` of N short messages | 0 | 0 | 3 | 2 + N | 3 |",
        1,
        &chat.meter.take(),
    );
}

#[tokio::test]
async fn an_answer_costs_a_look_at_the_original_before_and_after() {
    let chat = Chat::start().await;
    let (mut alice, mut bob) = acquainted(&chat).await;
    let (_, seq) = said_lately(&mut alice).await;
    chat.meter.take();
    let frame = json!({ "action": "message", "to": "alice", "content": "yes", "reply_to": seq });
    bob.sends(&frame).await;
    bob.sees_in_time("ack").await;
    is_promised("| `message` that answers another | 1 | 1 | 5 | 5 | 5 |", 0, &chat.meter.take());
}

/// What became of it meanwhile somebody may not have heard who has come just now.
#[tokio::test]
async fn a_message_to_somebody_who_has_come_just_now_is_read_again() {
    let chat = Chat::start().await;
    let (mut alice, bob) = acquainted(&chat).await;
    bob.leaves().await;
    chat.meter.take_after(&["Update", "Get", "Query", "BatchGet"]).await;
    let _bob = chat.joined_by("bob").await;
    chat.has_served_the_stream().await;
    chat.meter.take();
    alice.says("bob", "hi").await;
    let row = "| `message` to somebody who has come just now | 1 | 1 | 4 | 4 | 4 |";
    is_promised(row, 0, &chat.meter.take());
}
