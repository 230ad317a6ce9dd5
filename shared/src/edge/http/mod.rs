//! What all HTTP routes share: errors as JSON, parameters with clear refusals, pages.

mod caller;
mod paging;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{self, DefaultBodyLimit, FromRequest, FromRequestParts, Query, Request, State};
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::metrics::{Count, Metrics};
use crate::protocol::{ErrorCode, ErrorEnvelope, refusal};
use crate::{App, Error};

pub use caller::{ActingUser, Caller, CallerOrKey, KeyCaller};
pub use paging::Paging;

/// The largest body that a route reads; written into an event it still fits Lambda's 6 MB.
const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

/// Has every answer of `routes` kept nowhere, and taken for nothing but what it says it is: they are
/// for one caller, and hold what anybody may have written.
pub fn private(app: App, routes: Router<App>) -> Router {
    let finish = middleware::map_response_with_state(app.metrics.clone(), finish);
    routes.with_state(app).layer(finish)
}

async fn finish(State(metrics): State<Metrics>, mut response: Response) -> Response {
    if response.status() == StatusCode::TOO_MANY_REQUESTS {
        metrics.count(Count::RequestsThrottled);
    }
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// An [`Error`] on its way to an HTTP client: `{"error":{"code","message"}}`, with a
/// `reason` if it is forbidden, and a fitting status.
#[derive(Debug)]
pub struct Failure(Error);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let told = self.0.told();
        let code = told.code();
        let mut error = refusal(&told, None);
        if !told.is_clients_fault() {
            told.log();
            error.message = "the server failed; try again".to_owned();
        }
        let retry_after_ms = error.retry_after_ms;
        let mut response = (status_of(code), axum::Json(ErrorEnvelope { error })).into_response();
        if code == ErrorCode::Unauthorized {
            // <https://www.rfc-editor.org/rfc/rfc6750#section-3>
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(millis) = retry_after_ms {
            response.headers_mut().insert(RETRY_AFTER, millis.div_ceil(1000).into());
        }
        response
    }
}

fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::BadRequest | ErrorCode::UnknownAction => StatusCode::BAD_REQUEST,
        ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::Unauthorized => StatusCode::UNAUTHORIZED,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::Forbidden => StatusCode::FORBIDDEN,
        ErrorCode::Conflict => StatusCode::CONFLICT,
        ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The query string as `T`; anything else is a `bad_request` that says what is wrong.
#[derive(Clone, Copy, Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(params)) => Ok(Self(params)),
            Err(refused) => Err(Error::Invalid(refused.body_text()).into()),
        }
    }
}

/// The parameters in the path as `T`; what is not UTF-8 is a `bad_request`.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        match extract::Path::from_request_parts(parts, state).await {
            Ok(extract::Path(values)) => Ok(Self(values)),
            Err(refused) => Err(Error::Invalid(refused.body_text()).into()),
        }
    }
}

/// A field that may be left out, and may be null to say that there is to be nothing.
pub fn nullable<'de, T, D>(field: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(field).map(Some)
}

/// The address that a request comes from, as whoever hosts the router puts it into the extensions.
#[derive(Clone, Debug)]
pub struct SourceAddress(pub String);

impl<S: Sync> FromRequestParts<S> for SourceAddress {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let address = parts.extensions.get::<Self>().cloned();
        Ok(address.ok_or(Error::Corrupt("the address of a request"))?)
    }
}

/// The body as `T`, whatever its content type says; an empty one counts as `{}`.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(mut request: Request, _: &S) -> Result<Self, Self::Rejection> {
        DefaultBodyLimit::max(MAX_BODY_BYTES).apply(&mut request);
        let body = Bytes::from_request(request, &()).await.map_err(|refused| {
            if refused.status() == StatusCode::PAYLOAD_TOO_LARGE {
                return Error::TooLarge { what: "body", limit: MAX_BODY_BYTES };
            }
            Error::Invalid(refused.body_text())
        })?;
        let body: &[u8] = if body.is_empty() { b"{}" } else { &body };
        let value: Value = serde_json::from_slice(body)
            .map_err(|error| Error::Invalid(format!("the body is not JSON: {error}")))?;
        if !value.is_object() {
            return Err(Error::Invalid("the body is a JSON object".into()).into());
        }
        let parsed = serde_path_to_error::deserialize(value).map_err(Error::unreadable)?;
        Ok(Self(parsed))
    }
}
