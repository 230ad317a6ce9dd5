//! The key that signs access tokens on this machine.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, bail};
use secrecy::SecretString;

use crate::options::Options;

/// The key's file in the data folder.
const FILE: &str = "token.key";

/// The key: made when it is first needed, and kept beside the data; with `--memory` nowhere.
pub(crate) fn of(options: &Options) -> anyhow::Result<SecretString> {
    if options.memory {
        return Ok(fresh()?.into());
    }
    fs::create_dir_all(&options.data)
        .with_context(|| format!("cannot make the folder {}", options.data.display()))?;
    let path = options.data.join(FILE);
    match read(&path) {
        Ok(key) => Ok(key),
        Err(error) if is_missing(&error) => {
            write(&path, &fresh()?)
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

/// Writes a file that only its owner may read, unless there is one already.
fn write(path: &Path, key: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(mut file) => file.write_all(key.as_bytes()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
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
    fn in_memory_every_key_is_another() {
        let one = of(&Options::ephemeral()).unwrap();
        assert_ne!(one.expose_secret(), of(&Options::ephemeral()).unwrap().expose_secret());
    }
}
