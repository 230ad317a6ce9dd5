//! Passwords: kept as argon2id hashes only, with the parameters that OWASP asks for
//! (<https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html>).

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::task::spawn_blocking;

use crate::Error;

/// What a password takes to try: memory in KiB, passes, lanes.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// The fewest characters of a password
/// (<https://pages.nist.gov/800-63-4/sp800-63b.html>).
const MIN_CHARS: usize = 8;
/// The most bytes, so that nobody has us hash megabytes.
const MAX_BYTES: usize = 512;
/// Of nobody: what a sign-in is checked against where there is no account, to take as long.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5cyBzYWx0IQ$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Refuses passwords that are too short or too long for a new account.
pub(super) fn check(password: &SecretString) -> Result<(), Error> {
    let password = password.expose_secret();
    if password.chars().count() < MIN_CHARS {
        return Err(Error::Invalid(format!("`password` has at least {MIN_CHARS} characters")));
    }
    if password.len() > MAX_BYTES {
        return Err(Error::TooLarge { what: "password", limit: MAX_BYTES });
    }
    Ok(())
}

/// The hash of a password, with a salt of its own.
pub(super) async fn hash(password: SecretString) -> Result<String, Error> {
    let hashing = spawn_blocking(move || {
        let hash = argon2()?.hash_password(password.expose_secret().as_bytes());
        hash.map(|hash| hash.to_string()).map_err(|_| Error::Corrupt("a new password"))
    });
    hashing.await.map_err(|_| Error::Corrupt("a new password"))?
}

/// Whether `password` is the one of `hash`; takes as long when there is none.
pub(super) async fn matches(password: SecretString, hash: Option<String>) -> Result<bool, Error> {
    if password.expose_secret().len() > MAX_BYTES {
        return Ok(false);
    }
    let matching = spawn_blocking(move || {
        let stored = hash.as_deref().unwrap_or(NOBODY);
        let stored = PasswordHash::new(stored).map_err(|_| Error::Corrupt("password_hash"))?;
        let matched = argon2()?.verify_password(password.expose_secret().as_bytes(), &stored);
        Ok(matched.is_ok() && hash.is_some())
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

    #[test]
    fn eight_characters_of_any_script_are_enough() {
        assert!(check(&"1234567".into()).is_err());
        assert!(check(&"пароль!!".into()).is_ok());
        assert!(check(&"x".repeat(513).into()).is_err());
    }
}
