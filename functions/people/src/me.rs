//! What people show of themselves, and what only they may change.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::App;
use shared::edge::http::{self, Caller, Failure, Json};
use shared::protocol::Person;
use shared::services::accounts::{self, NewPassword, Profile};
use shared::services::directory;

/// The body of `PATCH /api/me`.
#[derive(Deserialize)]
pub(crate) struct ChangeProfileRequest {
    username: Option<String>,
    #[serde(default, deserialize_with = "http::nullable")]
    display_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "http::nullable")]
    metadata: Option<Option<Map<String, Value>>>,
}

/// The body of `POST /api/password`.
#[derive(Deserialize)]
pub(crate) struct ChangePasswordRequest {
    current_password: SecretString,
    new_password: SecretString,
}

/// The body of `DELETE /api/me`.
#[derive(Deserialize)]
pub(crate) struct DeleteAccountRequest {
    password: Option<SecretString>,
}

/// `GET /api/me`: the caller.
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
) -> Result<Answer<Person>, Failure> {
    let user = caller.require()?;
    if !app.config.has_accounts() {
        return Ok(Answer(Person::Named { id: user.to_string() }));
    }
    Ok(Answer(directory::account(&app, &user).await?.into()))
}

/// `PATCH /api/me`: what is left out stays, what is null goes, and so does an empty display name.
pub(crate) async fn change(
    State(app): State<App>,
    caller: Caller,
    Json(changes): Json<ChangeProfileRequest>,
) -> Result<Answer<Person>, Failure> {
    let user = caller.require()?;
    app.has_accounts()?;
    let ChangeProfileRequest { username, display_name, metadata } = changes;
    let display_name = display_name.map(Option::unwrap_or_default);
    let profile = Profile { username, display_name, metadata };
    Ok(Answer(accounts::change_profile(&app, &user, profile).await?.into()))
}

/// `POST /api/password`: ends every other session of the caller.
pub(crate) async fn change_password(
    State(app): State<App>,
    caller: Caller,
    Json(asked): Json<ChangePasswordRequest>,
) -> Result<StatusCode, Failure> {
    let caller = caller.proved()?;
    app.tokens()?;
    let passwords = NewPassword { current: asked.current_password, new: asked.new_password };
    accounts::change_password(&app, &caller.user, caller.session, passwords).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/me`: the account and all its sessions.
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Json(asked): Json<DeleteAccountRequest>,
) -> Result<StatusCode, Failure> {
    let user = caller.require()?;
    app.has_accounts()?;
    accounts::delete(&app, &user, asked.password).await?;
    Ok(StatusCode::NO_CONTENT)
}
