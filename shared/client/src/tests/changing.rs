//! Messages that change, as the client hears of it and makes it so.

use super::*;
use crate::{Change, NewEvent};

const LATER: &str = "2026-01-01T00:01:00.000Z";

fn event(kind: &str, seq: u64, of: u64) -> Value {
    let mut event = message(seq);
    event.as_object_mut().unwrap().remove("content");
    (event["kind"], event["of"], event["timestamp"]) = (kind.into(), of.into(), LATER.into());
    event
}

fn edited(seq: u64, of: u64, content: &str) -> Value {
    let mut event = event("edited", seq, of);
    event["content"] = content.into();
    event
}

fn several(messages: &[Value]) -> Value {
    json!({ "type": "messages", "conversation": BOTH, "messages": messages })
}

impl Alice {
    /// What is shown, and what is told of what was shown: number and text.
    fn told(&mut self) -> Vec<(&'static str, u64, String)> {
        let events = self.events().into_iter();
        let told = events.filter_map(|event| {
            let (what, view) = match event {
                Event::Message(view) => ("shown", view),
                Event::Changed(view) => ("changed", view),
                _ => return None,
            };
            Some((what, view.seq, view.body.content().unwrap_or("a notice").to_owned()))
        });
        told.collect()
    }

    fn does(&mut self, id: &str, seq: u64, change: Change) {
        self.client.change(BOTH, NewEvent { id: id.into(), seq, change });
    }
}

fn told(events: &[(&'static str, u64, &str)]) -> Vec<(&'static str, u64, String)> {
    events.iter().map(|(what, seq, content)| (*what, *seq, (*content).to_owned())).collect()
}

#[test]
fn an_event_has_its_number_and_changes_the_message_that_it_is_about() {
    let mut alice = Alice::after([7]);
    alice.hears(&message(8));
    alice.hears(&edited(9, 8, "better"));
    alice.hears(&edited(9, 8, "better"));
    alice.hears(&message(10));
    let expected = [("shown", 8, "8"), ("changed", 8, "better"), ("shown", 10, "10")];
    assert_eq!(alice.told(), told(&expected));
    alice.waits(1);
    assert!(alice.due().is_empty());
    alice.hears(&event("deleted", 11, 8));
    assert_eq!(alice.told(), told(&[("changed", 8, "")]));
    alice.reconnects();
    assert_eq!(alice.sends("sync")["since"], json!({ BOTH: 11 }));
}

#[test]
fn what_is_held_back_is_shown_as_it_is_by_then() {
    let mut alice = Alice::after([7]);
    alice.hears(&edited(10, 9, "early"));
    alice.hears(&message(9));
    alice.hears(&message(12));
    alice.hears(&event("deleted", 13, 12));
    assert!(!format!("{:?}", alice.client.logs).contains("Message(2 bytes"));
    alice.hears(&several(&[message(8), edited(11, 8, "at once")]));
    let expected = [("shown", 8, "at once"), ("shown", 9, "early"), ("shown", 12, "")];
    assert_eq!(alice.told(), told(&expected));
}

#[test]
fn a_page_opens_with_pictures_and_no_event_is_shown() {
    let mut alice = Alice::new();
    alice.client.open(BOTH, "bob");
    let asked = alice.sends("history");
    let messages = [message(5), edited(6, 5, "better"), event("deleted", 7, 2), message(8)];
    let page = json!({
        "type": "history", "conversation": BOTH, "messages": messages, "before": 5, "after": null,
    });
    alice.hears(&answer(page, &asked));
    assert_eq!(alice.told(), told(&[("shown", 5, "better"), ("shown", 8, "8")]));
    assert_eq!(alice.client.numbers(BOTH), [5, 8]);
}

#[test]
fn who_skips_is_not_told_what_becomes_of_what_came_before() {
    let mut alice = Alice::after([7]);
    let mut skipping = several(&[edited(30, 7, "unheard"), message(31)]);
    skipping["more"] = true.into();
    alice.hears(&skipping);
    assert_eq!(alice.told(), told(&[("shown", 31, "31")]));
    alice.hears(&edited(9, 31, "from before"));
    assert_eq!((alice.told(), alice.client.numbers(BOTH)), (Vec::new(), vec![31]));
}

#[test]
fn an_answer_of_ones_own_quotes_what_is_here() {
    let mut alice = Alice::after([7]);
    let mut reply = NewMessage::text("r", "an answer");
    reply.reply_to = Some(7);
    alice.client.send(BOTH, &Target::Person("bob".into()), reply);
    let asked = alice.sends("message");
    assert_eq!(asked["reply_to"], 7);
    alice.hears(&ack(&asked["id"], 8, true));
    let quoted = |alice: &Alice| {
        let view = alice.client.picture(BOTH, 8).unwrap();
        let quote = view.body.said().unwrap().reply_to.clone().unwrap();
        (quote.from, quote.content, quote.deleted)
    };
    assert_eq!(quoted(&alice), (Some("bob".into()), Some("7".into()), false));
    alice.told();
    alice.hears(&edited(9, 7, "otherwise"));
    assert_eq!(quoted(&alice).1.as_deref(), Some("otherwise"));
    alice.hears(&event("deleted", 10, 7));
    assert_eq!(quoted(&alice), (Some("bob".into()), None, true));
    let numbers: Vec<_> = alice.told().into_iter().map(|(_, seq, _)| seq).collect();
    assert_eq!(numbers, [7, 8, 7, 8]);
}

#[test]
fn what_is_done_to_messages_is_sent_one_after_another_and_again_after_a_reconnect() {
    let mut alice = Alice::after([7, 8]);
    alice.does("e1", 7, Change::React { key: "+1".into(), on: true });
    alice.does("e2", 8, Change::Delete);
    alice.says("one");
    let first = alice.sends("react");
    assert_eq!(first["id"], "e1");
    assert_eq!(
        (&first["seq"], &first["key"], &first["on"]),
        (&json!(7), &json!("+1"), &json!(true))
    );
    alice.reconnects();
    let again = alice.due();
    assert!(again.contains(&first) && again.len() == 2, "{again:?}");
    let synced = answer(synced(8, true), again.iter().find(|it| **it != first).unwrap());
    alice.hears(&synced);
    alice.hears(&ack(&first["id"], 9, true));
    assert_eq!(alice.sends("delete")["seq"], 8);
    let mut so_already = ack(&json!("e2"), 8, true);
    so_already["duplicate"] = true.into();
    alice.hears(&so_already);
    assert_eq!(alice.sends("message")["content"], "one");
    assert_eq!((alice.client.unsent(), alice.told()), (1, Vec::new()));
}

#[test]
fn what_became_of_a_message_by_oneself_is_asked_for_if_it_does_not_come() {
    let mut alice = Alice::after([7]);
    alice.does("e1", 7, Change::React { key: "+1".into(), on: true });
    alice.sends("react");
    alice.hears(&ack(&json!("e1"), 8, true));
    // It is on its way.
    assert!(alice.due().is_empty());
    alice.waits(1);
    let asked = alice.sends("sync");
    assert_eq!(asked["since"], json!({ BOTH: 7 }));
    let mut event = event("reacted", 8, 7);
    (event["key"], event["on"], event["count"]) = ("+1".into(), true.into(), 1.into());
    event["from"] = "alice".into();
    alice.hears(&several(&[event]));
    alice.hears(&answer(synced(8, true), &asked));
    assert_eq!(alice.told(), told(&[("changed", 7, "7")]));
    alice.waits(1);
    assert!(alice.due().is_empty());
}

#[test]
fn what_is_refused_is_told_and_changes_nothing() {
    let mut alice = Alice::after([7]);
    alice.does("e1", 7, Change::text("mine now"));
    alice.sends("edit");
    let refusal = json!({
        "type": "error", "code": "forbidden", "reason": "role", "message": "no", "id": "e1",
    });
    alice.hears(&refusal);
    let events = alice.events();
    let [Event::NotChanged { conversation, event, code, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((conversation.as_str(), event.seq, *code), (BOTH, 7, ErrorCode::Forbidden));
    let view = alice.client.picture(BOTH, 7).unwrap();
    assert_eq!((view.body.content(), alice.client.unsent()), (Some("7"), 0));
    alice.does("e2", 7, Change::text("x".repeat(40_000)));
    let events = alice.events();
    assert!(matches!(&events[..], [Event::NotChanged { code: ErrorCode::TooLarge, .. }]));
    assert!(alice.due().is_empty());
}
