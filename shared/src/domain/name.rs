//! The one rule that all names pass: usernames, rooms' names, display names, and in open mode ids.
//!
//! - *Shown* is a name in normal form C, each run of spaces one space, without characters that nobody
//!   sees, that turn the direction of text, that mean nothing to others, or that pile up: what people
//!   read is all there is, and stays where it is.
//! - *Found* it is by its case folding: `Straße` and `STRASSE` are one name.
//! - *Reserved* is also whatever looks like it: like its shown spelling and like its small and its
//!   capital letters, by Unicode's skeletons (<https://www.unicode.org/reports/tr39/>). A name is taken
//!   if any of its keys is.

use std::collections::BTreeSet;
use std::sync::Arc;

use caseless::Caseless;
use icu_properties::props::{
    BidiControl, CanonicalCombiningClass, DefaultIgnorableCodePoint, EmojiModifier,
    ExtendedPictographic, GeneralCategory, JoiningType,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection;

use crate::Error;

/// Joins letters or pictures that otherwise stand apart, or keeps letters apart.
const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];
/// Shows the sign before it as a picture, or as text.
const PRESENTATION: [char; 2] = ['\u{fe0e}', '\u{fe0f}'];
/// Blank, and yet no space: the empty Braille pattern, and the brackets of annotations.
const BLANK: [char; 4] = ['\u{2800}', '\u{fff9}', '\u{fffa}', '\u{fffb}'];
/// How many marks one letter has at most (<https://www.unicode.org/reports/tr39/#Optional_Detection>).
const MOST_MARKS: usize = 4;
/// What a URL's path takes for itself and its parent, however it is written.
const PATH_STEPS: [&str; 2] = [".", ".."];

/// A name as it is shown; refused if it has characters that nobody sees or that turn the direction of
/// text. `what` begins the reason.
pub fn shown(what: &str, typed: &str) -> Result<String, Error> {
    if typed.chars().any(|char| char.is_control() || matches!(char, '\u{2028}' | '\u{2029}')) {
        return Err(Error::Invalid(format!("{what} has no control characters")));
    }
    let chars: Vec<char> = typed.chars().collect();
    if (0..chars.len()).any(|place| is_hidden(&chars, place)) {
        return Err(Error::Invalid(format!(
            "{what} has no invisible characters, nor such as turn the direction of text"
        )));
    }
    if typed.chars().any(means_nothing) {
        return Err(Error::Invalid(format!("{what} has only characters that Unicode knows")));
    }
    if has_loose_marks(typed) {
        return Err(Error::Invalid(format!(
            "{what} has marks only on letters, and at most {MOST_MARKS} on each"
        )));
    }
    let words = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(words.nfc().collect())
}

/// Refuses names that a URL's path cannot carry.
pub fn fits_path(what: &str, name: &str) -> Result<(), Error> {
    if PATH_STEPS.contains(&name) {
        return Err(Error::Invalid(format!("{what} is not `.` or `..`: no URL could carry it")));
    }
    Ok(())
}

/// What names share that differ in nothing but case: the full case folding, in normal form C.
pub fn folded(name: &str) -> String {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let seen: String = name.nfd().filter(|char| !ignorable.contains(*char)).collect();
    seen.chars().default_case_fold().nfc().collect()
}

/// What names share that look alike whatever the case of their letters.
pub fn look(name: &str) -> String {
    // Twice, because the skeleton of a digit may be a capital letter.
    skeleton(&skeleton(&name.to_lowercase()).to_lowercase())
}

/// All that a name looks like: each is to be reserved with it.
pub fn looks(name: &str) -> BTreeSet<String> {
    let as_shown = skeleton(name);
    let in_small = skeleton(&as_shown.to_lowercase());
    let in_capitals = skeleton(&name.to_uppercase());
    BTreeSet::from([look(&folded(name)), look(name), in_small, as_shown, in_capitals])
}

/// What reserves a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Where it is found, the first before the others.
    pub found: Vec<String>,
    /// What only looks like it.
    pub alike: Vec<String>,
}

impl Keys {
    /// Of a name that is found under `found`, each of which counts once, and looks like `alike`.
    pub fn new(
        found: impl IntoIterator<Item = String>,
        alike: impl IntoIterator<Item = String>,
    ) -> Self {
        let mut keys = Self { found: Vec::new(), alike: Vec::new() };
        for key in found {
            if !keys.found.contains(&key) {
                keys.found.push(key);
            }
        }
        keys.alike.extend(alike.into_iter().filter(|key| !keys.found.contains(key)));
        keys
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.found.len() + self.alike.len()
    }
}

/// Names that nobody may have, nor such as look like them.
#[derive(Clone, Debug, Default)]
pub struct Reserved(Arc<BTreeSet<String>>);

impl Reserved {
    /// Reads names between commas.
    pub fn parse(names: &str) -> Self {
        let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
        // Whoever would pass for one of them may write it in any case.
        let spelled = names.flat_map(|name| {
            let first = name.chars().next().into_iter().flat_map(char::to_uppercase);
            let rest = name.chars().skip(1).flat_map(char::to_lowercase);
            [name.to_lowercase(), name.to_uppercase(), first.chain(rest).collect()]
        });
        Self(Arc::new(spelled.flat_map(|name| looks(&name)).collect()))
    }

    /// Whether `name` is one of them, or looks like one.
    pub fn has(&self, name: &str) -> bool {
        !self.0.is_disjoint(&looks(name))
    }
}

fn skeleton(name: &str) -> String {
    confusable_detection::skeleton(name).collect()
}

/// Whether nobody sees the character at `place`, or it turns the direction of text. Joiners and
/// presentation selectors are part of how some scripts and pictures are written, and seen there.
fn is_hidden(chars: &[char], place: usize) -> bool {
    let before = place.checked_sub(1).and_then(|place| chars.get(place)).copied();
    let after = chars.get(place + 1).copied();
    match chars[place] {
        char if PRESENTATION.contains(&char) => !before.is_some_and(can_be_picture),
        char if JOINERS.contains(&char) => match (before, after) {
            (Some(before), Some(after)) => !joins(char, before, after),
            _ => true,
        },
        char => {
            BLANK.contains(&char)
                || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(char)
                || CodePointSetData::new::<BidiControl>().contains(char)
        }
    }
}

/// Whether a character stands for something only where it was typed, or for one that was lost.
fn means_nothing(char: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(char);
    matches!(category, GeneralCategory::PrivateUse | GeneralCategory::Unassigned)
        || matches!(char, '\u{fffc}' | '\u{fffd}')
}

/// Whether a mark stands on nothing, or so many stand on one letter that they cover other lines.
fn has_loose_marks(name: &str) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new();
    let is_mark = |char| {
        matches!(
            category.get(char),
            GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark
        )
    };
    // Nothing to stand on at the beginning, and after a space.
    let mut marks = MOST_MARKS;
    for char in name.nfd() {
        if char.is_whitespace() {
            marks = MOST_MARKS;
        } else if is_mark(char) {
            marks += 1;
            if marks > MOST_MARKS {
                return true;
            }
        } else {
            marks = 0;
        }
    }
    false
}

/// Whether a joiner between these two changes how they look
/// (<https://www.rfc-editor.org/rfc/rfc5892#appendix-A.1>).
fn joins(joiner: char, before: char, after: char) -> bool {
    let pictures = CodePointSetData::new::<ExtendedPictographic>();
    let modifiers = CodePointSetData::new::<EmojiModifier>();
    let ends_picture =
        |char| pictures.contains(char) || modifiers.contains(char) || PRESENTATION.contains(&char);
    if joiner == '\u{200d}' && ends_picture(before) && pictures.contains(after) {
        return true;
    }
    let class = CodePointMapData::<CanonicalCombiningClass>::new();
    let joining = CodePointMapData::<JoiningType>::new();
    class.get(before) == CanonicalCombiningClass::Virama
        || [before, after].iter().all(|char| joining.get(*char) != JoiningType::NonJoining)
}

/// Whether a presentation selector may follow: a picture, or the base of a keycap.
fn can_be_picture(char: char) -> bool {
    CodePointSetData::new::<ExtendedPictographic>().contains(char)
        || matches!(char, '0'..='9' | '#' | '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, expected: Option<&str>) {
        assert_eq!(shown("a name", typed).ok().as_deref(), expected, "{typed:?}");
    }

    #[track_caller]
    fn conflict(one: &str, other: &str, expected: bool) {
        assert_eq!(!looks(one).is_disjoint(&looks(other)), expected, "{one:?} and {other:?}");
    }

    #[test]
    fn what_is_shown_is_all_there_is() {
        check("cafe\u{301}", Some("caf\u{e9}"));
        check("  two \u{3000} words ", Some("two words"));
        for hidden in [
            "Alice\u{202e}",
            "\u{200b}x",
            "a\u{200d}b",
            "a\u{fe0f}",
            "x\u{2066}",
            "so\u{ad}ft",
            "\u{3164}",
            "\u{2800}",
            "a\nb",
            "a\u{2028}b",
            "\u{200c}",
            "\u{200f}x",
            "tag\u{e0041}",
        ] {
            check(hidden, None);
        }
    }

    #[test]
    fn marks_stand_on_letters_and_do_not_pile_up() {
        check("\u{1ea}\u{304}\u{301}", Some("\u{1ec}\u{301}"));
        check("\u{e01}\u{e33}\u{e49}", Some("\u{e01}\u{e33}\u{e49}"));
        for loose in ["\u{301}", "a \u{301}", "a\u{300}\u{301}\u{302}\u{303}\u{304}"] {
            check(loose, None);
        }
    }

    #[test]
    fn what_means_nothing_to_others_is_no_name() {
        for lost in ["a\u{fffc}", "a\u{fffd}", "\u{e000}", "\u{378}"] {
            check(lost, None);
        }
    }

    #[test]
    fn scripts_and_pictures_are_written_as_they_are() {
        for seen in [
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} family",
            "\u{2764}\u{fe0f}",
            "1\u{fe0f}\u{20e3}",
            "\u{1f44b}\u{1f3fd}",
            // Persian keeps letters apart, Devanagari shows a half letter.
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            "\u{915}\u{94d}\u{200d}\u{937}",
        ] {
            check(seen, Some(seen));
        }
    }

    #[test]
    fn names_are_one_whatever_their_case_and_form() {
        assert_eq!(folded("Straße"), folded("STRASSE"));
        assert_eq!(folded("CAFE\u{301}"), folded("caf\u{e9}"));
        assert_eq!(folded("\u{2764}\u{fe0f}"), folded("\u{2764}"));
        assert_ne!(folded("alice"), folded("alicia"));
    }

    #[test]
    fn names_that_look_alike_conflict() {
        conflict("alice", "aIice", true);
        conflict("AIice", "alice", true);
        conflict("AIice", "Alice", true);
        conflict("TOM", "\u{422}\u{41e}\u{41c}", true);
        conflict("tom", "\u{422}\u{41e}\u{41c}", true);
        conflict("alice", "ALlCE", true);
        conflict("Ian", "lan", true);
        conflict("stra\u{df}e", "STRASSE", true);
        conflict("b0b", "bob", true);
        conflict("ian", "lan", false);
        conflict("alice", "alicia", false);
        conflict("anna", "hanna", false);
    }

    #[test]
    fn reserved_names_are_so_in_every_case_and_look() {
        let reserved = Reserved::parse("admin, lobby,");
        for taken in ["admin", "ADMIN", "Admin", "adm1n", "ADMlN", "\u{430}dmin", "lobby", "IobbY"]
        {
            assert!(reserved.has(taken), "{taken}");
        }
        for free in ["adam", "administrate", "hobby", ""] {
            assert!(!reserved.has(free), "{free}");
        }
    }

    #[test]
    fn no_name_is_a_step_in_a_path() {
        assert!(fits_path("a name", ".").is_err() && fits_path("a name", "..").is_err());
        assert!(fits_path("a name", "...").is_ok() && fits_path("a name", ".a").is_ok());
    }
}
