//! API Gateway's HTTP API, emulated: the authorizer before every route, and API Gateway's own
//! answers where no function is asked
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>).

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::{ALLOW, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use shared::auth::identity::AuthorizerContext;
use shared::edge::http::SourceAddress;
use uuid::Uuid;

use crate::apigateway::{InvocationFailure, Lambda};
use crate::http_server::{self, RequestTimeouts, Unread, refuse};
use crate::meter::{Action, Meter};

/// How long API Gateway waits for an authorizer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest body that API Gateway takes
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>).
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// An authorizer's answer in the simple form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizerResponse {
    is_authorized: bool,
    #[serde(default)]
    context: Option<HashMap<String, Value>>,
}

/// What stands before every route.
#[derive(Clone)]
struct Gateway {
    authorizer: Lambda,
    patience: RequestTimeouts,
    meter: Meter,
}

/// Puts `authorizer` before every route of `routes`, and counts what is asked there; what matches none is
/// API Gateway's own 404.
pub fn behind_authorizer(
    routes: Router,
    authorizer: Lambda,
    patience: RequestTimeouts,
    meter: Meter,
) -> Router {
    let gateway = Gateway { authorizer, patience, meter };
    let routes = routes
        .route_layer(middleware::from_fn_with_state(gateway, answer))
        .fallback(not_found)
        .method_not_allowed_fallback(not_found);
    Router::new().fallback_service(routes).layer(middleware::from_fn(with_methods_as_they_are))
}

/// A route has only the methods it is deployed with: the router's own `HEAD` and `allow` are none of
/// API Gateway's.
async fn with_methods_as_they_are(request: Request, next: Next) -> Response {
    if request.method() == Method::HEAD {
        return not_found().await;
    }
    let mut response = next.run(request).await;
    response.headers_mut().remove(ALLOW);
    response
}

async fn not_found() -> Response {
    refuse(StatusCode::NOT_FOUND, "Not Found")
}

/// Forbids handshakes at these routes, as the WebSocket API does everywhere but at its stage.
pub(crate) fn without_handshakes(routes: Router) -> Router {
    routes.layer(middleware::from_fn(async |request: Request, next: Next| {
        let upgrade = request.headers().get(UPGRADE).map(HeaderValue::as_bytes);
        if upgrade.is_some_and(|upgrade| upgrade.eq_ignore_ascii_case(b"websocket")) {
            return refuse(StatusCode::FORBIDDEN, "Forbidden");
        }
        next.run(request).await
    }))
}

/// Answers a request to a route, and counts it.
async fn answer(
    State(gateway): State<Gateway>,
    path: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    let action = gateway.meter.route(request.method().as_str(), path.as_str());
    let (parts, body) = request.into_parts();
    // The whole of it, so that a function may answer without reading it.
    let body = match http_server::read(body, MAX_BODY_BYTES, gateway.patience.body).await {
        Ok(body) => body,
        Err(Unread::TooLarge) => {
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        }
        Err(Unread::TooSlow) => return refuse(StatusCode::REQUEST_TIMEOUT, "Request Timeout"),
        Err(Unread::Broken) => return refuse(StatusCode::BAD_REQUEST, "Bad Request"),
    };
    let asked = body.len() as u64;
    let answering = authorize(&gateway.authorizer, parts, body, next, &action);
    let response = Arc::clone(&action).run(answering).await;
    action.answered_http(asked, response.body().size_hint().lower());
    response
}

/// Asks the authorizer, then the function.
async fn authorize(
    authorizer: &Lambda,
    mut parts: Parts,
    body: Bytes,
    next: Next,
    action: &Action,
) -> Response {
    let answer = authorizer.invoke(event(&parts), PATIENCE).await;
    let verdict = match answer {
        Ok(answer) => serde_json::from_value::<AuthorizerResponse>(answer).ok(),
        Err(InvocationFailure::Failed(error)) if error.message == "Unauthorized" => {
            return refuse(StatusCode::UNAUTHORIZED, "Unauthorized");
        }
        Err(_) => None,
    };
    let Some(verdict) = verdict else {
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    };
    if !verdict.is_authorized {
        return refuse(StatusCode::FORBIDDEN, "Forbidden");
    }
    parts.extensions.insert(SourceAddress(source_of(&parts)));
    parts.extensions.insert(AuthorizerContext(verdict.context.unwrap_or_default()));
    action.invoked();
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// The request as an authorizer of payload format 2.0 sees it.
fn event(parts: &Parts) -> Value {
    let method = parts.method.as_str();
    let path = parts.uri.path();
    let now = jiff::Timestamp::now();
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let mut event = json!({
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": format!("arn:aws:execute-api:us-east-1:000000000000:local/$default/{method}{path}"),
        "identitySource": null,
        "routeKey": format!("{method} {path}"),
        "rawPath": path,
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "headers": headers(parts),
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": header("host").unwrap_or("localhost"),
            "domainPrefix": "local",
            "http": {
                "method": method,
                "path": path,
                "protocol": format!("{:?}", parts.version),
                "sourceIp": source_of(parts),
                "userAgent": header("user-agent").unwrap_or_default(),
            },
            "requestId": Uuid::new_v4().to_string(),
            "routeKey": format!("{method} {path}"),
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.as_millisecond(),
        },
    });
    let query = query(parts);
    if !query.is_empty() {
        event["queryStringParameters"] = Value::Object(query);
    }
    event
}

fn source_of(parts: &Parts) -> String {
    let source = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    source.map_or_else(|| "127.0.0.1".to_owned(), |info| info.0.ip().to_string())
}

/// Header names in lower case; values of the same name joined by commas.
fn headers(parts: &Parts) -> Map<String, Value> {
    let mut joined = BTreeMap::<String, Vec<&str>>::new();
    for (name, value) in &parts.headers {
        joined.entry(name.as_str().to_owned()).or_default().extend(value.to_str().ok());
    }
    joined.into_iter().map(|(name, values)| (name, values.join(",").into())).collect()
}

/// Query parameters decoded; values of the same name joined by commas.
fn query(parts: &Parts) -> Map<String, Value> {
    let mut joined = BTreeMap::<String, Vec<String>>::new();
    for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
        joined.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    joined.into_iter().map(|(name, values)| (name, values.join(",").into())).collect()
}
