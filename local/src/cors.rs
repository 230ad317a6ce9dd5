//! Which web pages of elsewhere may call the HTTP API, as API Gateway answers browsers that ask
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html>).

use std::time::Duration;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, LINK, RETRY_AFTER};
use axum::http::{HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// Lets pages of `origins` in, `*` for all, as the template's `CorsConfiguration` does.
pub(crate) fn layer(origins: &[HeaderValue]) -> CorsLayer {
    let all = origins.iter().any(|origin| origin == "*");
    let origins = if all { AllowOrigin::any() } else { AllowOrigin::list(origins.to_vec()) };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE])
        .expose_headers([LINK, RETRY_AFTER])
        .max_age(Duration::from_secs(600))
}
