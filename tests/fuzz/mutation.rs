//! Input that is nearly right: seeds, token by token exchanged for others.

/// What a token may become, besides any other of the same text.
const TOKENS: [&str; 56] = [
    "null",
    "true",
    "{}",
    "[]",
    "\"\"",
    "0",
    "1",
    "5",
    "-1",
    "1.5",
    "1e400",
    "101",
    "9007199254740993",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "alice",
    "bob",
    "general",
    "nobody",
    "gone",
    "\"alice\"",
    "\"bob\"",
    "\"general\"",
    "lobby",
    "dm:alice:bob",
    "dm:bob:alice",
    "\"dm:alice:bob\"",
    "\"lobby\"",
    "room:",
    "dm:",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "\\n",
    "\u{7f}",
    "\u{85}",
    "💬",
    "İ",
    "ẞ",
    "\u{301}",
    " ",
    "%00",
    "%2F",
    "%ff",
    "%",
    "+",
    "..",
    "/",
    "?",
    "&",
    "=",
    "limit=1",
    "before=1",
    "0192b4e0-7c00-7000-8000-000000000000",
];

/// Which seed, and what happens to it: kind, place, token.
pub(crate) type Mutation = (u8, Vec<(u8, u16, u8)>);

/// The most edits of one seed.
const EDITS: usize = 6;
/// What need not be longer, in bytes.
const LONG: usize = 16;

/// The seed as the mutation leaves it.
pub(crate) fn mutated(seeds: &[&str], (seed, edits): &Mutation) -> String {
    let mut tokens = tokens(seeds[usize::from(*seed) % seeds.len()]);
    for (kind, place, with) in edits.iter().take(EDITS) {
        let place = usize::from(*place) % tokens.len().max(1);
        let with = usize::from(*with);
        let token = TOKENS[with % TOKENS.len()].to_owned();
        match kind % 8 {
            0 if !tokens.is_empty() => drop(tokens.remove(place)),
            1 => tokens.insert(place, token),
            2 if !tokens.is_empty() => tokens[place] = tokens[with % tokens.len()].clone(),
            3 if !tokens.is_empty() => tokens[place] = repeated(&tokens[place], with),
            4 if !tokens.is_empty() => tokens.truncate(place),
            5 if !tokens.is_empty() => tokens.insert(place, tokens[place].clone()),
            _ if !tokens.is_empty() => tokens[place] = token,
            _ => tokens.push(token),
        }
    }
    tokens.concat()
}

/// A longer token, unless it is long already.
fn repeated(token: &str, times: usize) -> String {
    token.repeat(if token.len() > LONG { 1 } else { times * times / 2 })
}

/// Words, texts in quotes, and every other character by itself.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let quoted = rest[1..].find('"').filter(|_| first == '"').map(|end| end + 2);
        let word = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"_-.$".contains(c));
        let word = word.unwrap_or(rest.len());
        let length = quoted.unwrap_or(word).max(first.len_utf8());
        tokens.push(rest[..length].to_owned());
        rest = &rest[length..];
    }
    tokens
}
