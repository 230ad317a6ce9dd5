//! Which web pages of elsewhere may call the HTTP API, as API Gateway answers browsers that ask
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html>).

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_TYPE, LINK, ORIGIN, RETRY_AFTER,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::Response;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::http_server::refuse;

/// Lets pages of `origins` in, `*` for all, as the template's `CorsConfiguration` does; none, and
/// nothing changes.
pub(crate) fn allow(origins: &[HeaderValue], routes: Router) -> Router {
    if origins.is_empty() {
        return routes;
    }
    routes.layer(layer(origins)).layer(middleware::from_fn(with_preflights_only))
}

/// API Gateway answers what browsers ask before a request, with 204, and no other `OPTIONS`.
async fn with_preflights_only(request: Request, next: Next) -> Response {
    if request.method() != Method::OPTIONS {
        return next.run(request).await;
    }
    let asked = [ORIGIN, ACCESS_CONTROL_REQUEST_METHOD];
    if !asked.iter().all(|name| request.headers().contains_key(name)) {
        return refuse(StatusCode::NOT_FOUND, "Not Found");
    }
    let mut response = next.run(request).await;
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn layer(origins: &[HeaderValue]) -> CorsLayer {
    let all = origins.iter().any(|origin| origin == "*");
    let origins = if all { AllowOrigin::any() } else { AllowOrigin::list(origins.to_vec()) };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE])
        .expose_headers([LINK, RETRY_AFTER])
        .max_age(Duration::from_secs(600))
}
