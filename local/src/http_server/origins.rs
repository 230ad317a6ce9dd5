//! Which web pages may ask.
//!
//! A browser on this machine sends the requests of any page to any address, and a page's own name may
//! begin to point here while it is open (DNS rebinding). Where nobody proves who they are, only pages
//! of this machine and those that are named get through.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::Response;

use super::refusal::refuse;

/// The web origins that were named to the server.
#[derive(Clone, Debug, Default)]
pub(crate) struct AllowedOrigins {
    origins: Arc<[HeaderValue]>,
}

impl AllowedOrigins {
    /// Pages of `origins` may ask, under the names of these, too; `*` is every page, but still under
    /// the names of this machine only.
    pub(crate) fn named(origins: &[HeaderValue]) -> Self {
        Self { origins: origins.into() }
    }

    /// Puts the question before every route: who may not ask is refused.
    pub(crate) fn guard(&self, routes: Router) -> Router {
        routes.layer(middleware::from_fn_with_state(self.clone(), only_neighbours))
    }

    /// Whether a client may call this server by this name: a number, this machine's own, or one that
    /// was named.
    fn knows(&self, authority: &str) -> bool {
        let Ok(authority) = authority.parse::<Authority>() else { return false };
        let host = authority.host();
        let named = || self.origins.iter().filter_map(authority_of);
        address(host).is_some()
            || is_localhost(host)
            || named().any(|named| named.host().eq_ignore_ascii_case(host))
    }

    /// Whether a page of this origin may ask what it calls `host`.
    fn trusts(&self, origin: &HeaderValue, host: Option<&str>) -> bool {
        if self.origins.iter().any(|named| named == "*" || named == origin) {
            return true;
        }
        authority_of(origin).is_some_and(|page| {
            let of_this_machine = address(page.host()).is_some_and(|address| address.is_loopback());
            of_this_machine
                || is_localhost(page.host())
                || host.is_some_and(|host| host.eq_ignore_ascii_case(page.as_str()))
        })
    }

    fn may_ask(&self, parts: &Parts) -> Result<(), &'static str> {
        let header = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let target = parts.uri.authority().map(Authority::as_str);
        if !header.into_iter().chain(target).all(|name| self.knows(name)) {
            return Err("This server has another name; --cors-origins can give it one");
        }
        match parts.headers.get(ORIGIN) {
            Some(origin) if !self.trusts(origin, header) => {
                Err("Pages of other origins have to be named by --cors-origins")
            }
            _ => Ok(()),
        }
    }
}

/// Whether a request calls this machine by a name of its own, and comes from no page of elsewhere: the names
/// that were given to the server do not count.
fn is_of_this_machine(parts: &Parts) -> bool {
    let is_local = |authority: &Authority| {
        let host = authority.host();
        address(host).is_some_and(|address| address.is_loopback()) || is_localhost(host)
    };
    let header = parts.headers.get(HOST).map(|host| host.to_str().ok()?.parse().ok());
    let named = header.into_iter().chain(parts.uri.authority().cloned().map(Some));
    let origin = parts.headers.get(ORIGIN).map(authority_of);
    named.chain(origin).all(|authority| authority.as_ref().is_some_and(is_local))
}

/// Refuses in every mode whoever is elsewhere, and pages of elsewhere, whatever they call this server: for
/// what shows everybody's frames and counts.
pub(crate) async fn only_this_machine(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if !is_loopback(&parts) || !is_of_this_machine(&parts) {
        return refuse(StatusCode::FORBIDDEN, "This is for this machine only");
    }
    next.run(Request::from_parts(parts, body)).await
}

fn is_loopback(parts: &Parts) -> bool {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.is_some_and(|peer| peer.0.ip().to_canonical().is_loopback())
}

async fn only_neighbours(
    State(origins): State<AllowedOrigins>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    if let Err(reason) = origins.may_ask(&parts) {
        return refuse(StatusCode::FORBIDDEN, reason);
    }
    next.run(Request::from_parts(parts, body)).await
}

fn authority_of(origin: &HeaderValue) -> Option<Authority> {
    let uri: Uri = origin.to_str().ok()?.parse().ok()?;
    uri.authority().cloned()
}

/// A host that is a number: nobody can let a number point elsewhere.
fn address(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(host) => host.parse::<Ipv6Addr>().ok().map(|ip| IpAddr::from(ip).to_canonical()),
        None => host.parse().ok(),
    }
}

/// Names that browsers take to be this machine, whatever a name server says
/// (<https://www.rfc-editor.org/rfc/rfc6761#section-6.3>).
fn is_localhost(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins() -> AllowedOrigins {
        let origin = "https://chat.example.com";
        AllowedOrigins::named(&[HeaderValue::from_static(origin)])
    }

    #[track_caller]
    fn check_host(host: &str, expected: bool) {
        assert_eq!(origins().knows(host), expected, "of {host}");
    }

    #[track_caller]
    fn check_origin(origin: &'static str, host: &str, expected: bool) {
        let origin = HeaderValue::from_static(origin);
        assert_eq!(origins().trusts(&origin, Some(host)), expected, "of {origin:?} at {host}");
    }

    #[test]
    fn a_server_is_called_by_a_number_or_by_a_name_of_its_own() {
        for host in ["127.0.0.1:8080", "[::1]:8080", "192.168.1.5", "localhost", "Chat.LOCALHOST:1"]
        {
            check_host(host, true);
        }
        check_host("chat.example.com:8080", true);
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "::1"]
        {
            check_host(host, false);
        }
    }

    #[test]
    fn a_page_is_of_this_machine_or_this_server_or_named() {
        check_origin("http://localhost:5173", "127.0.0.1:8080", true);
        check_origin("http://[::1]:5173", "127.0.0.1:8080", true);
        check_origin("http://192.168.1.5:8080", "192.168.1.5:8080", true);
        check_origin("https://chat.example.com", "127.0.0.1:8080", true);
        check_origin("http://chat.example.com", "127.0.0.1:8080", false);
        check_origin("http://192.168.1.6:8080", "192.168.1.5:8080", false);
        check_origin("https://evil.example", "127.0.0.1:8080", false);
        check_origin("null", "127.0.0.1:8080", false);
    }

    #[test]
    fn every_page_may_be_let_in_but_not_under_every_name() {
        let all = AllowedOrigins::named(&[HeaderValue::from_static("*")]);
        assert!(all.trusts(&HeaderValue::from_static("https://evil.example"), None));
        assert!(!all.knows("evil.example"));
    }
}
