//! Who is in a room.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::App;
use shared::chat::UserId;
use shared::http::{self, Failure, Paging, Path};
use shared::identity::Caller;
use shared::protocol::RoomView;
use shared::rooms;
use shared::speaking::require_part;

/// The body of a request that only says who asks.
#[derive(Deserialize)]
pub(crate) struct Who {
    user_id: Option<UserId>,
    sender_id: Option<UserId>,
}

/// `GET /api/rooms/{room}/members`: for members.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(room): Path<String>,
    paging: Paging,
) -> Result<Response, Failure> {
    let user = caller.require()?;
    let room = app.store.find_room(&room).await?;
    let after = paging.after(UserId::from_encoded)?;
    let members = app.store.members(room.id, after.as_ref(), Some(paging.limit)).await?;
    require_part(&app, &user, &room.conversation()).await?;
    Ok(paging.list(&members.items, members.next.as_deref()))
}

/// `POST /api/rooms/{room}/join`: joining twice changes nothing.
pub(crate) async fn join(
    State(app): State<App>,
    caller: Caller,
    Path(room): Path<String>,
    http::Json(who): http::Json<Who>,
) -> Result<Response, Failure> {
    let user = caller.named([who.user_id, who.sender_id])?.require()?;
    let room = rooms::join(&app, &user, &room).await?;
    Ok(Json(RoomView::from(&room)).into_response())
}

/// `POST /api/rooms/{room}/leave`: leaving a room one is not in changes nothing.
pub(crate) async fn leave(
    State(app): State<App>,
    caller: Caller,
    Path(room): Path<String>,
    http::Json(who): http::Json<Who>,
) -> Result<StatusCode, Failure> {
    let user = caller.named([who.user_id, who.sender_id])?.require()?;
    rooms::leave(&app, &user, &room).await?;
    Ok(StatusCode::NO_CONTENT)
}
