//! Whom one has blocked.

use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use shared::App;
use shared::domain::UserId;
use shared::edge::http::{self, ActingUser, Caller, Failure, Paging, Path};
use shared::protocol::Block;
use shared::services::blocks;
use shared::services::directory::{find_existing_user, find_user};

/// `{user}` of a path, who exists: by id, or where people have accounts by username.
pub(crate) struct TargetUser(UserId);

/// The same of somebody who may be gone.
pub(crate) struct TargetUserOrGone(UserId);

impl FromRequestParts<App> for TargetUser {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let Path(user) = Path::<UserId>::from_request_parts(parts, app).await?;
        Ok(Self(find_existing_user(app, user.as_str()).await?))
    }
}

impl FromRequestParts<App> for TargetUserOrGone {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let Path(user) = Path::<UserId>::from_request_parts(parts, app).await?;
        Ok(Self(find_user(app, user.as_str()).await?))
    }
}

/// `GET /api/blocks`: whom the caller has blocked, by id.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    paging: Paging,
) -> Result<Response, Failure> {
    let after = paging.after(UserId::from_encoded)?;
    let blocked = app.store.inbox(&caller.require()?).await?.blocked;
    let later = blocked.into_iter().filter(|(user, _)| after.as_ref().is_none_or(|it| user > it));
    let mut blocks: Vec<_> = later.collect();
    let more = blocks.len() > paging.limit;
    blocks.truncate(paging.limit);
    let next = blocks.last().filter(|_| more).map(|(user, _)| user.encoded());
    let views = blocks.into_iter().map(|(user, since)| Block { user: user.to_string(), since });
    Ok(paging.list(&views.collect::<Vec<_>>(), next.as_deref()))
}

/// `PUT /api/blocks/{user}`: they can no longer speak to the caller, nor see when the caller is there.
pub(crate) async fn block(
    State(app): State<App>,
    caller: Caller,
    TargetUser(user): TargetUser,
    http::Json(who): http::Json<ActingUser>,
) -> Result<StatusCode, Failure> {
    blocks::block(&app, &who.acting_user(caller)?, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/blocks/{user}`: nothing to do if they are not blocked.
pub(crate) async fn unblock(
    State(app): State<App>,
    caller: Caller,
    TargetUserOrGone(user): TargetUserOrGone,
) -> Result<StatusCode, Failure> {
    app.store.unblock(&caller.require()?, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}
