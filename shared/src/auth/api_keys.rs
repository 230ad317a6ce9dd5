//! Keys, as those have them whose backends call: `confab_key_<id>_<secret>`. The secret is random; only the
//! hash of the whole is kept, as of tickets.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

use super::tokens::{hash, random};
use crate::Error;
use crate::domain::KeyId;

/// How a key begins, so that scanners for lost secrets know it.
const KEY: &str = "confab_key_";

/// The key of this id that is given out now, and what is kept of it.
pub fn new_key(id: KeyId) -> Result<(SecretString, String), Error> {
    let key = format!("{KEY}{}_{}", id.simple(), URL_SAFE_NO_PAD.encode(random()?));
    let hash = hash(key.as_bytes());
    Ok((key.into(), hash))
}

/// Whether something is a key, or would be one.
pub(super) fn looks_like_a_key(secret: &str) -> bool {
    secret.starts_with(KEY)
}

/// The id of a key, and what is kept of it if it is one.
pub fn read_key(key: &SecretString) -> Option<(KeyId, String)> {
    let key = key.expose_secret();
    let (id, _) = key.strip_prefix(KEY)?.split_once('_')?;
    Some((KeyId::from_simple(id)?, hash(key.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_its_id_and_no_other_has_its_hash() {
        let id = KeyId::fresh();
        let [(one, hash), (other, _)] = [new_key(id).unwrap(), new_key(id).unwrap()];
        assert_eq!(read_key(&one), Some((id, hash.clone())));
        let (of_other, other_hash) = read_key(&other).unwrap();
        assert_eq!(of_other, id);
        assert_ne!(other_hash, hash);
        // 256 bits.
        let secret = one.expose_secret().rsplit_once(&id.simple()).unwrap().1;
        assert_eq!(URL_SAFE_NO_PAD.decode(&secret[1..]).unwrap().len(), 32);
    }

    #[test]
    fn what_is_no_key_has_no_id() {
        let id = KeyId::fresh();
        for wrong in ["", "confab_key_", "confab_key_x_y", "confab_ticket_x"] {
            assert_eq!(read_key(&wrong.into()), None, "{wrong}");
        }
        let with_hyphens = format!("confab_key_{id}_secret");
        assert_eq!(read_key(&with_hyphens.into()), None);
    }
}
