//! Ids, names and cursors: what is printed is read back as it was.

use bolero::check;
use shared::domain::{Content, ConversationId, MessageId, RoomId, RoomName, Timestamp, UserId};
use shared::store::keys;

use crate::TIME;

/// The longest sort key
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
const MAX_SORT_KEY_BYTES: usize = 1024;

/// Two names, one on every line.
#[test]
fn texts() {
    check!().with_test_time(TIME).for_each(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        let (one, other) = text.split_once('\n').unwrap_or((&text, "bob"));
        hold(one, other);
    });
}

/// Two names of all kinds of characters.
#[test]
fn characters() {
    check!()
        .with_test_time(TIME)
        .with_type::<(Vec<char>, Vec<char>)>()
        .for_each(|(one, other)| hold(&String::from_iter(one), &String::from_iter(other)));
}

/// Times at any distance.
#[test]
fn times() {
    check!().with_test_time(TIME / 10).with_type::<(i64, i64)>().for_each(|(one, other)| {
        let [one, other] = [*one, *other].map(Timestamp::from_millis);
        assert_eq!(one.since(other).is_zero(), one <= other);
        assert!(one.to_string().ends_with('Z'), "{one}");
        assert!(one.as_seconds() <= one.plus(other.since(one)).as_seconds());
    });
}

fn hold(one: &str, other: &str) {
    user(one);
    pair(one, other);
    conversation(one);
    room(one);
    message(one);
}

fn user(text: &str) {
    if let Ok(user) = UserId::from_encoded(text) {
        assert_eq!(UserId::from_encoded(&user.encoded()).unwrap(), user);
    }
    let Ok(user) = UserId::parse(text) else { return };
    assert_eq!(user.as_str(), text);
    let encoded = user.encoded();
    assert!(encoded.bytes().all(|byte| byte.is_ascii_graphic() && !b":#/".contains(&byte)));
    assert_eq!(UserId::from_encoded(&encoded).unwrap(), user);
    assert_eq!(keys::user_of_pk(&format!("USER#{encoded}")), Some(user));
}

fn pair(one: &str, other: &str) {
    let (Ok(one), Ok(other)) = (UserId::parse(one), UserId::parse(other)) else { return };
    let there = ConversationId::direct(&one, &other);
    assert_eq!(there, ConversationId::direct(&other, &one));
    assert_eq!(ConversationId::parse(&there.to_string()).unwrap(), there);
    assert_eq!(there.addressee(&one), Some(&other));
    assert_eq!(there.pair().len(), if one == other { 1 } else { 2 });
    assert!(format!("CONV#{there} ").len() <= MAX_SORT_KEY_BYTES, "{there}");
    assert_eq!(one == other, one.encoded() == other.encoded());
}

fn conversation(text: &str) {
    if let Ok(conversation) = ConversationId::parse(text) {
        assert_eq!(conversation.to_string(), text);
    }
}

fn room(text: &str) {
    if let Some(id) = RoomId::parse(text) {
        assert_eq!(id.to_string(), text);
        assert!(RoomName::parse(text).is_err());
        let there = ConversationId::Room(id);
        assert_eq!(ConversationId::parse(&there.to_string()).unwrap(), there);
    }
    let Ok(name) = RoomName::parse(text) else { return };
    assert_eq!(RoomName::parse(name.as_str()).unwrap(), name);
    let place = RoomName::read_place(&name.folded()).unwrap();
    assert_eq!(place, name.folded(), "a cursor is read as it was written");
    let reserved = name.keys();
    assert!(RoomName::sought(text).iter().any(|key| reserved.found.contains(key)), "{text:?}");
    assert!(name.folded().as_str() > " " && name.folded().len() <= MAX_SORT_KEY_BYTES);
}

fn message(text: &str) {
    if let Ok(id) = MessageId::parse(text) {
        assert_eq!(id.as_str(), text);
        assert!(id.made_at().is_none_or(|at| at.as_millis() < 1 << 48));
    }
    if let Ok(content) = Content::parse(text, 16) {
        assert_eq!(content.as_str(), text);
        assert!((1..=16).contains(&text.len()));
    }
}
