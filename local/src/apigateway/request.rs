//! The client's opening request, as events show it.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use hyper::header::{self, HeaderMap};
use hyper::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::{IdentitySource, ids};

/// Names and values in the order received; a name may come again.
type Fields = Vec<(String, String)>;

/// The header whose lines are put together.
const PROTOCOLS: &str = "Sec-WebSocket-Protocol";

/// Who asks, with which headers and which query string.
pub(super) struct ClientRequest {
    pub(super) source_ip: IpAddr,
    headers: Fields,
    query: Fields,
}

impl ClientRequest {
    /// Reads a request and adds what AWS's front door adds.
    pub(super) fn read(parts: &Parts, epoch_seconds: i64) -> Self {
        let source_ip = peer(parts).unwrap_or(IpAddr::from([0, 0, 0, 0]));
        let mut headers: Fields = spelled(&parts.headers);
        let forwarded_for = match value_of(&parts.headers, "x-forwarded-for") {
            Some(earlier) => format!("{earlier}, {source_ip}"),
            None => source_ip.to_string(),
        };
        let host = value_of(&parts.headers, header::HOST.as_str()).unwrap_or_default();
        let port = host.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(80_u16);
        let trace = value_of(&parts.headers, "x-amzn-trace-id")
            .unwrap_or_else(|| ids::trace(epoch_seconds));
        for (name, value) in [
            ("X-Amzn-Trace-Id", trace),
            ("X-Forwarded-For", forwarded_for),
            ("X-Forwarded-Port", port.to_string()),
            ("X-Forwarded-Proto", "http".to_owned()),
        ] {
            headers.retain(|(key, _)| key != name);
            headers.push((name.to_owned(), value));
        }
        Self { source_ip, headers, query: parameters(parts.uri.query().unwrap_or_default()) }
    }

    /// What the client says it is, if it says so.
    pub(super) fn user_agent(&self) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(name, _)| name == "User-Agent").map(|(_, value)| value.as_str())
    }

    /// Whether the request carries this, and not just its name.
    pub(super) fn has(&self, source: &IdentitySource) -> bool {
        let filled = |(_, value): &&(String, String)| !value.is_empty();
        match source {
            IdentitySource::Header(name) => {
                let mut headers = self.headers.iter().filter(filled);
                headers.any(|(key, _)| key.eq_ignore_ascii_case(name))
            }
            IdentitySource::QueryString(name) => {
                self.query.iter().filter(filled).any(|(key, _)| key == name)
            }
        }
    }

    /// The fields of an authorizer event: all headers, and empty maps where there is nothing.
    pub(super) fn describe_to_authorizer(&self, event: &mut Map<String, Value>) {
        let mut headers = self.headers.clone();
        headers.push(("content-length".to_owned(), "0".to_owned()));
        insert(event, "headers", "multiValueHeaders", &headers);
        insert(event, "queryStringParameters", "multiValueQueryStringParameters", &self.query);
        event.insert("stageVariables".to_owned(), json!({}));
    }

    /// The fields of a `$connect` event: no hop-by-hop headers, and a query string if there is one.
    pub(super) fn describe_to_connect(&self, event: &mut Map<String, Value>) {
        let mut headers = self.headers.clone();
        headers.retain(|(name, _)| name != "Connection" && name != "Upgrade");
        insert(event, "headers", "multiValueHeaders", &headers);
        if !self.query.is_empty() {
            insert(event, "queryStringParameters", "multiValueQueryStringParameters", &self.query);
        }
    }
}

/// The address the request came from, if the server passes it on.
pub(super) fn peer(parts: &Parts) -> Option<IpAddr> {
    let ConnectInfo(address) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(address.ip().to_canonical())
}

/// Whether a header's comma-separated list has this token, in any case.
pub(super) fn lists(headers: &HeaderMap, name: &str, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let mut tokens = values.flat_map(|value| value.split(','));
    tokens.any(|listed| listed.trim().eq_ignore_ascii_case(token))
}

/// Adds both forms that events have: the last value of each name, and all of them.
pub(super) fn insert(event: &mut Map<String, Value>, single: &str, multi: &str, fields: &Fields) {
    let mut last = Map::new();
    let mut all: Map<String, Value> = Map::new();
    for (name, value) in fields {
        last.insert(name.clone(), value.as_str().into());
        let values = all.entry(name.clone()).or_insert_with(|| json!([]));
        if let Value::Array(values) = values {
            values.push(value.as_str().into());
        }
    }
    event.insert(single.to_owned(), last.into());
    event.insert(multi.to_owned(), all.into());
}

fn value_of(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn spelled(headers: &HeaderMap) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let name = canonical(name.as_str());
        // A list in two lines is one list (<https://www.rfc-editor.org/rfc/rfc6455#section-11.3.4>).
        let earlier = fields.iter_mut().find(|(earlier, _)| name == PROTOCOLS && *earlier == name);
        match earlier {
            Some((_, list)) => *list = format!("{list}, {value}"),
            None => fields.push((name, value)),
        }
    }
    fields
}

/// The usual spelling of a header's name, of which hyper keeps only the lower case.
fn canonical(name: &str) -> String {
    let words = name.split('-').map(|word| match word {
        "websocket" => "WebSocket".to_owned(),
        word => word
            .char_indices()
            .map(|(at, letter)| if at == 0 { letter.to_ascii_uppercase() } else { letter })
            .collect(),
    });
    words.collect::<Vec<String>>().join("-")
}

fn parameters(query: &str) -> Fields {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_spelling(name: &str, expected: &str) {
        assert_eq!(canonical(name), expected);
    }

    #[test]
    fn header_names_get_their_usual_spelling() {
        check_spelling("host", "Host");
        check_spelling("sec-websocket-key", "Sec-WebSocket-Key");
        check_spelling("x-amzn-trace-id", "X-Amzn-Trace-Id");
    }

    #[test]
    fn a_query_string_is_decoded() {
        let expected = [("a", "1 2"), ("a", "ü"), ("b", ""), ("c", "=")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(parameters("a=1+2&a=%C3%BC&b&c=%3D&"), expected);
    }
}
