//! The key that signs access tokens on this machine.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, bail};
use secrecy::SecretString;

use crate::options::Options;

/// The key's file in the data folder.
const FILE: &str = "token.key";

/// The key: made when it is first needed, and kept beside the data; nowhere if nothing is kept.
pub(crate) fn of(options: &Options) -> anyhow::Result<SecretString> {
    if options.memory || options.data.as_os_str().is_empty() {
        return Ok(fresh()?.into());
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

/// Reads the key; refused if others may read it, too.
fn read(path: &Path) -> anyhow::Result<SecretString> {
    let key = fs::read_to_string(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
            bail!("others may read the key in {}: chmod 600 it", path.display());
        }
    }
    Ok(key.trim().to_owned().into())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn options(data: &Path) -> Options {
        Options { memory: false, data: data.to_owned(), ..Options::ephemeral() }
    }

    #[test]
    fn a_key_is_made_once_and_is_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let key = of(&options(&data)).unwrap();
        assert_eq!(key.expose_secret().len(), 64);
        assert_eq!(of(&options(&data)).unwrap().expose_secret(), key.expose_secret());
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
        assert!(keys.iter().all(|key| key.expose_secret() == keys[0].expose_secret()));
    }

    #[test]
    fn in_memory_every_key_is_another() {
        let one = of(&Options::ephemeral()).unwrap();
        assert_ne!(one.expose_secret(), of(&Options::ephemeral()).unwrap().expose_secret());
    }
}
