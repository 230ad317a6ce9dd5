//! HTTP: what was said, page by page; one's conversations; exports; why messages were delivered or were not; and whether the table answers.

mod conversations;
mod export;
mod messages;
mod readers;
mod recent;
mod trace;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use shared::App;
use shared::edge::http::{Failure, private};

/// The routes of this function.
pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/messages", get(messages::between_two))
        .route("/api/messages", get(messages::with_other))
        .route("/api/rooms/{room}/messages", get(messages::in_room))
        .route("/api/conversations", get(conversations::list))
        .route("/api/conversations/{conversation}/readers", get(readers::list))
        .route("/api/conversations/{conversation}/messages", get(messages::in_conversation))
        .route("/api/conversations/{conversation}/messages/{seq}", get(messages::one))
        .route("/api/conversations/{conversation}/messages/{seq}/versions", get(messages::versions))
        .route("/api/conversations/{conversation}/pins", get(messages::pinned))
        .route("/api/export", get(export::person))
        .route("/api/rooms/{room}/export", get(export::room))
        .route("/api/trace/{conversation}/{seq}", get(trace::of_message))
        .route("/health", get(health));
    private(app, routes)
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

/// `GET /health`: 200 when the table answers.
async fn health(State(app): State<App>) -> Result<Json<Health>, Failure> {
    app.store.check_health().await?;
    Ok(Json(Health { status: "ok" }))
}
