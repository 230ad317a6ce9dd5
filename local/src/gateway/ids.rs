//! Ids that look like API Gateway's.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;

/// Makes an id: 15 characters of base64url and an equals sign, 88 random bits.
pub(super) fn fresh() -> String {
    URL_SAFE.encode(rand::random::<[u8; 11]>())
}

/// Makes the trace id that AWS's load balancers put into `X-Amzn-Trace-Id`.
pub(super) fn trace(epoch_seconds: i64) -> String {
    let random = rand::random::<u128>() >> 32;
    format!("Root=1-{epoch_seconds:08x}-{random:024x}")
}

/// Whether a path can name a connection at all; API Gateway answers 400 to what cannot.
pub(super) fn may_be_connection(id: &str) -> bool {
    const LONGEST: usize = 128;
    (1..=LONGEST).contains(&id.len()) && !id.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_look_like_those_of_api_gateway() {
        let id = fresh();
        let (last, head) = id.as_bytes().split_last().unwrap();
        assert_eq!((head.len(), *last), (15, b'='));
        assert!(head.iter().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(b)), "{id}");
        assert!(may_be_connection(&id));
    }

    #[test]
    fn trace_ids_carry_the_time() {
        let trace = trace(1_708_326_702);
        assert!(trace.starts_with("Root=1-65d2ff2e-"), "{trace}");
        assert_eq!(trace.len(), "Root=1-65d2ff2e-718990494fd688f062bf1571".len());
    }

    #[test]
    fn control_characters_and_long_texts_name_no_connection() {
        assert!(!may_be_connection("a\nb"));
        assert!(!may_be_connection(&"a".repeat(129)));
        assert!(!may_be_connection(""));
    }
}
