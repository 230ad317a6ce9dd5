//! Rooms are joined, shown and left.

use super::*;

#[test]
fn a_room_is_joined_until_it_answers_and_shown_from_there() {
    let mut alice = Alice::new();
    alice.client.request(Request::Join { room: " General ".into() });
    let join = alice.sends("join");
    alice.waits(4);
    assert_eq!(alice.sends("join"), join);
    // Whatever another device of the user does is no answer.
    alice.hears(&joined("general"));
    assert_eq!(alice.events(), []);
    alice.hears(&answer(joined("general"), &join));
    alice.hears(&answer(joined("general"), &join));
    let events = alice.events();
    assert!(matches!(&events[0], Event::Joined { room } if room.name == "general"), "{events:?}");
    assert_eq!(events[1..], [Event::Opened { conversation: "room:7".into() }]);
    alice.reconnects();
    let asked = alice.sends("sync");
    assert_eq!(asked["since"], json!({ "room:7": 0 }));
    let synced = json!({ "upto": 0, "complete": false, "more": false, "error": "forbidden" });
    let synced = json!({ "type": "synced", "conversations": { "room:7": synced } });
    alice.hears(&answer(synced, &asked));
    let reason = Some("forbidden".into());
    assert_eq!(alice.events(), [Event::Left { conversation: "room:7".into(), reason }]);
}

#[test]
fn what_is_pushed_while_a_room_is_joined_does_not_hide_what_was_said_before() {
    let in_room = |seq: u64| {
        let mut frame = message(seq);
        (frame["conversation"], frame["room"]) = ("room:7".into(), "7".into());
        frame
    };
    for is_refused in [false, true] {
        let mut alice = Alice::new();
        alice.client.request(Request::Join { room: "general".into() });
        let join = alice.sends("join");
        alice.hears(&in_room(9));
        assert_eq!(alice.shown(), [] as [&str; 0]);
        if is_refused {
            let refusal = json!({ "type": "error", "code": "forbidden", "message": "no" });
            alice.hears(&answer(refusal, &join));
            assert_eq!(alice.shown(), ["9"]);
        } else {
            let mut joined = joined("general");
            joined["messages"] = json!([in_room(7), in_room(8), in_room(9)]);
            alice.hears(&answer(joined, &join));
            assert_eq!(alice.shown(), ["7", "8", "9"]);
        }
        alice.hears(&in_room(10));
        assert_eq!(alice.shown(), ["10"]);
    }
}

#[test]
fn that_one_of_a_room_has_read_it_does_not_mark_ones_message_as_read() {
    let mut alice = Alice::new();
    alice.client.follow("room:7");
    let message = NewMessage::text("m1", "hello");
    alice.client.send("room:7", &Target::Room("7".into()), message);
    let mut kept = ack(&json!("m1"), 5, false);
    kept["conversation"] = "room:7".into();
    alice.hears(&kept);
    let read = json!({ "type": "receipt", "conversation": "room:7", "user": "bob", "read": 5 });
    alice.hears(&read);
    assert_eq!(alice.client.mark("room:7"), Some(Mark::Got(Status::Sent)));
}
