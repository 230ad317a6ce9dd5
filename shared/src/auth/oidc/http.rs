//! Fetches an issuer's documents: small ones, soon, and only from where they are said to be.

use std::error::Error as StdError;
use std::time::Duration;

use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::http::Headers;
use http_body_util::{BodyExt, Limited};

/// How long one document may take, from the look-up of the name to the last byte.
const PATIENCE: Duration = Duration::from_secs(3);
/// The largest document that is read.
const MOST_BYTES: usize = 256 * 1024;

/// A client without redirects, proxies and cookies: the SDK's own transport, with the certificates
/// of the system.
#[derive(Clone, Debug)]
pub struct Http(SharedHttpConnector);

/// A document and how long its sender wants it to be believed.
pub(super) struct Document {
    pub(super) bytes: Vec<u8>,
    pub(super) max_age: Option<Duration>,
}

impl Http {
    /// A client that keeps no connections: an hour later, and on Lambda much sooner, they are dead.
    pub fn new() -> Self {
        let crypto = tls::rustls_provider::CryptoMode::AwsLc;
        let connector = Connector::builder()
            .pool_max_idle_per_host(0)
            .tls_provider(tls::Provider::Rustls(crypto))
            .build();
        Self(SharedHttpConnector::new(connector))
    }

    /// The document at `url`; anything but a whole one in time is an error.
    pub(super) async fn get(&self, url: &str) -> Result<Document, Box<dyn StdError + Send + Sync>> {
        match tokio::time::timeout(PATIENCE, self.fetch(url)).await {
            Ok(document) => document,
            Err(_) => Err(format!("there was no answer within {} s", PATIENCE.as_secs()).into()),
        }
    }

    async fn fetch(&self, url: &str) -> Result<Document, Box<dyn StdError + Send + Sync>> {
        let mut request = HttpRequest::get(url)?;
        request.headers_mut().insert("accept", "application/json");
        request.headers_mut().insert("user-agent", concat!("confab/", env!("CARGO_PKG_VERSION")));
        let response = self.0.call(request).await?;
        if response.status().as_u16() != 200 {
            return Err(format!("the answer is {}", response.status()).into());
        }
        let max_age = max_age(response.headers());
        let body = Limited::new(response.into_body(), MOST_BYTES).collect().await?;
        Ok(Document { bytes: body.to_bytes().into(), max_age })
    }
}

impl Default for Http {
    fn default() -> Self {
        Self::new()
    }
}

/// `Cache-Control`'s `max-age`; zero for what is not to be kept.
fn max_age(headers: &Headers) -> Option<Duration> {
    let directives = headers.get_all("cache-control").flat_map(|value| value.split(','));
    let ages = directives.filter_map(|directive| {
        let directive = directive.trim().to_ascii_lowercase();
        if matches!(directive.as_str(), "no-cache" | "no-store") {
            return Some(0);
        }
        directive.strip_prefix("max-age=")?.trim_matches('"').parse().ok()
    });
    ages.min().map(Duration::from_secs)
}
