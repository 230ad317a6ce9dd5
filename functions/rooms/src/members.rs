//! Who is in a room.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::App;
use shared::chat::{PageSize, UserId};
use shared::http::{self, Failure, Params, Path, link, whole_number};
use shared::identity::Caller;
use shared::protocol::RoomView;
use shared::rooms;
use shared::speaking::require_part;

use crate::Asked;

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
    uri: Uri,
    Params(asked): Params<Asked>,
) -> Result<Response, Failure> {
    let user = caller.require()?;
    let limit = PageSize::parse(whole_number("limit", asked.limit.as_deref())?)?;
    let room = app.store.find_room(&room).await?;
    require_part(&app, &user, &room.conversation()).await?;
    let after = asked.after.as_deref().map(UserId::from_encoded).transpose()?;
    let members = app.store.members(room.id, after.as_ref(), Some(limit.get())).await?;
    let next = members.next.map(|next| link(&uri, ("after", &next), "next"));
    Ok((next.unwrap_or_default(), Json(members.items)).into_response())
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
