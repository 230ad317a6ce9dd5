//! The management API: push to a connection, look at it, close it.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html>

use std::borrow::Cow;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::json;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::connection_handle::ConnectionHandle;
use super::outbound::QueueError;
use super::{ApiGateway, Way, ids, request};
use crate::http_server::{self, RequestTimeouts, Unread};

/// Answers a request to `@connections`.
pub(super) async fn manage(State(gateway): State<ApiGateway>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let outcome = respond(&gateway, &parts, body).await;
    let mut response = outcome.unwrap_or_else(IntoResponse::into_response);
    if let Ok(id) = HeaderValue::from_str(&ids::fresh()) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}

/// Answers a request about connections of a stage that there is not.
pub(super) async fn elsewhere() -> Response {
    Fault::FORBIDDEN.into_response()
}

async fn respond(gateway: &ApiGateway, parts: &Parts, body: Body) -> Result<Response, Fault> {
    if !request::peer(parts).is_some_and(|address| address.is_loopback()) {
        return Err(Fault::FORBIDDEN);
    }
    let name = named(parts).ok_or_else(|| Fault::no_method(parts))?;
    match parts.method {
        Method::POST => push(gateway, &connection_id(name)?, body).await,
        Method::GET => look(gateway, &connection_id(name)?),
        Method::DELETE => close(gateway, &connection_id(name)?),
        _ => Err(Fault::no_method(parts)),
    }
}

/// What the path has where a connection's id belongs.
fn named(parts: &Parts) -> Option<&str> {
    let (_, name) = parts.uri.path().split_once("connections/")?;
    (!name.is_empty() && !name.contains('/')).then_some(name)
}

/// The id, whichever way it is encoded.
fn connection_id(name: &str) -> Result<String, Fault> {
    let id = percent_decode_str(name).decode_utf8().map_err(|_| Fault::INVALID_ID)?;
    ids::may_be_connection(&id).then(|| id.into_owned()).ok_or(Fault::INVALID_ID)
}

async fn push(gateway: &ApiGateway, id: &str, body: Body) -> Result<Response, Fault> {
    let data = read(body, gateway.api.limits.message_bytes).await?;
    let session = gateway.connections.get(id).ok_or(Fault::GONE)?;
    let text = Utf8Bytes::try_from(data).map_err(|_| Fault::INVALID_DATA)?;
    let now = gateway.time.now();
    let (bytes, seen) = (text.len(), gateway.traffic.look(&text, now));
    session.outbound.try_push(text).map_err(|refused| match refused {
        QueueError::Full => Fault::BUFFER_FULL,
        QueueError::Closed => Fault::GONE,
    })?;
    session.touch(now);
    gateway.traffic.passed(&session, Way::Push, bytes, seen, now);
    Ok(StatusCode::OK.into_response())
}

fn look(gateway: &ApiGateway, id: &str) -> Result<Response, Fault> {
    let session = gateway.connections.get(id).ok_or(Fault::GONE)?;
    Ok(Json(description(&session)).into_response())
}

fn description(session: &ConnectionHandle) -> serde_json::Value {
    let time = |at: Timestamp| format!("{at:.3}");
    let caller = &session.info;
    json!({
        "connectedAt": time(caller.connected_at),
        "identity": { "sourceIp": caller.source_ip.to_string(), "userAgent": caller.user_agent },
        "lastActiveAt": time(session.last_active()),
    })
}

fn close(gateway: &ApiGateway, id: &str) -> Result<Response, Fault> {
    let ended = gateway.connections.end(id);
    ended.then(|| StatusCode::NO_CONTENT.into_response()).ok_or(Fault::GONE)
}

/// Reads a body of at most `limit` bytes.
async fn read(body: Body, limit: usize) -> Result<Bytes, Fault> {
    http_server::read(body, limit, RequestTimeouts::default().body).await.map_err(|unread| {
        match unread {
            Unread::TooLarge => Fault::PAYLOAD_TOO_LARGE,
            Unread::TooSlow | Unread::Broken => Fault::INVALID_DATA,
        }
    })
}

/// An error as the AWS SDKs understand it: they look at the header, not at the status.
#[derive(Clone, Debug)]
struct Fault {
    status: StatusCode,
    kind: &'static str,
    message: Cow<'static, str>,
}

impl Fault {
    const INVALID_ID: Self =
        Self::new(StatusCode::BAD_REQUEST, "BadRequestException", "Invalid connectionId");
    const INVALID_DATA: Self =
        Self::new(StatusCode::BAD_REQUEST, "BadRequestException", "The data must be UTF-8 text");
    const FORBIDDEN: Self = Self::new(StatusCode::FORBIDDEN, "ForbiddenException", "Forbidden");
    const GONE: Self = Self::new(StatusCode::GONE, "GoneException", "Gone");
    const PAYLOAD_TOO_LARGE: Self = Self::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "PayloadTooLargeException",
        "The data is larger than a message can be",
    );
    const BUFFER_FULL: Self = Self::new(
        StatusCode::TOO_MANY_REQUESTS,
        "LimitExceededException",
        "The WebSocket client side buffer is full",
    );

    const fn new(status: StatusCode, kind: &'static str, message: &'static str) -> Self {
        Self { status, kind, message: Cow::Borrowed(message) }
    }

    fn no_method(parts: &Parts) -> Self {
        let (route, method) = (parts.uri.path().trim_start_matches('/'), &parts.method);
        let message = format!("No method found matching route {route} for http method {method}");
        let (status, kind) = (StatusCode::NOT_FOUND, "NotFoundException");
        Self { status, kind, message: Cow::Owned(message) }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let headers = [("x-amzn-errortype", self.kind)];
        (self.status, headers, Json(json!({ "message": self.message }))).into_response()
    }
}
