//! Where the archive is.

use std::path::PathBuf;

use super::InvalidConfig;

/// Where messages go that have expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArchiveLocation {
    /// A bucket of S3.
    Bucket {
        /// Its name.
        name: String,
        /// What the names of all objects in it begin with, without slashes at the ends; perhaps nothing.
        prefix: String,
    },
    /// A folder of this machine.
    Folder(PathBuf),
}

impl ArchiveLocation {
    /// Reads `s3://bucket`, `s3://bucket/prefix` or the path of a folder; `None` if it is empty.
    pub(super) fn parse(
        variable: &'static str,
        setting: &str,
    ) -> Result<Option<Self>, InvalidConfig> {
        if setting.is_empty() {
            return Ok(None);
        }
        let invalid = |reason: String| Err(InvalidConfig { variable, reason });
        let Some(rest) = setting.strip_prefix("s3://") else {
            if setting.contains("://") {
                return invalid(format!("is {setting:?}, neither s3://… nor a folder"));
            }
            return Ok(Some(Self::Folder(PathBuf::from(setting))));
        };
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if name.is_empty() {
            return invalid("names no bucket".to_owned());
        }
        let (name, prefix) = (name.to_owned(), prefix.trim_matches('/').to_owned());
        Ok(Some(Self::Bucket { name, prefix }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(setting: &str) -> Result<Option<ArchiveLocation>, String> {
        ArchiveLocation::parse("ARCHIVE", setting).map_err(|invalid| invalid.to_string())
    }

    #[test]
    fn a_location_is_a_bucket_or_a_folder() {
        let bucket = |name: &str, prefix: &str| {
            let (name, prefix) = (name.to_owned(), prefix.to_owned());
            Ok(Some(ArchiveLocation::Bucket { name, prefix }))
        };
        assert_eq!(parse(""), Ok(None));
        assert_eq!(parse("s3://kept"), bucket("kept", ""));
        assert_eq!(parse("s3://kept/chat/"), bucket("kept", "chat"));
        assert_eq!(parse("old/ones"), Ok(Some(ArchiveLocation::Folder("old/ones".into()))));
        assert_eq!(parse("s3://"), Err("ARCHIVE names no bucket".to_owned()));
        assert!(parse("http://kept").unwrap_err().starts_with("ARCHIVE is \"http://kept\""));
    }
}
