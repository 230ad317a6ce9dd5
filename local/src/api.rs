//! The two APIs described for programs, where people and their tools can fetch them.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{MethodRouter, get};
use serde_json::{Map, Value};

/// The HTTP API, described with OpenAPI.
const OPENAPI: &str = include_str!("../api/openapi.json");
/// The WebSocket API, described with AsyncAPI.
const ASYNCAPI: &str = include_str!("../api/asyncapi.json");

/// `GET /openapi.json` describes the HTTP API, `GET /asyncapi.json` the WebSocket API; both are open
/// to everybody.
pub(crate) fn routes() -> Router {
    Router::new().route("/openapi.json", json(OPENAPI)).route("/asyncapi.json", json(ASYNCAPI))
}

/// The method and the path of every route of the HTTP API.
pub(crate) fn operations() -> Vec<(String, String)> {
    let described: Value = serde_json::from_str(OPENAPI).unwrap_or_default();
    let paths = described["paths"].as_object().into_iter().flatten();
    let routes = paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flat_map(Map::keys);
        let methods = methods.filter(|name| *name != "parameters");
        methods.map(|method| (method.to_uppercase(), path.clone()))
    });
    routes.collect()
}

fn json(document: &'static str) -> MethodRouter {
    get(move || async move { ([(CONTENT_TYPE, "application/json")], document) })
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn both_descriptions_are_served_as_json() {
        for (path, key) in [("/openapi.json", "openapi"), ("/asyncapi.json", "asyncapi")] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let response = routes().oneshot(request).await.unwrap();
            assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
            let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            let document: Value = serde_json::from_slice(&body).unwrap();
            assert!(document[key].is_string(), "{path}");
        }
    }
}
