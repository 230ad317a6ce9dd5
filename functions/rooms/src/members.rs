//! Who is in a room.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::App;
use shared::domain::permissions::Action;
use shared::domain::{Role, UserId};
use shared::edge::http::{self, ActingUser, CallerOrKey, Failure, Paging, Path};
use shared::protocol::{RoomView, member_at};
use shared::services::access::check_permission;
use shared::services::rooms;

use crate::target_user::{TargetUser, TargetUserOrGone};

#[derive(Deserialize)]
pub(crate) struct SetRoleRequest {
    role: Role,
    #[serde(flatten)]
    who: ActingUser,
}

/// `GET /api/rooms/{room}/members`: for members.
pub(crate) async fn list(
    State(app): State<App>,
    caller: CallerOrKey,
    Path(room): Path<String>,
    paging: Paging,
) -> Result<Response, Failure> {
    let actor = caller.actor([])?;
    let room = app.store.find_room(&room).await?;
    let after = paging.after(UserId::from_encoded)?;
    let members = app.store.members(room.id, after.as_ref(), Some(paging.limit)).await?;
    check_permission(&app, &actor, &room.conversation(), Action::ListMembers).await?;
    let now = app.clock.now();
    let views: Vec<_> = members.items.iter().map(|member| member_at(now, member)).collect();
    Ok(paging.list(&views, members.next.as_deref()))
}

/// `POST /api/rooms/{room}/join`: joining twice changes nothing.
pub(crate) async fn join(
    State(app): State<App>,
    caller: CallerOrKey,
    Path(room): Path<String>,
    http::Json(who): http::Json<ActingUser>,
) -> Result<Response, Failure> {
    let room = rooms::join(&app, who.joining(caller)?, &room).await?;
    Ok(Json(RoomView::from(&room)).into_response())
}

/// `POST /api/rooms/{room}/leave`: leaving a room one is not in changes nothing.
pub(crate) async fn leave(
    State(app): State<App>,
    caller: CallerOrKey,
    Path(room): Path<String>,
    http::Json(who): http::Json<ActingUser>,
) -> Result<StatusCode, Failure> {
    rooms::leave(&app, &who.joining(caller)?.user, &room).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /api/rooms/{room}/members/{user}`: gives a member another role.
pub(crate) async fn set_role(
    State(app): State<App>,
    caller: CallerOrKey,
    TargetUser { room, user }: TargetUser,
    http::Json(asked): http::Json<SetRoleRequest>,
) -> Result<StatusCode, Failure> {
    let actor = asked.who.actor(caller)?;
    rooms::set_role(&app, &actor, &room, &user, asked.role).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/rooms/{room}/members/{user}`: puts a member out.
pub(crate) async fn kick(
    State(app): State<App>,
    caller: CallerOrKey,
    TargetUserOrGone { room, user }: TargetUserOrGone,
) -> Result<StatusCode, Failure> {
    rooms::kick(&app, &caller.actor([])?, &room, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}
