//! HTTP: create, look up, list, join, leave and delete rooms.

mod members;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::App;
use shared::chat::{PageSize, RoomName, UserId};
use shared::http::{self, Failure, Params, Path, link, whole_number};
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

/// Which page of a list.
#[derive(Deserialize)]
struct Asked {
    after: Option<String>,
    limit: Option<String>,
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
async fn list(
    State(app): State<App>,
    _: Caller,
    uri: Uri,
    Params(asked): Params<Asked>,
) -> Result<Response, Failure> {
    let limit = PageSize::parse(whole_number("limit", asked.limit.as_deref())?)?;
    let after = asked.after.as_deref().map(RoomName::parse).transpose()?;
    let rooms = app.store.rooms(after.as_ref(), limit.get()).await?;
    let next = rooms.next.map(|next| link(&uri, ("after", &next), "next"));
    let views: Vec<_> = rooms.items.iter().map(RoomView::from).collect();
    Ok((next.unwrap_or_default(), Json(views)).into_response())
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
