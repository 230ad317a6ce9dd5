//! What messages look like, in whatever order and however often it came what became of them.

use protocol::{MessageView, Quote, Reaction, Said, Seq};
use serde_json::{Value, json};

use super::BOTH;
use crate::picture::Pictures;

const LATER: &str = "2026-01-01T00:01:00.000Z";

/// An entry of the log, by bob.
fn entry(kind: &str, seq: Seq, more: &Value) -> MessageView {
    let mut entry = json!({
        "id": format!("m{seq}"), "conversation": BOTH, "seq": seq, "kind": kind, "from": "bob",
        "timestamp": LATER,
    });
    for (name, value) in more.as_object().unwrap() {
        entry[name] = value.clone();
    }
    serde_json::from_value(entry).unwrap()
}

fn said(seq: Seq, content: &str) -> MessageView {
    entry("message", seq, &json!({ "content": content }))
}

fn copy(seq: Seq, content: &str, revised: Seq) -> MessageView {
    entry("message", seq, &json!({ "content": content, "revised": revised }))
}

fn edited(seq: Seq, of: Seq, content: &str) -> MessageView {
    entry("edited", seq, &json!({ "of": of, "content": content }))
}

fn deleted(seq: Seq, of: Seq) -> MessageView {
    entry("deleted", seq, &json!({ "of": of, "from": "carol" }))
}

fn reacted(seq: Seq, of: Seq, on: bool, count: u64, from: &str) -> MessageView {
    entry("reacted", seq, &json!({ "of": of, "key": "+1", "on": on, "count": count, "from": from }))
}

/// An answer to the message 1, with what is quoted of that.
fn answer(seq: Seq, content: &str, revised: Option<Seq>) -> MessageView {
    let quote = json!({ "seq": 1, "from": "bob", "content": content, "revised": revised });
    entry("message", seq, &json!({ "content": "an answer", "reply_to": quote }))
}

fn take(pictures: &mut Pictures, entry: &MessageView) -> Vec<Seq> {
    let changed = pictures.take(std::slice::from_ref(entry), false, "alice");
    changed.into_iter().map(|view| view.seq).collect()
}

fn pictures(entries: &[&MessageView]) -> Pictures {
    let mut pictures = Pictures::default();
    for entry in entries {
        take(&mut pictures, entry);
    }
    pictures
}

fn picture(pictures: &Pictures, seq: Seq) -> Said {
    pictures.picture(seq, "alice").unwrap().body.said().unwrap().clone()
}

fn quote(pictures: &Pictures, seq: Seq) -> Quote {
    picture(pictures, seq).reply_to.unwrap()
}

/// All orders of a few things.
fn orders<T: Copy>(them: &[T]) -> Vec<Vec<T>> {
    if them.len() < 2 {
        return vec![them.to_vec()];
    }
    let mut all = Vec::new();
    for (at, first) in them.iter().enumerate() {
        let rest = [&them[..at], &them[at + 1..]].concat();
        all.extend(orders(&rest).into_iter().map(|rest| [vec![*first], rest].concat()));
    }
    all
}

#[test]
fn whatever_the_order_and_however_often_the_picture_is_the_same() {
    let mut one = entry("message", 1, &json!({ "content": "one", "data": { "a": 1 } }));
    one.status = None;
    let second =
        entry("edited", 4, &json!({ "of": 1, "content": "second", "mentions": ["alice"] }));
    let entries = [
        &one,
        &edited(2, 1, "first"),
        &reacted(3, 1, true, 1, "bob"),
        &second,
        &reacted(5, 1, true, 2, "alice"),
    ];
    for order in orders(&entries) {
        for order in [order.clone(), [order.clone(), order].concat()] {
            let Said { content, data, mentions, edited_at, reactions, revised, .. } =
                picture(&pictures(&order), 1);
            assert_eq!((content.as_str(), data, revised), ("second", None, None));
            assert_eq!((mentions, edited_at.is_some()), (vec!["alice".to_owned()], true));
            let users = ["bob", "alice"].map(str::to_owned).to_vec();
            assert_eq!(reactions, [Reaction { key: "+1".into(), count: 2, users, mine: true }]);
        }
    }
}

#[test]
fn what_a_copy_has_already_is_not_done_again() {
    let entries = [
        &copy(1, "third", 6),
        &edited(4, 1, "second"),
        &edited(6, 1, "third, as it was"),
        &edited(7, 1, "fourth"),
    ];
    for order in orders(&entries[..3]) {
        assert_eq!(picture(&pictures(&order), 1).content, "third");
    }
    for order in orders(&entries) {
        let Said { content, revised, .. } = picture(&pictures(&order), 1);
        assert_eq!((content.as_str(), revised), ("fourth", Some(6)));
    }
}

#[test]
fn of_two_copies_the_one_that_has_more_stays() {
    let (none, old, fresh) = (said(1, "none"), copy(1, "old", 3), copy(1, "fresh", 5));
    for order in orders(&[&none, &old, &fresh, &edited(4, 1, "between")]) {
        assert_eq!(picture(&pictures(&order), 1).content, "fresh");
    }
}

#[test]
fn only_what_looks_otherwise_and_was_shown_is_told() {
    let mut them = Pictures::default();
    assert_eq!(take(&mut them, &said(1, "one")), [] as [Seq; 0]);
    assert_eq!(take(&mut them, &edited(2, 1, "two")), [] as [Seq; 0]);
    let shown = them.show(said(1, "as it came"), "alice");
    assert_eq!(shown.body.content(), Some("two"));
    assert_eq!(take(&mut them, &edited(2, 1, "two")), [] as [Seq; 0]);
    assert_eq!(take(&mut them, &reacted(3, 1, true, 1, "bob")), [1]);
    // A copy that has all that in it looks the same.
    let more = json!({
        "content": "two", "revised": 3, "edited_at": LATER, "status": "read",
        "reactions": [{ "key": "+1", "count": 1, "users": ["bob"] }],
    });
    assert_eq!(take(&mut them, &entry("message", 1, &more)), [] as [Seq; 0]);
    // What a later event has taken the place of says nothing.
    assert_eq!(take(&mut them, &entry("edited", 4, &json!({ "of": 1 }))), [] as [Seq; 0]);
}

#[test]
fn deleted_is_final_and_nothing_of_the_content_is_kept() {
    let secret = "the combination is 1234";
    let entries = [
        &said(1, secret),
        &edited(2, 1, secret),
        &deleted(4, 1),
        &edited(5, 1, secret),
        &answer(7, secret, None),
        &copy(1, secret, 3),
    ];
    for order in orders(&entries) {
        let mut them = pictures(&order);
        let Said { content, deleted_at, deleted_by, .. } = picture(&them, 1);
        assert_eq!((content.as_str(), deleted_by.as_deref()), ("", Some("carol")));
        assert!(deleted_at.is_some());
        let Quote { content, deleted, .. } = quote(&them, 7);
        assert_eq!((content, deleted), (None, true));
        // Nor is it if everything that tells of the deletion is forgotten.
        them.forget_before(6);
        take(&mut them, &answer(7, secret, Some(3)));
        let Quote { content, deleted, .. } = quote(&them, 7);
        assert_eq!((content, deleted), (None, true));
    }
    let gone = entry(
        "message",
        1,
        &json!({ "content": "", "revised": 4, "deleted_at": LATER, "deleted_by": "bob" }),
    );
    for order in orders(&[&gone, &edited(2, 1, secret), &edited(9, 1, secret), &said(1, secret)]) {
        assert_eq!(picture(&pictures(&order), 1).content, "");
    }
}

#[test]
fn a_quote_follows_its_original_held_or_not() {
    let first = answer(9, "one", Some(3));
    let quoted =
        |entries: &[&MessageView]| quote(&pictures(entries), 9).content.unwrap_or_default();
    for order in orders(&[&first, &edited(2, 1, "before"), &edited(10, 1, "after")]) {
        assert_eq!(quoted(&order), "after");
    }
    assert_eq!(quoted(&[&first, &edited(2, 1, "before")]), "one");
    assert_eq!(quoted(&[&first, &copy(1, "older", 2)]), "one");
    for order in orders(&[&first, &copy(1, "newer", 5)]) {
        assert_eq!(quoted(&order), "newer");
    }
    for order in orders(&[&first, &copy(1, "newer", 5), &edited(8, 1, "newest")]) {
        assert_eq!(quoted(&order), "newest");
    }
    // The same answer, read later.
    for order in orders(&[&first, &answer(9, "read later", Some(6))]) {
        assert_eq!(quoted(&order), "read later");
    }
    let long = "é".repeat(300);
    assert_eq!(quoted(&[&first, &edited(10, 1, &long)]), "é".repeat(200));
}

#[test]
fn who_shows_an_answer_is_told_what_becomes_of_its_original() {
    let mut them = pictures(&[&said(1, "one"), &answer(9, "one", None)]);
    for seq in [1, 9] {
        them.show(said(seq, ""), "alice");
    }
    assert_eq!(take(&mut them, &edited(10, 1, "two")), [1, 9]);
    assert_eq!(take(&mut them, &reacted(11, 1, true, 1, "bob")), [1]);
    assert_eq!(take(&mut them, &deleted(12, 1)), [1, 9]);
    assert_eq!(take(&mut them, &edited(13, 1, "three")), [] as [Seq; 0]);
}

#[test]
fn a_chain_of_answers_is_drawn_however_long_it_is() {
    let mut them = Pictures::default();
    take(&mut them, &said(1, "one"));
    for seq in 2..9_000 {
        let quote = json!({ "seq": seq - 1, "from": "bob", "content": "it" });
        let content = json!({ "content": "it", "reply_to": quote });
        take(&mut them, &entry("message", seq, &content));
    }
    assert_eq!(quote(&them, 8_999).seq, 8_998);
}

#[test]
fn of_many_who_react_alike_the_first_five_are_named_and_oneself_is_known_all_the_same() {
    let names = ["b", "c", "d", "e", "f", "alice", "g"];
    let mut them = pictures(&[&said(1, "one")]);
    for (seq, name) in (2..).zip(names) {
        take(&mut them, &reacted(seq, 1, true, seq - 1, name));
    }
    let all = |them: &Pictures| {
        let reactions = picture(them, 1).reactions;
        let Reaction { count, users, mine, .. } = reactions[0].clone();
        (reactions.len(), count, users.concat(), mine)
    };
    assert_eq!(all(&them), (1, 7, "bcdef".to_owned(), true));
    take(&mut them, &reacted(20, 1, false, 6, "alice"));
    assert_eq!(all(&them), (1, 6, "bcdef".to_owned(), false));
    take(&mut them, &reacted(21, 1, false, 5, "c"));
    take(&mut them, &reacted(22, 1, true, 6, "h"));
    assert_eq!(all(&them), (1, 6, "bdefh".to_owned(), false));
    take(&mut them, &reacted(23, 1, false, 0, "h"));
    assert!(picture(&them, 1).reactions.is_empty());
    // A copy that came to several people does not say who reads it.
    let users = json!([{ "key": "+1", "count": 1, "users": ["alice"] }]);
    let copy = entry("message", 1, &json!({ "content": "one", "revised": 30, "reactions": users }));
    take(&mut them, &copy);
    assert_eq!(all(&them), (1, 1, "alice".to_owned(), true));
}

#[test]
fn who_skips_a_part_of_the_log_knows_no_more_what_was_before_it() {
    let (one, five, seven) = (said(1, "one"), said(5, "five"), said(7, "seven"));
    let mut them = pictures(&[&one, &five, &edited(3, 2, "lost"), &edited(6, 2, "kept")]);
    them.show(one, "alice");
    them.forget_before(5);
    assert!(them.picture(1, "alice").is_none());
    assert_eq!(take(&mut them, &edited(8, 1, "of nobody's")), [] as [Seq; 0]);
    take(&mut them, &seven);
    take(&mut them, &said(2, "two"));
    assert_eq!(picture(&them, 2).content, "kept");
    assert_eq!(picture(&them, 7).content, "seven");
}

#[test]
fn what_an_ack_tells_counts_until_the_servers_own_comes() {
    let mut them = Pictures::default();
    let named = |name: &str| {
        entry("message", 1, &json!({ "content": "Bob!", "mentions": [name], "from": "alice" }))
    };
    them.take(&[named("Bob")], true, "alice");
    them.show(named("Bob"), "alice");
    assert_eq!(take(&mut them, &named("b7")), [1]);
    assert!(them.take(&[named("Bob")], true, "alice").is_empty());
    assert_eq!(picture(&them, 1).mentions, ["b7"]);
}
