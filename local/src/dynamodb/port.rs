//! The port on which the embedded DynamoDB can be looked into.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use dynoxide::Database;

use crate::http_server::{self, RequestTimeouts};
use crate::in_process::respond;

/// The largest body that DynamoDB takes.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// DynamoDB's API, for the AWS CLI, table viewers and functions in other processes.
pub(super) fn routes(database: Database, patience: RequestTimeouts) -> Router {
    Router::new().route("/", get(healthy).post(answer)).with_state((database, patience))
}

async fn healthy() -> &'static str {
    "healthy: dynamodb.us-east-1.amazonaws.com "
}

async fn answer(
    State((database, patience)): State<(Database, RequestTimeouts)>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    match http_server::read(body, MAX_BODY_BYTES, patience.body).await {
        Ok(body) => respond(&database, &parts.headers, &body).map(Body::from),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}
