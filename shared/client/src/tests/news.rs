//! What the server tells without having been asked, and how answers are known.

use super::*;

fn welcome(server_time: &str) -> Value {
    json!({
        "type": "welcome", "user": "alice", "connection_id": "c", "server_time": server_time,
        "expires_at": "2026-01-01T02:00:00.000Z", "limits": {},
    })
}

fn typing(user: &str, typing: bool) -> Value {
    json!({
        "type": "typing", "user": user, "conversation": BOTH, "typing": typing,
        "expires_in_ms": 6000,
    })
}

fn seen(alice: &mut Alice) -> bool {
    alice.events().contains(&Event::Seen { user: "bob".into() })
}

#[test]
fn whoever_does_something_is_there() {
    let mut alice = Alice::after([1]);
    alice.hears(&welcome("2026-01-01T00:00:00.000Z"));
    alice.hears(&message(2));
    assert!(seen(&mut alice));
    alice.hears(&typing("bob", true));
    assert!(seen(&mut alice));
    alice.hears(&json!({ "type": "receipt", "conversation": BOTH, "user": "bob", "read": 2 }));
    assert!(seen(&mut alice));
    // One's own other devices tell nothing about anybody.
    alice.hears(&typing("alice", true));
    assert!(!seen(&mut alice));
}

#[test]
fn what_had_waited_does_not_show_that_its_sender_is_there() {
    let mut alice = Alice::after([1]);
    alice.hears(&welcome("2026-01-01T00:00:00.001Z"));
    alice.hears(&message(2));
    assert!(!seen(&mut alice));
}

#[test]
fn whoever_stops_typing_is_not_shown_as_typing() {
    let mut alice = Alice::after([1]);
    let lasts = |alice: &mut Alice, frame: Value| {
        alice.hears(&frame);
        alice.events().into_iter().find_map(|event| match event {
            Event::Typing { lasts, .. } => Some(lasts.as_millis()),
            _ => None,
        })
    };
    assert_eq!(lasts(&mut alice, typing("bob", true)), Some(6000));
    assert_eq!(lasts(&mut alice, typing("bob", false)), Some(0));
}

#[test]
fn an_answer_is_known_by_its_id_whatever_the_room_is_called() {
    let mut alice = Alice::new();
    alice.client.request(Request::Join { room: "Stra\u{df}e".into() });
    let asked = alice.sends("join");
    alice.hears(&answer(joined("STRASSE"), &asked));
    assert!(matches!(alice.events()[..], [Event::Joined { .. }, Event::Opened { .. }]));
    alice.waits(60);
    assert!(alice.due().iter().all(|frame| frame["action"] != "join"));
}

#[test]
fn a_name_that_no_frame_can_carry_is_not_asked_for() {
    let mut alice = Alice::new();
    alice.client.request(Request::Join { room: "x".repeat(40_000) });
    assert!(matches!(&alice.events()[..], [Event::Refused { code: ErrorCode::TooLarge, .. }]));
    assert!(alice.due().is_empty());
}

#[test]
fn what_waits_beyond_the_inbox_is_asked_for() {
    let mut alice = Alice::new();
    let mut welcome = welcome("2026-01-01T00:00:00.000Z");
    welcome["more_waiting"] = true.into();
    alice.hears(&welcome);
    alice.hears(&json!({ "type": "more_waiting" }));
    assert_eq!(alice.events(), [Event::MoreWaiting, Event::MoreWaiting]);
    alice.client.catch_up(BOTH, 4);
    assert_eq!(alice.sends("sync")["since"], json!({ BOTH: 4 }));
    alice.hears(&page([5, 6]));
    assert_eq!(alice.shown(), ["5", "6"]);
}

#[test]
fn what_one_decides_about_a_conversation_is_told_wherever_one_does_it() {
    let mut alice = Alice::new();
    let settings = json!({
        "muted": "mentions", "muted_until": null, "pinned": true, "hidden": false, "draft": null,
        "unread_from": 7,
    });
    alice.hears(&json!({ "type": "settings", "conversation": BOTH, "settings": settings }));
    let told = alice.events();
    let [Event::Settings { conversation, settings }] = &told[..] else { panic!("{told:?}") };
    assert_eq!(conversation, BOTH);
    assert_eq!((settings.muted, settings.pinned), (Some(protocol::Muting::Mentions), true));
    assert_eq!((settings.hidden, settings.unread_from), (false, Some(7)));
    // It opens nothing: nobody looks there.
    assert!(alice.due().is_empty());
}
