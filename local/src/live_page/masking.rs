//! Hides tokens and passwords in frames.

use std::borrow::Cow;

use serde_json::Value;

/// What stands for a secret.
const MASK: &str = "•••";
/// Fields whose names have one of these hold secrets.
const NAMES: [&str; 5] = ["token", "password", "ticket", "secret", "authorization"];
/// How secrets of ours begin, wherever they stand.
const BEGINNINGS: [&str; 2] = ["confab_refresh_", "confab_ticket_"];

/// A frame without its secrets; `json` is what it is read as, if it can be.
pub(super) fn masked(text: &str, json: Option<Value>) -> Cow<'_, str> {
    let Some(mut json) = json else {
        // Where it cannot be seen where a secret ends, all of it is one.
        return if names_secret(text) { Cow::Borrowed(MASK) } else { without_tokens(text) };
    };
    let is_changed = mask(&mut json);
    // What is written twice or in escapes is not seen in what was read.
    if is_changed || names_secret(text) || text.contains("\\u") {
        return Cow::Owned(json.to_string());
    }
    Cow::Borrowed(text)
}

/// Masks the values of fields that hold secrets, and tokens in any text; whether there were any.
fn mask(value: &mut Value) -> bool {
    match value {
        Value::String(text) => {
            let Cow::Owned(masked) = without_tokens(text) else { return false };
            *text = masked;
            true
        }
        Value::Array(items) => items.iter_mut().map(mask).fold(false, |any, one| any | one),
        Value::Object(fields) => {
            let mut any = false;
            for (name, value) in fields {
                if names_secret(name) {
                    *value = MASK.into();
                    any = true;
                } else {
                    any |= mask(value);
                }
            }
            any
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn names_secret(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    NAMES.iter().any(|name| text.contains(name))
}

/// The same text with a mask for everything that has the form of a token.
fn without_tokens(text: &str) -> Cow<'_, str> {
    let words = text.split(|char: char| !(char.is_ascii_alphanumeric() || "_-.".contains(char)));
    let mut tokens: Vec<_> = words.filter(|word| is_token(word)).collect();
    // One may be the beginning of another.
    tokens.sort_by_key(|token| std::cmp::Reverse(token.len()));
    let mut masked = Cow::Borrowed(text);
    for token in tokens {
        masked = Cow::Owned(masked.replace(token, MASK));
    }
    masked
}

/// A JWT (<https://www.rfc-editor.org/rfc/rfc7519#section-3>), or a token that only this server knows.
fn is_token(word: &str) -> bool {
    let is_jwt = word.starts_with("eyJ") && word.matches('.').count() >= 2;
    is_jwt || BEGINNINGS.iter().any(|beginning| word.contains(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(masked(text, serde_json::from_str(text).ok()), expected, "of {text}");
    }

    #[test]
    fn fields_of_secrets_are_masked_wherever_they_are() {
        check(r#"{"action":"renew","token":"abc"}"#, r#"{"action":"renew","token":"•••"}"#);
        check(r#"{"a":[{"new_Password":["x"]}]}"#, r#"{"a":[{"new_Password":"•••"}]}"#);
        check(r#"{"token":"abc","token":"def"}"#, r#"{"token":"•••"}"#);
        check(r#"{"t\u006fken":"abc"}"#, r#"{"token":"•••"}"#);
        check(r#"{"a":{"t\u006fken":"abc"},"a":1}"#, r#"{"a":1}"#);
    }

    #[test]
    fn tokens_are_masked_in_any_text() {
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";
        check(&format!(r#"{{"content":"see {jwt}, and"}}"#), r#"{"content":"see •••, and"}"#);
        check(&format!("?t={jwt}&x"), "?t=•••&x");
        check(r#"["confab_ticket_abc-d"]"#, r#"["•••"]"#);
    }

    #[test]
    fn what_is_no_json_and_may_have_a_secret_is_masked_whole() {
        check(r#"{"action":"renew","token":"abc"#, "•••");
        check("hello", "hello");
    }

    #[test]
    fn other_frames_are_as_they_were() {
        for text in [r#"{ "z": 1, "a": "b" }"#, "[]", r#"{"content":"<b>hi</b> ü"}"#, ""] {
            check(text, text);
        }
    }
}
