//! Handshakes that do not succeed.

use axum::Json;
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use hyper::header::HeaderValue;
use serde_json::json;

use super::connection_handle::ConnectionInfo;
use super::event::RequestContext;

/// Why a client may not connect, as it will see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HandshakeRejection {
    pub(super) status: StatusCode,
    message: &'static str,
}

impl HandshakeRejection {
    pub(super) const UNAUTHORIZED: Self = Self::new(StatusCode::UNAUTHORIZED, "Unauthorized");
    pub(super) const FORBIDDEN: Self = Self::new(StatusCode::FORBIDDEN, "Forbidden");
    pub(super) const BAD_REQUEST: Self = Self::new(StatusCode::BAD_REQUEST, "Bad Request");
    pub(super) const URL_TOO_LONG: Self = Self::new(StatusCode::URI_TOO_LONG, "URI Too Long");
    pub(super) const NOT_WEBSOCKET: Self =
        Self::new(StatusCode::UPGRADE_REQUIRED, "Upgrade Required");
    pub(super) const AUTHORIZER_FAILED: Self =
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error");
    pub(super) const LAMBDA_FAILED: Self =
        Self::new(StatusCode::BAD_GATEWAY, "Internal server error");
    pub(super) const TIMED_OUT: Self =
        Self::new(StatusCode::GATEWAY_TIMEOUT, "Endpoint request timed out");

    const fn new(status: StatusCode, message: &'static str) -> Self {
        Self { status, message }
    }

    /// The `$connect` Lambda has answered with this status, which is not a success.
    pub(super) fn by_lambda(status: StatusCode) -> Self {
        Self::new(status, status.canonical_reason().unwrap_or("Refused"))
    }

    /// The response to a request that has become neither an event nor a connection.
    pub(super) fn before_events(self) -> Response {
        let mut response = (self.status, Json(json!({ "message": self.message }))).into_response();
        let headers = response.headers_mut();
        match self.status {
            StatusCode::UPGRADE_REQUIRED => {
                headers.insert("upgrade", HeaderValue::from_static("websocket"));
            }
            _ => {
                headers.insert("sec-websocket-version", HeaderValue::from_static("13"));
            }
        }
        response
    }

    /// The response to a client that Lambdas have been asked about.
    pub(super) fn to(self, caller: &ConnectionInfo, occasion: &RequestContext) -> Response {
        let body = json!({
            "message": self.message,
            "connectionId": caller.connection_id,
            "requestId": occasion.request_id,
        });
        (self.status, Json(body)).into_response()
    }
}
