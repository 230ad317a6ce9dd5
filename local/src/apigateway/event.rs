//! The events of a WebSocket API, in the shapes AWS really sends.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html>

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::close_reason::CloseReason;
use super::connection_handle::ConnectionInfo;
use super::request::{self, ClientRequest};
use super::{WebSocketApi, ids};

/// One request that is passed to Lambdas: its id and when it came.
pub(super) struct RequestContext {
    pub(super) request_id: String,
    pub(super) at: Timestamp,
}

impl RequestContext {
    pub(super) fn new(at: Timestamp) -> Self {
        Self { request_id: ids::fresh(), at }
    }
}

/// What a Lambda authorizer is asked.
pub(super) fn authorize(
    api: &WebSocketApi,
    caller: &ConnectionInfo,
    occasion: &RequestContext,
    request: &ClientRequest,
) -> Value {
    let mut event = Map::new();
    event.insert("type".to_owned(), "REQUEST".into());
    event.insert("methodArn".to_owned(), api.connect_arn().into());
    request.describe_to_authorizer(&mut event);
    let context = context(api, caller, occasion, "CONNECT", WebSocketApi::CONNECT);
    event.insert("requestContext".to_owned(), context.into());
    event.into()
}

/// A client wants to connect; the authorizer has taken `latency` milliseconds to agree.
pub(super) fn connect(
    api: &WebSocketApi,
    caller: &ConnectionInfo,
    occasion: &RequestContext,
    request: &ClientRequest,
    latency: u64,
) -> Value {
    let mut context = context(api, caller, occasion, "CONNECT", WebSocketApi::CONNECT);
    if let Some(Value::Object(authorizer)) = context.get_mut("authorizer") {
        authorizer.insert("integrationLatency".to_owned(), latency.into());
    }
    let mut event = proxy(context);
    request.describe_to_connect(&mut event);
    event.into()
}

/// A client has sent a message, which takes the route `route_key`.
pub(super) fn message(
    api: &WebSocketApi,
    caller: &ConnectionInfo,
    occasion: &RequestContext,
    route_key: &str,
    body: &str,
) -> Value {
    let mut context = context(api, caller, occasion, "MESSAGE", route_key);
    context.insert("messageId".to_owned(), ids::fresh().into());
    let mut event = proxy(context);
    event.insert("body".to_owned(), body.into());
    event.into()
}

/// A connection has ended.
pub(super) fn disconnect(
    api: &WebSocketApi,
    caller: &ConnectionInfo,
    occasion: &RequestContext,
    closure: &CloseReason,
) -> Value {
    let mut context = context(api, caller, occasion, "DISCONNECT", WebSocketApi::DISCONNECT);
    context.insert("disconnectStatusCode".to_owned(), closure.code.into());
    context.insert("disconnectReason".to_owned(), closure.reason.as_str().into());
    let mut event = proxy(context);
    let source_ip = caller.source_ip.to_string();
    let headers = [
        ("Host", api.domain_name.as_str()),
        ("x-api-key", ""),
        ("X-Forwarded-For", &source_ip),
        ("x-restapi", ""),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    request::insert(&mut event, "headers", "multiValueHeaders", &headers);
    event.into()
}

fn proxy(context: Map<String, Value>) -> Map<String, Value> {
    let mut event = Map::new();
    event.insert("requestContext".to_owned(), context.into());
    event.insert("isBase64Encoded".to_owned(), false.into());
    event
}

fn context(
    api: &WebSocketApi,
    caller: &ConnectionInfo,
    occasion: &RequestContext,
    event_type: &str,
    route_key: &str,
) -> Map<String, Value> {
    let mut identity = json!({ "sourceIp": caller.source_ip.to_string() });
    if let Some(user_agent) = &caller.user_agent {
        identity["userAgent"] = user_agent.as_str().into();
    }
    let mut context = json!({
        "routeKey": route_key,
        "eventType": event_type,
        "messageDirection": "IN",
        "requestId": occasion.request_id,
        "extendedRequestId": occasion.request_id,
        "requestTime": common_log_time(occasion.at),
        "requestTimeEpoch": occasion.at.as_millisecond(),
        "connectedAt": caller.connected_at.as_millisecond(),
        "connectionId": caller.connection_id,
        "identity": identity,
        "domainName": api.domain_name,
        "stage": api.stage,
        "apiId": api.api_id,
    });
    if let Some(authorizer) = &caller.authorizer {
        context["authorizer"] = authorizer.clone().into();
    }
    match context {
        Value::Object(context) => context,
        _ => Map::new(),
    }
}

/// The time as in a web server's common log format.
fn common_log_time(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%d/%b/%Y:%H:%M:%S %z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_times_are_in_common_log_format() {
        let at = Timestamp::from_millisecond(1_708_326_702_790).unwrap();
        assert_eq!(common_log_time(at), "19/Feb/2024:07:11:42 +0000");
    }
}
