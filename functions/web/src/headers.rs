//! What a browser is told to refuse, whatever a page or a message holds.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::response::Response;

/// The page's Content-Security-Policy: its own files, the WebSocket, and nothing else. Text cannot
/// become markup or a script either (<https://www.w3.org/TR/trusted-types/>).
pub(crate) fn policy(websocket_url: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'{}; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        origin(websocket_url)
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// The origin of a WebSocket elsewhere, as one more source; one on the page's own host is `'self'`.
fn origin(websocket_url: &str) -> String {
    let parts = websocket_url.split_once("://");
    let origin = parts.map(|(scheme, rest)| {
        let host = rest.split(['/', '?', ';', ' ']).next().unwrap_or_default();
        format!(" {scheme}://{host}")
    });
    origin.unwrap_or_default()
}

/// Puts the headers on every answer, an error's too.
pub(crate) async fn secure(State(policy): State<HeaderValue>, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(websocket_url: &str, sources: &str) {
        let policy = policy(websocket_url);
        let policy = policy.to_str().unwrap();
        assert!(policy.contains(&format!("; connect-src {sources};")), "{policy}");
    }

    #[test]
    fn a_page_may_only_connect_to_its_own_api() {
        check("/ws", "'self'");
        check(
            "wss://a1.execute-api.eu-west-1.amazonaws.com/prod",
            "'self' wss://a1.execute-api.eu-west-1.amazonaws.com",
        );
        check("wss://chat.example.com:8443", "'self' wss://chat.example.com:8443");
        check("wss://chat.example.com; script-src *", "'self' wss://chat.example.com");
    }
}
