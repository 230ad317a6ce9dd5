//! HTTP: who is online.

use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use shared::App;
use shared::chat::{PageSize, Timestamp, UserId};
use shared::http::{Failure, Params, link, whole_number};
use shared::identity::Caller;

/// The routes of this function.
pub fn router(app: App) -> Router {
    Router::new().route("/api/online_users", get(online_users)).with_state(app)
}

#[derive(Deserialize)]
struct Paging {
    after: Option<String>,
    limit: Option<String>,
}

#[derive(Serialize)]
struct OnlineUser {
    user: UserId,
    connected_at: Timestamp,
}

/// `GET /api/online_users`: those with a connection that stands, by name.
async fn online_users(
    State(app): State<App>,
    _: Caller,
    uri: Uri,
    Params(paging): Params<Paging>,
) -> Result<Response, Failure> {
    let after = paging.after.as_deref().map(UserId::from_encoded).transpose()?;
    let limit = PageSize::parse(whole_number("limit", paging.limit.as_deref())?)?;
    let online = app.store.online(after.as_ref(), Some(limit.get())).await?;
    let now = app.clock.now();
    let users = online.items.into_iter().filter_map(|(user, inbox)| {
        let standing = inbox.connections.values().filter(|it| it.expires_at > now);
        let connected_at = standing.map(|connection| connection.connected_at).min()?;
        Some(OnlineUser { user, connected_at })
    });
    let users: Vec<_> = users.collect();
    let next = online.next.map(|next| link(&uri, ("after", &next), "next"));
    Ok((next.unwrap_or_default(), Json(users)).into_response())
}
