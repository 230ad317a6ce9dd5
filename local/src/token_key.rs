//! The key that signs access tokens on this machine.
//!
//! Its file has one key a line: the first signs, and what the second signed before is good still. To change
//! the key, put a new line before the others.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, bail};
use secrecy::SecretString;
use shared::config::TokenKeys;

use crate::options::Options;

/// The key's file in the data folder.
const FILE: &str = "token.key";

/// The keys: one is made when it is first needed, and kept beside the data; nowhere if nothing is kept.
pub(crate) fn of(options: &Options) -> anyhow::Result<TokenKeys> {
    if options.memory || options.data.as_os_str().is_empty() {
        return Ok(TokenKeys { current: fresh()?.into(), previous: None });
    }
    fs::create_dir_all(&options.data)
        .with_context(|| format!("cannot make the folder {}", options.data.display()))?;
    let path = options.data.join(FILE);
    match read(&path) {
        Ok(key) => Ok(key),
        Err(error) if is_missing(&error) => {
            write(&options.data, &fresh()?)
                .with_context(|| format!("cannot keep a key in {}", path.display()))?;
            read(&path)
        }
        Err(error) => Err(error),
    }
}

fn is_missing(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == ErrorKind::NotFound)
}

/// 32 random bytes in hexadecimal digits.
fn fresh() -> anyhow::Result<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).context("no random bytes for a key")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Puts a file there that only its owner may read, whole or not at all; one that is there stays.
fn write(folder: &Path, key: &str) -> std::io::Result<()> {
    // Made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(key.as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(folder.join(FILE)) {
        Ok(_) => Ok(()),
        Err(refused) if refused.error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(refused) => Err(refused.error),
    }
}

/// Reads the keys; refused if others may read them, too.
fn read(path: &Path) -> anyhow::Result<TokenKeys> {
    let text = fs::read_to_string(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
            bail!("others may read the key in {}: chmod 600 it", path.display());
        }
    }
    let mut keys =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(SecretString::from);
    let current = keys.next().with_context(|| format!("there is no key in {}", path.display()))?;
    Ok(TokenKeys { current, previous: keys.next() })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn options(data: &Path) -> Options {
        Options { memory: false, data: data.to_owned(), ..Options::ephemeral() }
    }

    fn current(keys: &TokenKeys) -> &str {
        keys.current.expose_secret()
    }

    #[test]
    fn a_key_is_made_once_and_is_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let key = of(&options(&data)).unwrap();
        assert_eq!(key.current.expose_secret().len(), 64);
        assert!(key.previous.is_none());
        assert_eq!(current(&of(&options(&data)).unwrap()), current(&key));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let file = data.join(FILE);
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
            let refused = of(&options(&data)).unwrap_err().to_string();
            assert!(refused.contains("chmod 600"), "{refused}");
        }
    }

    #[test]
    fn of_many_who_make_a_key_at_once_all_get_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let options = options(folder.path());
        let keys: Vec<_> = std::thread::scope(|scope| {
            let making: Vec<_> = (0..8).map(|_| scope.spawn(|| of(&options).unwrap())).collect();
            making.into_iter().map(|it| it.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| current(key) == current(&keys[0])));
    }

    #[test]
    fn in_memory_every_key_is_another() {
        let one = of(&Options::ephemeral()).unwrap();
        assert_ne!(current(&one), current(&of(&Options::ephemeral()).unwrap()));
    }

    #[test]
    fn the_line_after_the_first_is_the_key_before() {
        let folder = tempfile::tempdir().unwrap();
        let old = of(&options(folder.path())).unwrap();
        let (path, new) = (folder.path().join(FILE), fresh().unwrap());
        fs::write(&path, format!("{new}\n{}\n", current(&old))).unwrap();
        let both = of(&options(folder.path())).unwrap();
        assert_eq!(current(&both), new);
        assert_eq!(both.previous.unwrap().expose_secret(), current(&old));
        fs::write(&path, "\n").unwrap();
        assert!(of(&options(folder.path())).unwrap_err().to_string().contains("no key"));
    }
}
