//! Who may not join a room.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use shared::App;
use shared::domain::UserId;
use shared::domain::permissions::Action;
use shared::edge::http::{self, ActingUser, CallerOrKey, Failure, Paging, Path};
use shared::protocol::Ban;
use shared::services::rooms;

use crate::target_user::{TargetUser, TargetUserOrGone};

/// `GET /api/rooms/{room}/bans`: for those who may ban.
pub(crate) async fn list(
    State(app): State<App>,
    caller: CallerOrKey,
    Path(room): Path<String>,
    paging: Paging,
) -> Result<Response, Failure> {
    let actor = caller.actor([])?;
    let after = paging.after(UserId::from_encoded)?;
    let room = rooms::permitted(&app, &actor, &room, Action::Ban).await?.room;
    let bans = app.store.bans(room.id, after.as_ref(), paging.limit).await?;
    let views = bans.items.iter().map(|banned| {
        let decision = &banned.decision;
        Ban { user: banned.user.to_string(), by: decision.by.to_string(), at: decision.at }
    });
    Ok(paging.list(&views.collect::<Vec<_>>(), bans.next.as_deref()))
}

/// `PUT /api/rooms/{room}/bans/{user}`: puts them out if they are in it, and lets them in no more.
pub(crate) async fn ban(
    State(app): State<App>,
    caller: CallerOrKey,
    TargetUser { room, user }: TargetUser,
    http::Json(who): http::Json<ActingUser>,
) -> Result<StatusCode, Failure> {
    rooms::ban(&app, &who.actor(caller)?, &room, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/rooms/{room}/bans/{user}`: nothing to do if they are not banned.
pub(crate) async fn unban(
    State(app): State<App>,
    caller: CallerOrKey,
    TargetUserOrGone { room, user }: TargetUserOrGone,
) -> Result<StatusCode, Failure> {
    rooms::unban(&app, &caller.actor([])?, &room, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}
