//! The heads of requests: what no server should guess at, and what is larger than API Gateway takes
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>).

use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, Version};
use axum::middleware::Next;
use axum::response::Response;

use super::refusal::refuse;

/// API Gateway's quota for the request line and the headers together.
const MAX_BYTES: usize = 10_240;

/// A middleware that refuses heads without a `Host`, with two, or of more than 10,240 bytes.
pub async fn well_formed(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let hosts = parts.headers.get_all(HOST).iter().count();
    if hosts > 1 || (hosts == 0 && parts.version == Version::HTTP_11) {
        return refuse(StatusCode::BAD_REQUEST, "Bad Request");
    }
    if size(&parts) > MAX_BYTES {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return refuse(status, "Request Header Fields Too Large");
    }
    next.run(Request::from_parts(parts, body)).await
}

fn size(parts: &Parts) -> usize {
    let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let line = parts.method.as_str().len() + target + " HTTP/1.1\r\n".len() + 1;
    let field = |(name, value): (&HeaderName, &HeaderValue)| {
        name.as_str().len() + ": ".len() + value.len() + "\r\n".len()
    };
    line + parts.headers.iter().map(field).sum::<usize>()
}
