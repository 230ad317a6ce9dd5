//! HTTP: create, look up, list, join, leave and delete rooms.

mod members;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::App;
use shared::chat::{RoomName, UserId};
use shared::http::{self, Failure, Paging, Path};
use shared::identity::Caller;
use shared::protocol::RoomView;
use shared::rooms::{self, NewRoom};

/// The routes of this function; `{room}` is an id or a name.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/api/rooms", get(list))
        .route("/api/rooms", post(create))
        .route("/api/rooms/{room}", get(look_up))
        .route("/api/rooms/{room}", axum::routing::delete(delete))
        .route("/api/rooms/{room}/members", get(members::list))
        .route("/api/rooms/{room}/join", post(members::join))
        .route("/api/rooms/{room}/leave", post(members::leave))
        .with_state(app)
}

#[derive(Deserialize)]
struct Creation {
    name: String,
    topic: Option<String>,
    metadata: Option<Map<String, Value>>,
    user_id: Option<UserId>,
    sender_id: Option<UserId>,
}

/// `POST /api/rooms`: makes a room and puts its creator into it.
async fn create(
    State(app): State<App>,
    caller: Caller,
    http::Json(asked): http::Json<Creation>,
) -> Result<Response, Failure> {
    let user = caller.named([asked.user_id, asked.sender_id])?.require()?;
    let new = NewRoom { name: asked.name, topic: asked.topic, metadata: asked.metadata };
    let room = rooms::create(&app, &user, new).await?;
    Ok((StatusCode::CREATED, Json(RoomView::from(&room))).into_response())
}

/// `GET /api/rooms`: every room, by name.
async fn list(State(app): State<App>, _: Caller, paging: Paging) -> Result<Response, Failure> {
    let after = paging.after(RoomName::from_folded)?;
    let rooms = app.store.rooms(after.as_ref(), paging.limit).await?;
    let views: Vec<_> = rooms.items.iter().map(RoomView::from).collect();
    Ok(paging.list(&views, rooms.next.as_deref()))
}

/// `GET /api/rooms/{room}`.
async fn look_up(
    State(app): State<App>,
    _: Caller,
    Path(room): Path<String>,
) -> Result<Response, Failure> {
    let room = app.store.find_room(&room).await?;
    Ok(Json(RoomView::from(&room)).into_response())
}

/// `DELETE /api/rooms/{room}`: only its creator may.
async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(room): Path<String>,
) -> Result<StatusCode, Failure> {
    let user = caller.require()?;
    rooms::delete(&app, &user, &room).await?;
    Ok(StatusCode::NO_CONTENT)
}
