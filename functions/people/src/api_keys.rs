//! Keys of other people's backends, for operators.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::domain::{KeyId, Scope, Timestamp};
use shared::edge::http::{Caller, Failure, Json, Paging, Path};
use shared::protocol::{ApiKeyView, NewApiKey};
use shared::services::api_keys::{self, NewKey};
use shared::{App, Error};

use crate::accounts::secret;

/// The body of `POST /api/keys`.
#[derive(Deserialize)]
pub(crate) struct CreateKeyRequest {
    name: String,
    scopes: Vec<Scope>,
    expires_at: Option<Timestamp>,
    bot: Option<String>,
}

/// `POST /api/keys`: the one answer that has the key itself.
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(asked): Json<CreateKeyRequest>,
) -> Result<Response, Failure> {
    let CreateKeyRequest { name, scopes, expires_at, bot } = asked;
    let new = NewKey { name, scopes, expires_at, bot };
    let (made, key) = api_keys::create(&app, &caller.proved()?, new).await?;
    let made = NewApiKey { described: ApiKeyView::from(&made), key };
    Ok(secret((StatusCode::CREATED, axum::Json(made)).into_response()))
}

/// `GET /api/keys`: all of them, by age.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    paging: Paging,
) -> Result<Response, Failure> {
    let no_cursor = || Error::Invalid("not a key".into());
    let after = paging.after(|after| KeyId::parse(after).ok_or_else(no_cursor))?;
    let keys = api_keys::list(&app, &caller.proved()?, after, paging.limit).await?;
    let views: Vec<_> = keys.items.iter().map(ApiKeyView::from).collect();
    Ok(paging.list(&views, keys.next.as_deref()))
}

/// `DELETE /api/keys/{key}`: the next request with it is refused.
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<StatusCode, Failure> {
    api_keys::delete(&app, &caller.proved()?, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}
