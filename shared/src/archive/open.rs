//! Opens the archive where it is.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, RetryConfig};

use super::Archive;
use super::http::Transport;
use crate::config::{ARCHIVE, ArchiveLocation, InvalidConfig};

/// How long a request to a bucket is tried again.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often.
const RETRIES: usize = 3;

impl Archive {
    /// Opens the archive: a bucket with the credentials and the Region of the function's environment
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>),
    /// a folder by making it.
    pub fn open(location: &ArchiveLocation) -> Result<Self, InvalidConfig> {
        let opened = match location {
            ArchiveLocation::Bucket { name, prefix } => open_bucket(name, prefix),
            ArchiveLocation::Folder(folder) => open_folder(folder),
        };
        opened.map_err(|reason| InvalidConfig { variable: ARCHIVE, reason })
    }
}

fn open_folder(folder: &Path) -> Result<Archive, String> {
    let shown = folder.display();
    std::fs::create_dir_all(folder)
        .map_err(|error| format!("names the folder {shown}, which cannot be made: {error}"))?;
    let store = LocalFileSystem::new_with_prefix(folder)
        .map_err(|error| format!("names the folder {shown}, which cannot be opened: {error}"))?;
    Ok(Archive::new(Arc::new(store)))
}

fn open_bucket(name: &str, prefix: &str) -> Result<Archive, String> {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(name)
        .with_region(variable("AWS_REGION"))
        .with_access_key_id(variable("AWS_ACCESS_KEY_ID"))
        .with_secret_access_key(variable("AWS_SECRET_ACCESS_KEY"))
        .with_http_connector(Transport::new())
        .with_retry(RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: RETRIES,
            retry_timeout: PATIENCE,
        });
    if let Ok(token) = std::env::var("AWS_SESSION_TOKEN") {
        builder = builder.with_token(token);
    }
    if let Ok(endpoint) = std::env::var("AWS_ENDPOINT_URL_S3") {
        builder = builder.with_allow_http(endpoint.starts_with("http://")).with_endpoint(endpoint);
    }
    let store = builder.build().map_err(|error| format!("cannot be opened: {error}"))?;
    if prefix.is_empty() {
        return Ok(Archive::new(Arc::new(store)));
    }
    Ok(Archive::new(Arc::new(PrefixStore::new(store, prefix))))
}
