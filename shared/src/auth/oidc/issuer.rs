//! Where an issuer's keys are: its discovery document says.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::Uri;
use serde::Deserialize;

use super::error::{Error, Misconfigured, unknown};
use super::http::Http;
use super::key_set::KeySet;

/// How long keys are believed unless their sender says otherwise.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// The least and the most that a sender may say.
const SHORTEST: Duration = Duration::from_secs(5 * 60);
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// An issuer that can be asked for its keys.
#[derive(Debug)]
pub(super) struct Issuer {
    name: String,
    reach: Reach,
}

/// Who could stand between us and an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Anybody, but TLS tells us whom we talk to.
    Tls,
    /// Nobody: it is this machine, for trials.
    Loopback,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Issuer {
    /// The issuer whose tokens say `name`, to the letter.
    pub(super) fn parse(name: &str) -> Result<Self, Misconfigured> {
        if name.contains(['?', '#']) {
            return Err(Misconfigured::Issuer("has a query or a fragment"));
        }
        let reach = reach(name).ok_or(Misconfigured::Issuer("is not an https:// address"))?;
        Ok(Self { name: name.to_owned(), reach })
    }

    /// What tokens call it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its keys as it publishes them now, and how long to believe them.
    pub(super) async fn keys(&self, http: &Http) -> Result<(KeySet, Duration), Error> {
        let address = self.key_set_address(http).await?;
        let fetched = http.get(&address).await;
        let document = fetched.map_err(unknown("fetch the issuer's key set"))?;
        let read = KeySet::parse(&document.bytes);
        let keys = read.map_err(unknown("read the issuer's key set"))?;
        let fresh_for = document.max_age.map_or(FRESH, |age| age.clamp(SHORTEST, LONGEST));
        Ok((keys, fresh_for))
    }

    async fn key_set_address(&self, http: &Http) -> Result<String, Error> {
        let base = self.name.strip_suffix('/').unwrap_or(&self.name);
        let fetched = http.get(&format!("{base}/.well-known/openid-configuration")).await;
        let document = fetched.map_err(unknown("fetch the issuer's discovery document"))?;
        let read = serde_json::from_slice::<Discovery>(&document.bytes);
        let discovery = read.map_err(unknown("read the issuer's discovery document"))?;

        let refuse = unknown("trust the issuer's discovery document");
        if discovery.issuer != self.name {
            return Err(refuse("it is another issuer's"));
        }
        match (reach(&discovery.jwks_uri), self.reach) {
            (Some(Reach::Tls), _) | (Some(Reach::Loopback), Reach::Loopback) => {}
            _ => return Err(refuse("its keys are not at an https:// address")),
        }
        Ok(discovery.jwks_uri)
    }
}

/// How `address` is reached; none if keys from there could be anybody's.
fn reach(address: &str) -> Option<Reach> {
    let uri = address.parse::<Uri>().ok()?;
    let authority = uri.authority()?;
    // A name before the host only makes it look like another host.
    if authority.as_str().contains('@') || authority.host().is_empty() {
        return None;
    }
    match uri.scheme_str()? {
        "https" => Some(Reach::Tls),
        "http" if is_loopback(authority.host()) => Some(Reach::Loopback),
        _ => None,
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
}
