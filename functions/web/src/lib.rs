//! HTTP: the chat in a browser, as files that the program carries inside itself, and where that page
//! finds the WebSocket.

mod files;
mod headers;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router, middleware};
use serde::Serialize;
use shared::edge::http::{Failure, Path};
use shared::{App, Error};

use files::File;

/// The routes of this function; nobody needs to be known for them.
pub fn router(app: App) -> Router {
    let policy = headers::policy(&app.config.websocket_url);
    Router::new()
        .route("/", get(page))
        .route("/config.json", get(config))
        .route("/client/{file}", get(file))
        .route("/client/confab/{file}", get(library_file))
        .route_layer(middleware::map_response_with_state(policy, headers::secure))
        .with_state(app)
}

/// What the page has to know before anybody signs in.
#[derive(Serialize)]
struct Settings {
    websocket_url: String,
    auth_mode: &'static str,
}

/// `GET /config.json`: where the page connects, and how people prove who they are.
async fn config(State(app): State<App>) -> Json<Settings> {
    Json(Settings {
        websocket_url: app.config.websocket_url.clone(),
        auth_mode: app.config.authentication.mode().name(),
    })
}

/// `GET /`: the page.
async fn page(headers: HeaderMap) -> Result<Response, Failure> {
    answer("index.html", &headers)
}

/// `GET /client/{file}`: a part of the page.
async fn file(Path(file): Path<String>, headers: HeaderMap) -> Result<Response, Failure> {
    answer(&file, &headers)
}

/// `GET /client/confab/{file}`: a module of the client library.
async fn library_file(Path(file): Path<String>, headers: HeaderMap) -> Result<Response, Failure> {
    answer(&format!("confab/{file}"), &headers)
}

fn answer(path: &str, headers: &HeaderMap) -> Result<Response, Failure> {
    let file = File::find(path).ok_or(Error::NotFound("file"))?;
    Ok(file.answer(headers))
}
