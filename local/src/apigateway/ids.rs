//! Ids that look like API Gateway's.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;

/// How many random bytes are in an id.
const BYTES: usize = 11;

/// Makes an id: 15 characters of base64url and an equals sign, 88 random bits.
pub(super) fn fresh() -> String {
    URL_SAFE.encode(rand::random::<[u8; BYTES]>())
}

/// Makes the trace id that AWS's load balancers put into `X-Amzn-Trace-Id`.
pub(super) fn trace(epoch_seconds: i64) -> String {
    let random = rand::random::<u128>() >> 32;
    format!("Root=1-{epoch_seconds:08x}-{random:024x}")
}

/// Whether this is an id as [`fresh`] makes them; API Gateway answers 400 to others.
pub(super) fn may_be_connection(id: &str) -> bool {
    URL_SAFE.decode(id).is_ok_and(|bits| bits.len() == BYTES)
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
    fn other_texts_name_no_connection() {
        for text in ["", "6sdf", "a\nb", "L0SM9cOFvHcCIhw", "L0SM9cOFvHcCIhwA", "L0SM9cOFvHc+Ihw="]
        {
            assert!(!may_be_connection(text), "{text}");
        }
        assert!(!may_be_connection(&"a".repeat(129)));
    }
}
