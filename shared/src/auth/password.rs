//! Passwords: kept as argon2id hashes only, with the parameters that OWASP asks for
//! (<https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html>).

use std::borrow::Cow;
use std::collections::BTreeSet;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use passwords::analyzer::is_common_password;
use precis_core::profile::PrecisFastInvocation;
use precis_profiles::OpaqueString;
use secrecy::{ExposeSecret, SecretString};
use tokio::task::spawn_blocking;
use unicode_normalization::UnicodeNormalization;

use crate::Error;
use crate::domain::name;

/// What a password takes to try: memory in KiB, passes, lanes.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// The fewest characters of a password
/// (<https://pages.nist.gov/800-63-4/sp800-63b.html>).
const MIN_CHARS: usize = 8;
/// The fewest letters that a password may be made of.
const MIN_LETTERS: usize = 4;
/// The most bytes, so that nobody has us hash megabytes.
const MAX_BYTES: usize = 512;
/// Of nobody: what a sign-in is checked against where there is no account, to take as long.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5cyBzYWx0IQ$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Refuses passwords that are too short or too long for a new account, or that whoever guesses would try
/// first: those that many people have, those of hardly any letters, and the username itself.
pub(crate) fn check(password: &SecretString, username: &str) -> Result<(), Error> {
    let password = password.expose_secret();
    if password.chars().count() < MIN_CHARS {
        return Err(Error::Invalid(format!("`password` has at least {MIN_CHARS} characters")));
    }
    if password.len() > MAX_BYTES {
        return Err(Error::TooLarge { what: "password", limit: MAX_BYTES });
    }
    // Spaces, letters of another width or case, and what nobody sees hardly make it another.
    let plain = name::folded(&normalised(password).nfkc().collect::<String>());
    let plain = plain.trim();
    let letters: BTreeSet<char> = plain.chars().collect();
    if letters.len() < MIN_LETTERS
        || plain == name::folded(username)
        || is_common_password(plain)
        || is_common_password(password)
    {
        return Err(Error::Invalid(
            "`password` is too common: it would be guessed soon, so choose another".into(),
        ));
    }
    Ok(())
}

/// The password in the one form in which it is hashed, however a keyboard makes its letters
/// (OpaqueString, <https://www.rfc-editor.org/rfc/rfc8265#section-4>). Signs that the profile does not
/// know, such as newer pictures, are kept as they come.
fn normalised(password: &str) -> Cow<'_, str> {
    OpaqueString::enforce(password).unwrap_or(Cow::Borrowed(password))
}

/// The hash of a password, with a salt of its own.
pub(crate) async fn hash(password: SecretString) -> Result<String, Error> {
    let hashing = spawn_blocking(move || {
        let password = normalised(password.expose_secret());
        let hash = argon2()?.hash_password(password.as_bytes());
        hash.map(|hash| hash.to_string()).map_err(|_| Error::Corrupt("a new password"))
    });
    hashing.await.map_err(|_| Error::Corrupt("a new password"))?
}

/// Whether `password` is the one of `hash`; takes as long when there is none.
///
/// Where the password is not in its normal form it is tried as it is, too: so it was hashed before. How
/// many tries are made depends on nothing but the password.
pub(crate) async fn matches(password: SecretString, hash: Option<String>) -> Result<bool, Error> {
    if password.expose_secret().len() > MAX_BYTES {
        return Ok(false);
    }
    let matching = spawn_blocking(move || {
        let stored = hash.as_deref().unwrap_or(NOBODY);
        let stored = PasswordHash::new(stored).map_err(|_| Error::Corrupt("password_hash"))?;
        let raw = password.expose_secret();
        let normalised = normalised(raw);
        let verify = |password: &str| {
            argon2().map(|it| it.verify_password(password.as_bytes(), &stored).is_ok())
        };
        let mut matched = verify(&normalised)?;
        if normalised != raw {
            matched |= verify(raw)?;
        }
        Ok(matched && hash.is_some())
    });
    matching.await.map_err(|_| Error::Corrupt("password_hash"))?
}

fn argon2() -> Result<Argon2<'static>, Error> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None);
    let params = params.map_err(|_| Error::Corrupt("the cost of a password"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_tells_the_password_from_others() {
        let hashed = hash("correct horse".into()).await.unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hashed}");
        assert_ne!(hashed, hash("correct horse".into()).await.unwrap(), "the salt is the same");
        assert!(matches("correct horse".into(), Some(hashed.clone())).await.unwrap());
        assert!(!matches("Correct horse".into(), Some(hashed)).await.unwrap());
    }

    #[tokio::test]
    async fn nobody_takes_as_much_work_and_has_no_password() {
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let costs = Params::try_from(&nobody).unwrap();
        assert_eq!((costs.m_cost(), costs.t_cost(), costs.p_cost()), COST);
        assert!(!matches("anything".into(), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_password_is_the_same_on_every_keyboard() {
        let hashed = hash("caf\u{e9} caf\u{e9}".into()).await.unwrap();
        for typed in
            ["caf\u{e9} caf\u{e9}", "cafe\u{301} cafe\u{301}", "caf\u{e9}\u{3000}caf\u{e9}"]
        {
            assert!(matches(typed.into(), Some(hashed.clone())).await.unwrap(), "{typed:?}");
        }
        assert!(!matches("cafe cafe".into(), Some(hashed)).await.unwrap());
    }

    #[tokio::test]
    async fn what_was_hashed_as_it_came_still_matches() {
        let raw = "cafe\u{301} cafe\u{301}";
        let before = argon2().unwrap().hash_password(raw.as_bytes()).unwrap().to_string();
        assert!(matches(raw.into(), Some(before)).await.unwrap());
    }

    #[test]
    fn eight_characters_of_any_script_are_enough() {
        assert!(check(&"x7Kq2p".into(), "").is_err());
        assert!(check(&"кот-и-пёс!".into(), "").is_ok());
        assert!(check(&"x".repeat(513).into(), "").is_err());
        assert!(check(&"\u{2764}\u{fe0f}\u{1f98a} fox den".into(), "").is_ok());
    }

    #[test]
    fn what_everybody_would_try_is_refused() {
        for common in
            ["password", "Password1", "12345678", "qwertyuiop", "        ", "aaaaaaaaaaaa"]
        {
            let refused = check(&common.into(), "alice").unwrap_err().to_string();
            assert!(refused.contains("too common"), "{common:?}: {refused}");
        }
        assert!(check(&"alice.wonder".into(), "alice.wonder").is_err());
        for good in ["correct horse battery", "another good one", "a good password"] {
            assert!(check(&good.into(), "alice").is_ok(), "{good:?}");
        }
    }
}
