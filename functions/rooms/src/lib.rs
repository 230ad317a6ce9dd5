//! HTTP: rooms, who is in them, who may come, and who keeps order.

mod bans;
mod invitations;
mod members;
mod mutes;
mod target_user;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::App;
use shared::domain::{Access, RoomHistory, RoomName, UserId};
use shared::edge::http::{self, CallerOrKey, Failure, Paging, Path};
use shared::protocol::RoomView;
use shared::services::rooms::{self, NewRoom};
use shared::store::Change;

/// The routes of this function; `{room}` is an id or a name.
pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/api/rooms", get(list))
        .route("/api/rooms", post(create))
        .route("/api/rooms/{room}", get(look_up))
        .route("/api/rooms/{room}", patch(change))
        .route("/api/rooms/{room}", delete(remove))
        .route("/api/rooms/{room}/join", post(members::join))
        .route("/api/rooms/{room}/leave", post(members::leave))
        .route("/api/rooms/{room}/members", get(members::list))
        .route("/api/rooms/{room}/members/{user}", put(members::set_role))
        .route("/api/rooms/{room}/members/{user}", delete(members::kick))
        .route("/api/rooms/{room}/bans", get(bans::list))
        .route("/api/rooms/{room}/bans/{user}", put(bans::ban))
        .route("/api/rooms/{room}/bans/{user}", delete(bans::unban))
        .route("/api/rooms/{room}/mutes/{user}", put(mutes::mute))
        .route("/api/rooms/{room}/mutes/{user}", delete(mutes::unmute))
        .route("/api/rooms/{room}/invitations/{user}", put(invitations::invite))
        .route("/api/rooms/{room}/invitations/{user}", delete(invitations::withdraw))
        .route("/api/invitations", get(invitations::list))
        .route("/api/invitations/{room}", delete(invitations::decline));
    http::private(app, routes)
}

#[derive(Deserialize)]
struct CreateRoomRequest {
    name: String,
    topic: Option<String>,
    metadata: Option<Map<String, Value>>,
    #[serde(default)]
    access: Access,
    #[serde(default)]
    history: RoomHistory,
    retention_days: Option<u32>,
    user_id: Option<UserId>,
    sender_id: Option<UserId>,
}

#[derive(Deserialize)]
struct ChangeRoomRequest {
    name: Option<String>,
    #[serde(default, deserialize_with = "http::nullable")]
    topic: Option<Option<String>>,
    #[serde(default, deserialize_with = "http::nullable")]
    metadata: Option<Option<Map<String, Value>>>,
    access: Option<Access>,
    history: Option<RoomHistory>,
    #[serde(default, deserialize_with = "http::nullable")]
    retention_days: Option<Option<u32>>,
    user_id: Option<UserId>,
    sender_id: Option<UserId>,
}

/// `POST /api/rooms`: makes a room and puts its creator into it.
async fn create(
    State(app): State<App>,
    caller: CallerOrKey,
    http::Json(asked): http::Json<CreateRoomRequest>,
) -> Result<Response, Failure> {
    let creator = caller.actor([asked.user_id, asked.sender_id])?.user;
    let CreateRoomRequest { name, topic, metadata, access, history, retention_days, .. } = asked;
    let new = NewRoom { name, topic, metadata, access, history, retention_days };
    let room = rooms::create(&app, &creator, new).await?;
    Ok((StatusCode::CREATED, Json(RoomView::from(&room))).into_response())
}

/// `GET /api/rooms`: every public room and the caller's private ones, by name.
async fn list(
    State(app): State<App>,
    caller: CallerOrKey,
    paging: Paging,
) -> Result<Response, Failure> {
    let after = paging.after(RoomName::read_place)?;
    let user = caller.actor_if_any()?.map(|actor| actor.user);
    let rooms = rooms::list(&app, user.as_ref(), after.as_deref(), paging.limit).await?;
    let views: Vec<_> = rooms.items.iter().map(RoomView::from).collect();
    Ok(paging.list(&views, rooms.next.as_deref()))
}

/// `GET /api/rooms/{room}`: a private one for its members and whoever is invited.
async fn look_up(
    State(app): State<App>,
    caller: CallerOrKey,
    Path(room): Path<String>,
) -> Result<Response, Failure> {
    let room = rooms::find(&app, caller.actor_if_any()?.as_ref(), &room).await?;
    Ok(Json(RoomView::from(&room)).into_response())
}

/// `PATCH /api/rooms/{room}`: what is given is changed, and what is null goes, by an owner.
async fn change(
    State(app): State<App>,
    caller: CallerOrKey,
    Path(room): Path<String>,
    http::Json(asked): http::Json<ChangeRoomRequest>,
) -> Result<Response, Failure> {
    let actor = caller.actor([asked.user_id, asked.sender_id])?;
    let ChangeRoomRequest { name, topic, metadata, access, history, retention_days, .. } = asked;
    let name = name.as_deref().map(RoomName::parse).transpose()?;
    let change = Change { name, topic, metadata, access, history, retention_days };
    let room = rooms::change(&app, &actor, &room, &change).await?;
    Ok(Json(RoomView::from(&room)).into_response())
}

/// `DELETE /api/rooms/{room}`: by an owner.
async fn remove(
    State(app): State<App>,
    caller: CallerOrKey,
    Path(room): Path<String>,
) -> Result<StatusCode, Failure> {
    let actor = caller.actor([])?;
    rooms::delete(&app, &actor, &room).await?;
    Ok(StatusCode::NO_CONTENT)
}
