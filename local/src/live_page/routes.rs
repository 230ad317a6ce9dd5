//! The page over HTTP, for this machine only.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::middleware;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use axum::{Json, Router};

use super::{LivePage, state};
use crate::http_server;

const PAGE: &str = include_str!("client/live.html");
const STYLE: &str = include_str!("client/live.css");
const SCRIPT: &str = include_str!("client/live.js");

/// Its own files, its own state, and nothing else: text from anybody is never markup or script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types 'none'";

impl LivePage {
    /// `/_local`, the files of the page below it, and `/_local/state`.
    pub(crate) fn routes(&self) -> Router {
        Router::new()
            .route("/_local", file(PAGE, "text/html; charset=utf-8"))
            .route("/_local/live.css", file(STYLE, "text/css; charset=utf-8"))
            .route("/_local/live.js", file(SCRIPT, "text/javascript; charset=utf-8"))
            .route("/_local/state", get(look).with_state(self.clone()))
            .layer(middleware::map_response(with_headers))
            .layer(middleware::from_fn(http_server::only_this_machine))
    }
}

fn file(content: &'static str, kind: &'static str) -> MethodRouter {
    get(move || async move { ([(CONTENT_TYPE, kind)], content) })
}

async fn look(State(page): State<LivePage>) -> Json<state::State> {
    Json(page.state())
}

async fn with_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    response
}
