//! Where the server is.

use anyhow::{Context, bail};
use form_urlencoded::Serializer;

/// The two APIs of one server.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    websocket: String,
    http: String,
}

impl Addresses {
    /// Takes the WebSocket URL; unless `http` names another, HTTP is answered on the same host.
    pub(crate) fn new(websocket: &str, http: Option<&str>) -> anyhow::Result<Self> {
        let (scheme, rest) =
            websocket.split_once("://").context("--url is to begin with ws:// or wss://")?;
        let http_scheme = match scheme {
            "ws" => "http",
            "wss" => "https",
            _ => bail!("--url is to begin with ws:// or wss://, not with {scheme}://"),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (host, asked) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if host.is_empty() {
            bail!("--url names no host");
        }
        let http = http.map_or_else(|| format!("{http_scheme}://{host}"), str::to_owned);
        if !http.starts_with("http://") && !http.starts_with("https://") {
            bail!("--http is to begin with http:// or https://");
        }
        // Every request has a path.
        let slash = if asked.starts_with('/') { "" } else { "/" };
        let websocket = format!("{scheme}://{host}{slash}{asked}");
        Ok(Self { websocket, http: http.trim_end_matches('/').to_owned() })
    }

    /// The WebSocket URL as it may be shown: without anything that is asked in it.
    pub(crate) fn websocket(&self) -> &str {
        self.websocket.split('?').next().unwrap_or_default()
    }

    /// The WebSocket URL with a query.
    pub(crate) fn websocket_with(&self, query: &[(&str, &str)]) -> String {
        let mut encoded = Serializer::new(String::new());
        let encoded = encoded.extend_pairs(query).finish();
        let separator = if self.websocket.contains('?') { '&' } else { '?' };
        format!("{}{separator}{encoded}", self.websocket)
    }

    /// The HTTP URL, without a slash at its end.
    pub(crate) fn http(&self) -> &str {
        &self.http
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(websocket: &str, http: Option<&str>, expected: Option<&str>) {
        let addresses = Addresses::new(websocket, http).ok();
        assert_eq!(addresses.as_ref().map(Addresses::http), expected, "{websocket} {http:?}");
    }

    #[test]
    fn http_is_answered_on_the_same_host_unless_said_otherwise() {
        check("ws://127.0.0.1:8080/ws", None, Some("http://127.0.0.1:8080"));
        check("wss://chat.example/ws?x=1", None, Some("https://chat.example"));
        check("wss://a.example/Prod", Some("https://b.example/"), Some("https://b.example"));
        check("http://a.example", None, None);
        check("ws://", None, None);
        check("ws://a.example", Some("b.example"), None);
        check("http://a.example", Some("http://b.example"), None);
        check("ws://[::1]:8080/ws#x", None, Some("http://[::1]:8080"));
        check("a.example", None, None);
    }

    #[test]
    fn there_is_always_a_path() {
        for (url, expected) in [
            ("wss://a.example", "wss://a.example/?x=1"),
            ("wss://a.example?y=/", "wss://a.example/?y=/&x=1"),
            ("wss://a.example/ws#z", "wss://a.example/ws?x=1"),
        ] {
            let addresses = Addresses::new(url, None).unwrap();
            assert_eq!(addresses.websocket_with(&[("x", "1")]), expected);
        }
    }

    #[test]
    fn names_are_encoded() {
        let addresses = Addresses::new("ws://a.example/ws", None).unwrap();
        let url = addresses.websocket_with(&[("user_id", "a&b=c d"), ("history", "0")]);
        assert_eq!(url, "ws://a.example/ws?user_id=a%26b%3Dc+d&history=0");
    }
}
