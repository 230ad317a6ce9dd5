//! Other people: to be looked up, and for somebody's backend to make, to let in, and to forget.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::App;
use shared::auth::ACCESS_LIFETIME;
use shared::domain::Scope;
use shared::edge::http::{CallerOrKey, Failure, Json, KeyCaller, Path};
use shared::protocol::{MintedToken, Person};
use shared::services::accounts::{self, NewUser, Profile};
use shared::services::directory;

use crate::accounts::secret;

/// The body of `POST /api/users`.
#[derive(Deserialize)]
pub(crate) struct CreateUserRequest {
    username: Option<String>,
    display_name: Option<String>,
    metadata: Option<Map<String, Value>>,
    external_id: Option<String>,
}

/// `GET /api/users/{user}`: somebody, by id or username.
pub(crate) async fn show(
    State(app): State<App>,
    caller: CallerOrKey,
    Path(user): Path<String>,
) -> Result<Answer<Person>, Failure> {
    if let CallerOrKey::Key(key) = caller {
        key.with(Scope::Users)?;
    }
    let user = directory::find_existing_user(&app, &user).await?;
    if !app.config.has_accounts() {
        return Ok(Answer(Person::Named { id: user.to_string() }));
    }
    Ok(Answer(directory::account(&app, &user).await?.into()))
}

/// `POST /api/users`: an account without a password; the same `external_id` gets the same one again.
pub(crate) async fn create(
    State(app): State<App>,
    key: KeyCaller,
    Json(asked): Json<CreateUserRequest>,
) -> Result<Response, Failure> {
    let key = key.with(Scope::Users)?;
    let CreateUserRequest { username, display_name, metadata, external_id } = asked;
    let profile = Profile { username, display_name, metadata: metadata.map(Some) };
    let (account, is_new) = accounts::create(&app, key, NewUser { profile, external_id }).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Answer(Person::from(account))).into_response())
}

/// `POST /api/users/{user}/tokens`: what lets somebody in for a while.
pub(crate) async fn mint(
    State(app): State<App>,
    key: KeyCaller,
    Path(user): Path<String>,
) -> Result<Response, Failure> {
    let key = key.with(Scope::Users)?;
    let user = directory::find_user(&app, &user).await?;
    let (account, access_token) = accounts::mint(&app, key, &user).await?;
    let token = MintedToken {
        user: account.into(),
        access_token,
        token_type: "Bearer".into(),
        expires_in: ACCESS_LIFETIME.as_secs(),
    };
    Ok(secret((StatusCode::CREATED, Answer(token)).into_response()))
}

/// `DELETE /api/users/{user}`: what `DELETE /api/me` does, whoever they are.
pub(crate) async fn erase(
    State(app): State<App>,
    key: KeyCaller,
    Path(user): Path<String>,
) -> Result<StatusCode, Failure> {
    key.with(Scope::Erase)?;
    let user = directory::find_user(&app, &user).await?;
    accounts::forget(&app, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}
