//! HTTP: people and their accounts, what they decide about conversations for themselves, and who is online.

mod accounts;
mod api_keys;
mod blocks;
mod me;
mod online;
mod presence;
mod settings;
mod users;

use axum::Router;
use axum::routing::{delete, get, patch, post, put};
use shared::App;
use shared::edge::http::private;

/// The routes of this function.
pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/api/register", post(accounts::register))
        .route("/api/login", post(accounts::login))
        .route("/api/refresh", post(accounts::refresh))
        .route("/api/logout", post(accounts::logout))
        .route("/api/password", post(me::change_password))
        .route("/api/tickets", post(accounts::ticket))
        .route("/api/me", get(me::show))
        .route("/api/me", patch(me::change))
        .route("/api/me", delete(me::delete))
        .route("/api/users", post(users::create))
        .route("/api/users/{user}", get(users::show))
        .route("/api/users/{user}", delete(users::erase))
        .route("/api/users/{user}/tokens", post(users::mint))
        .route("/api/keys", post(api_keys::create))
        .route("/api/keys", get(api_keys::list))
        .route("/api/keys/{key}", delete(api_keys::remove))
        .route("/api/blocks", get(blocks::list))
        .route("/api/blocks/{user}", put(blocks::block))
        .route("/api/blocks/{user}", delete(blocks::unblock))
        .route("/api/online_users", get(online::users))
        .route("/api/presence", get(presence::friends))
        .route("/api/conversations/{conversation}/settings", get(settings::show))
        .route("/api/conversations/{conversation}/settings", patch(settings::change));
    private(app, routes)
}
