//! From a message to its Lambda, and from the Lambda's answer to the client.

use std::sync::Arc;

use serde_json::json;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::close_reason::CloseReason;
use super::connection_handle::ConnectionHandle;
use super::event::{self, RequestContext};
use super::lambda_response::LambdaResponse;
use super::{ApiGateway, InvocationFailure, Route, Way, WebSocketApi};

/// Routes a message; what there is to reply joins what waits to be sent to the client.
pub(super) async fn route(gateway: &ApiGateway, session: &Arc<ConnectionHandle>, text: &Utf8Bytes) {
    let occasion = gateway.request_context();
    let named = gateway.api.route_selection.select(text);
    let reply = match gateway.api.route_of(named.as_deref()) {
        None => Err("Forbidden"),
        Some((key, route)) => {
            let action = gateway.api.meter.frame(named.as_deref());
            let event = event::message(&gateway.api, &session.info, &occasion, key, text);
            let invocation = route.lambda.invoke(event, gateway.api.limits.integration);
            let outcome = action.run(invocation).await;
            let outcome = outcome.map_err(|failure| error_for(session, key, &failure));
            outcome.and_then(|returned| reply(gateway, session, key, route, returned))
        }
    };
    let reply = match reply {
        Ok(None) => return,
        Ok(Some(body)) => body,
        Err(message) => error_frame(session, &occasion, message),
    };
    let reply = Utf8Bytes::from(reply);
    let (bytes, seen) = (reply.len(), gateway.traffic.look(&reply, gateway.time.now()));
    if session.outbound.push(reply).await.is_ok() {
        let now = gateway.time.now();
        session.touch(now);
        gateway.traffic.passed(session, Way::Answer, bytes, seen, now);
    }
}

/// Tells the `$disconnect` route that a connection has ended; nobody hears its answer.
pub(super) async fn disconnect(
    gateway: &ApiGateway,
    session: &ConnectionHandle,
    closure: &CloseReason,
) {
    let Some(route) = gateway.api.routes.get(WebSocketApi::DISCONNECT) else { return };
    let event = event::disconnect(&gateway.api, &session.info, &gateway.request_context(), closure);
    let invocation = route.lambda.invoke(event, gateway.api.limits.integration);
    let outcome = gateway.api.meter.disconnect().run(invocation).await;
    if let Err(failure) = outcome {
        error_for(session, WebSocketApi::DISCONNECT, &failure);
    }
}

/// What a Lambda's answer sends to the client, if the route has a route response: an empty text if
/// it has no body (<https://github.com/serverless/serverless/issues/6816>).
fn reply(
    gateway: &ApiGateway,
    session: &ConnectionHandle,
    key: &str,
    route: &Route,
    returned: serde_json::Value,
) -> Result<Option<String>, &'static str> {
    let id = &session.info.connection_id;
    let answer = LambdaResponse::parse(returned).map_err(|error| {
        tracing::warn!(connection.id = id, route = key, %error, "the answer is of no use");
        INTERNAL_SERVER_ERROR
    })?;
    if !route.route_response || !answer.status.is_success() {
        return Ok(None);
    }
    let body = answer.body.unwrap_or_default();
    if body.len() > gateway.api.limits.response_bytes {
        tracing::warn!(connection.id = id, route = key, "the answer is too large for a response");
        return Err(INTERNAL_SERVER_ERROR);
    }
    Ok(Some(body))
}

const INTERNAL_SERVER_ERROR: &str = "Internal server error";

fn error_for(session: &ConnectionHandle, key: &str, failure: &InvocationFailure) -> &'static str {
    tracing::warn!(connection.id = session.info.connection_id, route = key, %failure);
    match failure {
        InvocationFailure::Failed(_) => INTERNAL_SERVER_ERROR,
        InvocationFailure::TimedOut => "Endpoint request timed out",
    }
}

fn error_frame(session: &ConnectionHandle, occasion: &RequestContext, message: &str) -> String {
    let frame = json!({
        "message": message,
        "connectionId": session.info.connection_id,
        "requestId": occasion.request_id,
    });
    frame.to_string()
}
