//! From a client's request to an accepted connection, or a refusal.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html>

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, StatusCode};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::authorization::authorize;
use super::connection::Connection;
use super::connection_handle::{ConnectionHandle, ConnectionInfo};
use super::event::{self, RequestContext};
use super::handshake_rejection::HandshakeRejection;
use super::lambda_response::LambdaResponse;
use super::request::{self, ClientRequest};
use super::{ApiGateway, InvocationFailure, WebSocketApi, ids, outbound};

/// API Gateway's quota for the URL of a WebSocket API.
const MAX_URL_CHARS: usize = 4_096;

/// Answers a request to the WebSocket endpoint.
pub(super) async fn upgrade(State(gateway): State<ApiGateway>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let (key, socket) = match offered(&mut parts) {
        Ok(offer) => offer,
        Err(refusal) => return refusal.before_events(),
    };
    // The task outlives this function, which is dropped when the client goes away: an invocation
    // that has begun is finished, and an accepted connection gets its `$disconnect`.
    let (answer, answered) = oneshot::channel();
    tokio::spawn(open(gateway, parts, key, socket, answer));
    answered.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// Checks that the request asks for a WebSocket, and finds its key and the socket to come.
fn offered(parts: &mut Parts) -> Result<(HeaderValue, OnUpgrade), HandshakeRejection> {
    let headers = &parts.headers;
    let asks = parts.method == Method::GET
        && request::lists(headers, header::CONNECTION.as_str(), "upgrade")
        && request::lists(headers, header::UPGRADE.as_str(), "websocket");
    if !asks {
        return Err(HandshakeRejection::NOT_WEBSOCKET);
    }
    if parts.uri.path_and_query().is_some_and(|url| url.as_str().len() > MAX_URL_CHARS) {
        return Err(HandshakeRejection::URL_TOO_LONG);
    }
    let current = only(headers, &header::SEC_WEBSOCKET_VERSION).is_some_and(|v| v == "13");
    let key = only(headers, &header::SEC_WEBSOCKET_KEY).cloned();
    let sound = |key: &HeaderValue| STANDARD.decode(key).is_ok_and(|nonce| nonce.len() == 16);
    let key = key.filter(|key| current && sound(key)).ok_or(HandshakeRejection::BAD_REQUEST)?;
    let socket = parts.extensions.remove::<OnUpgrade>().ok_or(HandshakeRejection::NOT_WEBSOCKET)?;
    Ok((key, socket))
}

/// The value of a header that must not come twice.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// Asks the Lambdas, answers the client, and has the connection served.
async fn open(
    gateway: ApiGateway,
    parts: Parts,
    key: HeaderValue,
    socket: OnUpgrade,
    answer: oneshot::Sender<Response>,
) {
    let pending = gateway.connections.begin();
    let occasion = gateway.request_context();
    let request = ClientRequest::read(&parts, occasion.at.as_second());
    drop(parts);
    let mut caller = ConnectionInfo {
        connection_id: ids::fresh(),
        connected_at: occasion.at,
        source_ip: request.source_ip,
        user_agent: request.user_agent().map(str::to_owned),
        authorizer: None,
    };
    let admission = admit(&gateway.api, &mut caller, &occasion, &request);
    let protocol = match gateway.api.meter.connect().run(admission).await {
        Ok(protocol) => protocol,
        Err(refusal) => {
            let status = refusal.status.as_u16();
            tracing::debug!(connection.id = caller.connection_id, status, "refused");
            // A client that has gone away needs no answer.
            let _ = answer.send(refusal.to(&caller, &occasion));
            return;
        }
    };
    drop(request);

    let (sender, outgoing) = outbound::queue(gateway.api.limits.outbound_bytes);
    let session = Arc::new(ConnectionHandle::new(caller, sender));
    let connection = Connection::accept(gateway, session, outgoing);
    // The registry knows the connection before its client does, so that nobody who has heard from
    // the client is told that it is gone.
    if answer.send(switching_protocols(&key, protocol)).is_err() {
        return connection.never_opened().await;
    }
    let Ok(upgraded) = socket.await else {
        return connection.never_opened().await;
    };
    // This task has been large enough for a handshake; a connection needs much less, for longer.
    tokio::spawn(async move {
        connection.serve(upgraded).await;
        drop(pending);
    });
}

/// Asks the authorizer and `$connect`; the answer may name a subprotocol.
async fn admit(
    api: &WebSocketApi,
    caller: &mut ConnectionInfo,
    occasion: &RequestContext,
    request: &ClientRequest,
) -> Result<Option<HeaderValue>, HandshakeRejection> {
    let mut latency = 0;
    if let Some(authorizer) = &api.authorizer {
        let permission = authorize(api, authorizer, caller, occasion, request).await?;
        caller.authorizer = Some(permission.context);
        latency = permission.latency;
    }
    let Some(route) = api.routes.get(WebSocketApi::CONNECT) else { return Ok(None) };
    let event = event::connect(api, caller, occasion, request, latency);
    let answer = route.lambda.invoke(event, api.limits.integration).await;
    let answer =
        LambdaResponse::parse(answer.map_err(|failure| failed(&failure))?).map_err(|error| {
            tracing::warn!(%error, "$connect has answered with something else");
            HandshakeRejection::LAMBDA_FAILED
        })?;
    if !answer.status.is_success() {
        return Err(HandshakeRejection::by_lambda(answer.status));
    }
    let protocol = answer.header(header::SEC_WEBSOCKET_PROTOCOL.as_str());
    protocol.map(HeaderValue::from_str).transpose().map_err(|_| HandshakeRejection::LAMBDA_FAILED)
}

fn failed(failure: &InvocationFailure) -> HandshakeRejection {
    tracing::warn!(%failure, "$connect has failed");
    match failure {
        InvocationFailure::Failed(_) => HandshakeRejection::LAMBDA_FAILED,
        InvocationFailure::TimedOut => HandshakeRejection::TIMED_OUT,
    }
}

fn switching_protocols(key: &HeaderValue, protocol: Option<HeaderValue>) -> Response {
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    // Base64 is always a valid header value.
    if let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key.as_bytes())) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(protocol) = protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    response
}
