//! Text of others, made harmless: a terminal obeys what is written to it.

use std::borrow::Cow;

/// The text with everything a terminal might obey made visible: control characters of ASCII and
/// Latin-1, and those that change the direction of writing.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    replaced(text, is_harmful, |c, out| match c {
        '\0'..'\u{20}' => out.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}')),
        '\u{7f}' => out.push('\u{2421}'),
        _ => out.push_str(&format!("<U+{:04X}>", u32::from(c))),
    })
}

/// The same for text of several lines, those after the first set off by `indent` columns.
pub(crate) fn visible_lines(text: &str, indent: usize) -> String {
    let lines = text.split('\n').map(|line| visible(line.strip_suffix('\r').unwrap_or(line)));
    lines.collect::<Vec<_>>().join(&format!("\n{:indent$}", ""))
}

/// The text as one field of a line with tabs between fields; it can be read back.
pub(crate) fn field(text: &str) -> Cow<'_, str> {
    let is_special = |c| c == '\\' || is_harmful(c);
    replaced(text, is_special, |c, out| out.extend(c.escape_default()))
}

/// JSON as it may be shown: JSON itself leaves DEL and the control characters of Latin-1 as they are.
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    let is_left = |c| matches!(c, '\u{7f}'..='\u{9f}');
    replaced(text, is_left, |c, out| out.push_str(&format!("\\u{:04x}", u32::from(c))))
}

fn is_harmful(c: char) -> bool {
    let changes_direction = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || changes_direction || matches!(c, '\u{2028}' | '\u{2029}')
}

fn replaced(
    text: &str,
    is_replaced: impl Fn(char) -> bool,
    replace: impl Fn(char, &mut String),
) -> Cow<'_, str> {
    if !text.contains(&is_replaced) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_replaced(c) {
            replace(c, &mut out);
        } else {
            out.push(c);
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_others_reaches_the_terminal_as_a_command() {
        assert_eq!(visible("\x1b[2J\x07"), "␛[2J␇");
        assert_eq!(visible("\u{9b}31m\u{7f}"), "<U+009B>31m␡");
        assert_eq!(visible("\u{202e}evil"), "<U+202E>evil");
        assert_eq!(visible_lines("a\r\nb\rc", 2), "a\n  b␍c");
        assert_eq!(visible("zoë 👩‍👩‍👧 שלום"), "zoë 👩‍👩‍👧 שלום");
    }

    #[test]
    fn a_field_stays_on_its_line() {
        assert_eq!(field("a\tb\nc\\d\x1b"), "a\\tb\\nc\\\\d\\u{1b}");
    }

    #[test]
    fn json_stays_json() {
        let text = serde_json::to_string("\u{9b}\x7f\x1b").unwrap();
        assert_eq!(json(&text), r#""\u009b\u007f\u001b""#);
    }
}
