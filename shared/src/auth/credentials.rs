//! What a request shows to prove who sends it.
//!
//! | shown as | opens |
//! |---|---|
//! | `Authorization: Bearer <token>` | everything: WebSockets and HTTP |
//! | `Sec-WebSocket-Protocol: confab, <token>` | WebSockets: browsers cannot send the header above with one |
//! | `Authorization: Bearer confab_key_…` | HTTP, where keys may call |
//! | `?ticket=`, good once and soon | one WebSocket |
//! | `?token=`, which ends up in other people's logs | WebSockets |

use secrecy::SecretString;

use super::api_keys::looks_like_a_key;

/// The subprotocol that browsers offer beside a token.
pub const CONFAB: &str = "confab";

/// What a request shows.
#[derive(Debug)]
pub enum Credential {
    /// An access token.
    Token(SecretString),
    /// A ticket.
    Ticket(SecretString),
    /// A key of somebody's backend.
    Key(SecretString),
}

impl Credential {
    /// What opens everything: the token of an `Authorization` header, or a key. An HTTP request has nothing
    /// else to show: a ticket or a `?token=` ends up in other people's logs, and a ticket is for one connection.
    pub fn of_request<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        let shown = bearer(header("authorization")?)?;
        let is_key = looks_like_a_key(shown);
        Some(if is_key { Self::Key(shown.into()) } else { Self::Token(shown.into()) })
    }

    /// What opens a WebSocket: the first that there is of headers and query string, best kept first.
    pub fn of_handshake<'a>(
        header: impl Fn(&str) -> Option<&'a str>,
        query: impl Fn(&str) -> Option<&'a str>,
    ) -> Option<Self> {
        let offered = || beside_confab(header("sec-websocket-protocol"));
        let offered = || offered().map(|token| Self::Token(token.into()));
        let given = |name| query(name).filter(|value| !value.is_empty());
        Self::of_request(&header)
            .or_else(offered)
            .or_else(|| given("ticket").map(|ticket| Self::Ticket(ticket.into())))
            .or_else(|| given("token").map(|token| Self::Token(token.into())))
    }
}

/// The subprotocols that a client offers.
pub fn subprotocols(header: Option<&str>) -> impl Iterator<Item = &str> {
    header.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty())
}

/// What is offered right after `confab`.
fn beside_confab(header: Option<&str>) -> Option<&str> {
    let mut offered = subprotocols(header);
    offered.find(|name| *name == CONFAB)?;
    offered.next()
}

/// The token of an `Authorization` header; the scheme in any case
/// (<https://www.rfc-editor.org/rfc/rfc9110#section-11.1>).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[track_caller]
    fn check(header: (&str, &'static str), query: &[(&str, &'static str)], expected: &str) {
        let credential = Credential::of_handshake(
            |name| (name == header.0).then_some(header.1),
            |name| query.iter().find(|(known, _)| *known == name).map(|(_, value)| *value),
        );
        let told = |credential: Option<Credential>| {
            credential.map_or("nothing".to_owned(), |credential| match credential {
                Credential::Token(token) => format!("token {}", token.expose_secret()),
                Credential::Ticket(ticket) => format!("ticket {}", ticket.expose_secret()),
                Credential::Key(key) => format!("key {}", key.expose_secret()),
            })
        };
        assert_eq!(told(credential), expected);
        let of_request = Credential::of_request(|name| (name == header.0).then_some(header.1));
        let whole = if header.0 == "authorization" { expected } else { "nothing" };
        assert_eq!(told(of_request), whole, "over HTTP");
    }

    #[test]
    fn the_best_kept_counts() {
        let both = &[("token", "t"), ("ticket", "o")];
        check(("authorization", "bearer a.b.c"), both, "token a.b.c");
        check(("authorization", "Bearer confab_key_a_b"), both, "key confab_key_a_b");
        check(("sec-websocket-protocol", "confab, a.b.c"), both, "token a.b.c");
        check(("sec-websocket-protocol", "other,confab,a.b.c"), &[], "token a.b.c");
        check(("x", ""), both, "ticket o");
        check(("x", ""), &both[..1], "token t");
    }

    #[test]
    fn what_is_no_credential_is_nothing() {
        check(("authorization", "Basic YTpi"), &[], "nothing");
        check(("authorization", "Bearer"), &[], "nothing");
        check(("sec-websocket-protocol", "confab"), &[], "nothing");
        check(("sec-websocket-protocol", "graphql, a.b.c"), &[], "nothing");
        check(("x", ""), &[("token", ""), ("ticket", "")], "nothing");
    }
}
