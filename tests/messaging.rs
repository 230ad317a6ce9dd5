//! People who are there talk to each other.

use serde_json::json;

use crate::support::Chat;

#[tokio::test]
async fn a_message_reaches_whom_it_is_for_and_is_acknowledged() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;

    let ack = alice.says("bob", "Hello").await;
    let heard = bob.hears("alice", "Hello").await;

    assert_eq!(ack["status"], "ok");
    assert_eq!(ack["conversation"], "dm:alice:bob");
    assert_eq!(ack["delivered"], true);
    assert_eq!(ack["duplicate"], false);
    assert_eq!(heard["to"], "bob");
    for field in ["id", "conversation", "seq", "timestamp"] {
        assert_eq!(heard[field], ack[field], "{field}");
    }
}

#[tokio::test]
async fn both_see_one_order_without_holes() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;

    let first = alice.says("bob", "one").await["seq"].as_u64().unwrap();
    bob.hears("alice", "one").await;
    let second = bob.says("alice", "two").await["seq"].as_u64().unwrap();
    alice.hears("bob", "two").await;
    let third = alice.says("bob", "three").await["seq"].as_u64().unwrap();

    assert_eq!([second, third], [first + 1, first + 2]);
}

#[tokio::test]
async fn both_may_begin_at_the_same_time() {
    let chat = Chat::start().await;
    for round in 0..10 {
        let (a, b) = (format!("a{round}"), format!("b{round}"));
        let (mut one, mut other) = (chat.joined_by(&a).await, chat.joined_by(&b).await);
        let say = |to: &str| json!({ "action": "message", "to": to, "content": "hi" });
        let (to_b, to_a) = (say(&b), say(&a));
        tokio::join!(one.sends(&to_b), other.sends(&to_a));

        let mut numbers = Vec::new();
        for frame in [one.sees().await, one.sees().await] {
            numbers.push(frame["seq"].as_u64().unwrap());
        }
        numbers.sort_unstable();
        assert_eq!(numbers[1], numbers[0] + 1, "a hole at the start of {a} and {b}");
    }
}

#[tokio::test]
async fn frames_sent_without_waiting_keep_their_order() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;
    for number in 0..200 {
        let content = number.to_string();
        alice.sends(&json!({ "action": "message", "to": "bob", "content": content })).await;
    }
    for number in 0..200 {
        bob.hears("alice", &number.to_string()).await;
    }
    let mut last = alice.sees_a("ack").await["seq"].as_u64().unwrap();
    for _ in 1..200 {
        let seq = alice.sees_a("ack").await["seq"].as_u64().unwrap();
        assert_eq!(seq, last + 1);
        last = seq;
    }
}

#[tokio::test]
async fn every_device_of_both_hears_it_once() {
    let chat = Chat::start().await;
    let mut phone = chat.joined_by("alice").await;
    let mut laptop = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;
    let mut tablet = chat.joined_by("bob").await;

    phone.says("bob", "Hello").await;

    laptop.hears("alice", "Hello").await;
    bob.hears("alice", "Hello").await;
    tablet.hears("alice", "Hello").await;
    for person in [&mut phone, &mut laptop, &mut bob, &mut tablet] {
        person.hears_nothing(&chat).await;
    }
}

#[tokio::test]
async fn nobody_hears_what_others_say() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;
    let mut eve = chat.joined_by("eve").await;
    alice.says("bob", "secret").await;
    bob.hears("alice", "secret").await;
    eve.hears_nothing(&chat).await;
}

#[tokio::test]
async fn a_note_to_oneself_reaches_the_other_devices() {
    let chat = Chat::start().await;
    let mut phone = chat.joined_by("alice").await;
    let alone = phone.says("alice", "first").await;
    assert_eq!(
        (&alone["conversation"], &alone["delivered"]),
        (&"dm:alice:alice".into(), &false.into())
    );

    let mut laptop = chat.joined_by("alice").await;
    let ack = phone.says("alice", "second").await;
    laptop.hears("alice", "second").await;
    assert_eq!(ack["delivered"], true);
    phone.hears_nothing(&chat).await;
}

#[tokio::test]
async fn text_arrives_as_it_was_typed() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let mut bob = chat.joined_by("bob").await;
    let texts = [
        " leading and trailing ",
        "two\nlines\tand a tab",
        "\u{0}\u{1}\u{7f}\u{85}",
        "👩‍👩‍👧‍👦 👋🏽",
        "שלום مرحبا",
        "e\u{301} \u{202e}reversed",
        "\u{feff}\u{200b}",
        "\u{fffd}\u{10ffff}",
        "\"quotes\" \\ </script>",
    ];
    for text in texts {
        alice.says("bob", text).await;
        bob.hears("alice", text).await;
    }
    let kept = chat.messages("alice", "bob").await;
    let kept: Vec<_> = kept.iter().map(|message| message["content"].as_str().unwrap()).collect();
    assert_eq!(kept, texts);
}

#[tokio::test]
async fn odd_names_are_names() {
    let chat = Chat::start().await;
    let names = ["a:b", "a#b/c", "INBOX", "100%", "dm:x:y", "ä ö", "💬", "...", "\"'"];
    let mut alice = chat.joined_by("alice").await;
    for name in names {
        let mut person = chat.joined_by(name).await;
        alice.says(name, "hi").await;
        let heard = person.hears("alice", "hi").await;
        assert_eq!(heard["to"], name);
        person.says("alice", "hello").await;
        alice.hears(name, "hello").await;
        assert_eq!(chat.messages("alice", name).await.len(), 2, "{name}");
        person.leaves().await;
    }
}
