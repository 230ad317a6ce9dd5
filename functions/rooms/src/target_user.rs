//! Whom a route is about.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use shared::App;
use shared::domain::UserId;
use shared::edge::http::{Failure, Path};
use shared::services::directory::{find_existing_user, find_user};

/// `{room}` and `{user}` of a path: the user, who exists, by id, or where people have accounts by username.
pub(crate) struct TargetUser {
    pub(crate) room: String,
    pub(crate) user: UserId,
}

impl FromRequestParts<App> for TargetUser {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let Path((room, user)) = Path::<(String, UserId)>::from_request_parts(parts, app).await?;
        Ok(Self { room, user: find_existing_user(app, user.as_str()).await? })
    }
}

/// The same of somebody who may be gone: what a room keeps of them can be ended all the same.
pub(crate) struct TargetUserOrGone {
    pub(crate) room: String,
    pub(crate) user: UserId,
}

impl FromRequestParts<App> for TargetUserOrGone {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let Path((room, user)) = Path::<(String, UserId)>::from_request_parts(parts, app).await?;
        Ok(Self { room, user: find_user(app, user.as_str()).await? })
    }
}
