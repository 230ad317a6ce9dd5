//! Whom a text calls: `@` and a name of somebody who is there, or `@everyone`.

/// What calls everybody.
pub(crate) const EVERYONE: &str = "everyone";

/// Somebody who can be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// The ids of those whom a text calls, each once.
pub(crate) fn called(text: &str, people: &[Named]) -> Vec<String> {
    let mut ids = Vec::new();
    for rest in calls(text) {
        let fitting = people.iter().filter(|it| begins_with(rest, &it.name));
        if let Some(person) = fitting.max_by_key(|it| it.name.len())
            && !ids.contains(&person.id)
        {
            ids.push(person.id.clone());
        }
    }
    ids
}

/// Whether a text calls everybody.
pub(crate) fn calls_everyone(text: &str) -> bool {
    calls(text).any(|rest| begins_with(rest, EVERYONE))
}

/// Whether a text may call somebody.
pub(crate) fn may_call(text: &str) -> bool {
    calls(text).next().is_some()
}

/// Where a text calls somebody of this name: the sign and the name.
pub(crate) fn places(text: &str, name: &str) -> Vec<std::ops::Range<usize>> {
    let found = calls(text).filter(|rest| begins_with(rest, name));
    let start = |rest: &str| text.len() - rest.len() - 1;
    found.map(|rest| start(rest)..start(rest) + 1 + name.len()).collect()
}

/// Whom what is typed may be going to call, and where its sign stands: the names that begin as the last call
/// does.
pub(crate) fn completions<'a>(typed: &str, names: &'a [String]) -> (usize, Vec<&'a str>) {
    let Some(begun) = calls(typed).last() else { return (typed.len(), Vec::new()) };
    let lower = begun.to_lowercase();
    let fitting = names.iter().filter(|name| name.to_lowercase().starts_with(&lower));
    (typed.len() - begun.len() - 1, fitting.map(String::as_str).collect())
}

/// What follows each sign that stands where a word may begin: in an address it does not.
fn calls(text: &str) -> impl Iterator<Item = &str> {
    let signs = text.match_indices('@');
    let begins =
        |at: usize| text[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
    signs.filter(move |(at, _)| begins(*at)).map(|(at, _)| &text[at + 1..])
}

/// Whether a text begins with a name, whatever its case, and that ends there.
fn begins_with(text: &str, name: &str) -> bool {
    let (Some(start), Some(rest)) = (text.get(..name.len()), text.get(name.len()..)) else {
        return false;
    };
    let goes_on = |c: char| c.is_alphanumeric() || c == '_';
    // A name may be followed by a dot or a dash, but not by a longer name with one in it.
    let mut rest = rest.chars();
    let ends = match rest.next() {
        Some('.' | '-') => !rest.next().is_some_and(goes_on),
        next => !next.is_some_and(goes_on),
    };
    !name.is_empty() && start.to_lowercase() == name.to_lowercase() && ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let people = ["bob", "bob.b", "Zoë", "ann"];
        let people = people.map(|name| Named { id: name.to_uppercase(), name: name.into() });
        assert_eq!(called(text, &people), expected, "{text}");
    }

    #[test]
    fn whoever_is_there_is_called_by_name() {
        check("@bob, is @ANN there? @bob!", &["BOB", "ANN"]);
        check("(@zoë) tea?", &["ZOË"]);
        check("@bob.b: yes. And @bob.", &["BOB.B", "BOB"]);
        check("@bobby, bob@ann, @ ann, @carol, @bob-b", &[]);
        check("", &[]);
    }

    #[test]
    fn everybody_is_called_by_a_word() {
        assert!(calls_everyone("@everyone: tea") && calls_everyone("tea, @Everyone?"));
        assert!(!calls_everyone("@everyones") && !calls_everyone("everyone"));
        assert!(may_call("hi @b") && !may_call("a@b"));
    }

    #[test]
    fn a_name_is_completed_from_its_sign_on() {
        let names = ["ann", "bob", "Bob Ross"].map(str::to_owned);
        assert_eq!(completions("hi @B", &names), (3, vec!["bob", "Bob Ross"]));
        assert_eq!(completions("@ann: is @bob r", &names), (9, vec!["Bob Ross"]));
        assert_eq!(completions("@", &names).1.len(), 3);
        for typed in ["ann@b", "hi", "@bob? Tea", ""] {
            assert!(completions(typed, &names).1.is_empty(), "{typed}");
        }
    }

    #[test]
    fn it_is_known_where_somebody_is_called() {
        assert_eq!(places("hi @bob and @Bob", "bob"), [3..7, 12..16]);
    }
}
