//! What somebody said, and what became of it since.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use super::{Content, Seq, Timestamp, UserId};
use crate::{Error, limits};

/// What somebody said, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// What it says; nothing once it is deleted.
    pub wording: Option<Wording>,
    /// The message that it answers.
    pub reply_to: Option<Reply>,
    /// The number of the last event about it.
    pub revised: Option<Seq>,
    /// When it was edited last, and the number of that event.
    pub edited: Option<(Timestamp, Seq)>,
    /// When it was deleted, and by whom.
    pub deleted: Option<(Timestamp, UserId)>,
    /// How people reacted, in the order in which that began.
    pub reactions: Vec<Reaction>,
    /// Since when it is pinned, and by whom.
    pub pinned: Option<(Timestamp, UserId)>,
    /// The numbers of the edits before which its wording was kept, in order.
    pub versions: Vec<Seq>,
}

/// What a message said for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// What it said.
    pub wording: Wording,
    /// Since when.
    pub since: Timestamp,
}

/// What an edit sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    /// The text.
    pub content: Content,
    /// What the sender's program keeps with it.
    pub data: Option<Data>,
    /// Whom it calls.
    pub mentions: Mentions,
}

/// Whom a message calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mentions {
    /// These.
    pub users: BTreeSet<UserId>,
    /// Everybody.
    pub everyone: bool,
}

/// The message that another one answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Its number.
    pub seq: Seq,
    /// What it says, if that was looked up and it is there.
    pub original: Option<Original>,
}

/// A message that another one answers, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// Who said it.
    pub from: UserId,
    /// The text; nothing once it is deleted.
    pub content: Option<Content>,
    /// The number of the last event about it.
    pub revised: Option<Seq>,
}

/// How some people reacted to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// With what.
    pub key: ReactionKey,
    /// How many did.
    pub count: u64,
    /// The first of them.
    pub users: Vec<UserId>,
    /// Whether whoever reads is one of them, if that was looked up.
    pub mine: bool,
}

/// What somebody reacts with: an emoji, or a short name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReactionKey(String);

/// What a program keeps with a message: a JSON object, which nobody here interprets.
#[derive(Clone, PartialEq, Eq)]
pub struct Data(Map<String, Value>);

impl Said {
    /// What is said for the first time.
    pub fn new(wording: Wording, reply_to: Option<Reply>) -> Self {
        let reactions = Vec::new();
        Self {
            wording: Some(wording),
            reply_to,
            revised: None,
            edited: None,
            deleted: None,
            reactions,
            pinned: None,
            versions: Vec::new(),
        }
    }

    /// Whether it calls somebody.
    pub fn mentions(&self, user: &UserId) -> bool {
        let mentions = self.wording.as_ref().map(|wording| &wording.mentions);
        mentions.is_some_and(|it| it.everyone || it.users.contains(user))
    }
}

impl Reaction {
    /// How many of the people are named.
    pub const NAMED: usize = ::protocol::Reaction::NAMED;

    /// Whether it names everybody.
    pub fn names_all(&self) -> bool {
        u64::try_from(self.users.len()).is_ok_and(|named| named == self.count)
    }
}

/// The reactions after one of `user` began or ended, and how many react with that key then.
pub fn react(
    mut reactions: Vec<Reaction>,
    user: &UserId,
    key: &ReactionKey,
    on: bool,
) -> (Vec<Reaction>, u64) {
    let place = reactions.iter().position(|reaction| reaction.key == *key);
    let place = place.unwrap_or_else(|| {
        let (key, users) = (key.clone(), Vec::new());
        reactions.push(Reaction { key, count: 0, users, mine: false });
        reactions.len() - 1
    });
    let reaction = &mut reactions[place];
    if !on {
        reaction.count = reaction.count.saturating_sub(1);
        reaction.users.retain(|named| named != user);
    } else {
        reaction.count += 1;
        if reaction.users.len() < Reaction::NAMED {
            reaction.users.push(user.clone());
        }
    }
    let count = reaction.count;
    if count == 0 {
        reactions.remove(place);
    }
    (reactions, count)
}

impl Mentions {
    /// Refuses to call more people than one message may.
    pub fn new(users: BTreeSet<UserId>, everyone: bool) -> Result<Self, Error> {
        if users.len() > limits::MENTIONS {
            let most = limits::MENTIONS;
            return Err(Error::Invalid(format!("`mentions` names at most {most} people")));
        }
        Ok(Self { users, everyone })
    }
}

impl ReactionKey {
    /// Accepts 1 to 32 characters, none of them white space or a control character.
    pub fn parse(key: &str) -> Result<Self, Error> {
        let (chars, most) = (key.chars().count(), limits::REACTION_CHARS);
        let is_odd = |it: char| it.is_whitespace() || it.is_control();
        if !(1..=most).contains(&chars) || key.chars().any(is_odd) {
            let words = format!("`key` has 1 to {most} characters, none of them white space");
            return Err(Error::Invalid(words));
        }
        Ok(Self(key.to_owned()))
    }

    /// The key as people wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Data {
    /// Takes an object of at most 2 KB.
    pub fn new(object: Map<String, Value>) -> Result<Self, Error> {
        let limit = limits::DATA_BYTES;
        let data = Self(object);
        if data.to_json().len() > limit {
            return Err(Error::TooLarge { what: "data", limit });
        }
        Ok(data)
    }

    /// Takes back what the table keeps.
    pub fn stored(json: &str) -> Result<Self, Error> {
        serde_json::from_str(json).map(Self).map_err(|_| Error::Corrupt("data"))
    }

    /// The object.
    pub fn object(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The object as the table keeps it.
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_default()
    }
}

/// What a program keeps with a message never reaches a log, so only its length shows.
impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Data({} bytes)", self.to_json().len())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user(number: usize) -> UserId {
        UserId::parse(&format!("u{number}")).unwrap()
    }

    #[test]
    fn data_comes_back_as_it_was() {
        let object = json!({
            "order": 9_007_199_254_740_993_u64, "below": -7, "price": 0.1, "rate": 1.0, "tiny": 5e-324,
            "none": {}, "list": [], "nothing": null, "text": "ü\u{0}",
        });
        let Value::Object(object) = object else { unreachable!() };
        let data = Data::new(object.clone()).unwrap();
        assert_eq!(Data::stored(&data.to_json()).unwrap().object(), &object);
        let long = Map::from_iter([("a".to_owned(), "a".repeat(limits::DATA_BYTES).into())]);
        assert!(matches!(Data::new(long), Err(Error::TooLarge { limit: 2048, .. })));
        assert_eq!(format!("{:?}", Data::new(Map::new()).unwrap()), "Data(2 bytes)");
    }

    #[test]
    fn a_key_is_short_and_without_white_space() {
        for key in ["👍", "👩\u{200d}👩\u{200d}👧", "+1", "party_parrot"] {
            assert_eq!(ReactionKey::parse(key).unwrap().as_str(), key);
        }
        for key in ["", " ", "a b", "a\n", "\u{0}", &"a".repeat(33)] {
            assert!(ReactionKey::parse(key).is_err(), "{key:?}");
        }
    }

    #[test]
    fn all_who_react_are_counted_and_some_are_named() {
        let thumb = ReactionKey::parse("👍").unwrap();
        let mut reactions = Vec::new();
        for number in 0..7 {
            let (after, count) = react(reactions, &user(number), &thumb, true);
            assert_eq!(count, number as u64 + 1);
            reactions = after;
        }
        assert_eq!(reactions[0].users, (0..5).map(user).collect::<Vec<_>>());
        assert!(!reactions[0].names_all());
        let (reactions, _) = react(reactions, &user(1), &thumb, false);
        let (mut reactions, count) = react(reactions, &user(6), &thumb, false);
        assert_eq!((count, reactions[0].users.len()), (5, 4));
        for number in [0, 2, 3, 4, 5] {
            (reactions, _) = react(reactions, &user(number), &thumb, false);
        }
        assert_eq!(reactions, []);
    }
}
