//! What became of a message that was shown.

use protocol::{Reaction, Said};

use crate::text::visible;

/// How much of a message is shown of which something else is told.
const BEGINNING: usize = 60;

/// What became of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Became {
    /// Nothing of its own: of what it quotes, perhaps.
    Nothing,
    /// It is deleted.
    Deleted,
    /// It says something else.
    Edited,
    /// It is pinned, or not any more.
    Pinned(bool),
    /// Some react to it, or do not any more.
    Reacted(Vec<Reacting>),
}

/// That somebody reacts, or does not any more.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reacting {
    /// Who, if they are named.
    pub(super) user: Option<String>,
    pub(super) key: String,
    pub(super) on: bool,
}

/// What is different about a message.
pub(super) fn became(before: Option<&Said>, now: &Said) -> Became {
    let nothing = Said::default();
    let is_known = before.is_some();
    let before = before.unwrap_or(&nothing);
    if now.deleted_at.is_some() {
        return if before.deleted_at.is_some() { Became::Nothing } else { Became::Deleted };
    }
    if before.content != now.content || before.edited_at != now.edited_at {
        return if is_known { Became::Edited } else { Became::Nothing };
    }
    let is_pinned = now.pinned_at.is_some();
    if before.pinned_at.is_some() != is_pinned {
        return Became::Pinned(is_pinned);
    }
    let keys = before.reactions.iter().chain(&now.reactions).map(|it| &it.key);
    let mut seen: Vec<&String> = Vec::new();
    let mut reacting = Vec::new();
    for key in keys {
        if !seen.contains(&key) {
            seen.push(key);
            reacting.extend(reacting_with(key, &before.reactions, &now.reactions));
        }
    }
    if reacting.is_empty() { Became::Nothing } else { Became::Reacted(reacting) }
}

/// Who reacts with something and did not, and the other way round. Beyond the first few people are not
/// named: of these only the number tells.
fn reacting_with(key: &str, before: &[Reaction], now: &[Reaction]) -> Vec<Reacting> {
    let nobody = Reaction::default();
    let of = |them: &'_ [Reaction]| them.iter().find(|it| it.key == key).cloned();
    let (before, now) = (of(before), of(now));
    let (before, now) = (before.as_ref().unwrap_or(&nobody), now.as_ref().unwrap_or(&nobody));
    let one = |user: Option<&String>, on| Reacting { user: user.cloned(), key: key.to_owned(), on };
    let missing = |here: &Reaction, there: &Reaction, on| -> Vec<Reacting> {
        let users = here.users.iter().filter(|user| !there.users.contains(user));
        users.map(|user| one(Some(user), on)).collect()
    };
    let mut them = missing(before, now, false);
    them.extend(missing(now, before, true));
    if them.is_empty() && before.count != now.count {
        them.push(one(None, now.count > before.count));
    }
    them
}

/// How a message begins, on one line.
pub(crate) fn beginning(content: &str) -> String {
    let mut words = content.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = words.char_indices().nth(BEGINNING) {
        words.truncate(end);
        words.push('…');
    }
    visible(&words).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(content: &str, users: &[&str], count: u64) -> Said {
        let users: Vec<_> = users.iter().map(|&user| user.to_owned()).collect();
        let reaction = Reaction { key: "+1".into(), count, users, mine: false };
        let reactions = if count > 0 { vec![reaction] } else { Vec::new() };
        Said { content: content.into(), reactions, ..Said::default() }
    }

    #[track_caller]
    fn check(before: &Said, now: &Said, expected: &[(Option<&str>, bool)]) {
        let expected = expected.iter().map(|(user, on)| {
            let user = user.map(str::to_owned);
            Reacting { user, key: "+1".into(), on: *on }
        });
        assert_eq!(became(Some(before), now), Became::Reacted(expected.collect()));
    }

    #[test]
    fn it_is_known_who_reacts_and_who_does_not_any_more() {
        let (none, bob) = (said("tea", &[], 0), said("tea", &["bob"], 1));
        check(&none, &bob, &[(Some("bob"), true)]);
        check(&bob, &none, &[(Some("bob"), false)]);
        check(&said("tea", &["bob"], 6), &said("tea", &["bob"], 7), &[(None, true)]);
        assert_eq!(became(Some(&bob), &bob), Became::Nothing);
        assert_eq!(became(Some(&none), &said("coffee", &[], 0)), Became::Edited);
        let pinned = Said { pinned_at: Some(protocol::Timestamp::from_millis(0)), ..none.clone() };
        assert_eq!(became(Some(&none), &pinned), Became::Pinned(true));
        assert_eq!(became(Some(&pinned), &none), Became::Pinned(false));
        let deleted =
            Said { deleted_at: Some(protocol::Timestamp::from_millis(0)), ..none.clone() };
        assert_eq!(became(Some(&none), &deleted), Became::Deleted);
        assert_eq!(became(Some(&deleted), &deleted), Became::Nothing);
    }

    #[test]
    fn what_is_told_of_a_message_stays_on_its_line() {
        assert_eq!(beginning("one\ntwo  \x1b[2J"), "one two ␛[2J");
        assert_eq!(beginning(&"x".repeat(70)).chars().count(), 61);
    }
}
