//! Coming in and going: accounts, sessions and tickets.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderValue};
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::auth::ACCESS_LIFETIME;
use shared::domain::CONNECTION_LIFETIME;
use shared::edge::http::{Caller, Failure, Json, SourceAddress};
use shared::protocol::{Ticket, Tokens};
use shared::services::accounts::{self, Credentials, Profile, SignedIn};
use shared::{App, Error};

/// The body of `POST /api/register`.
#[derive(Deserialize)]
pub(crate) struct RegisterRequest {
    username: String,
    password: SecretString,
    display_name: Option<String>,
    metadata: Option<Map<String, Value>>,
}

/// The body of `POST /api/login`.
#[derive(Deserialize)]
pub(crate) struct LoginRequest {
    username: String,
    password: SecretString,
}

/// The body of `POST /api/refresh`.
#[derive(Deserialize)]
pub(crate) struct RefreshRequest {
    refresh_token: SecretString,
}

/// The body of `POST /api/logout`.
#[derive(Deserialize)]
pub(crate) struct LogoutRequest {
    #[serde(default)]
    everywhere: bool,
}

/// `POST /api/register`: makes an account and signs its owner in.
pub(crate) async fn register(
    State(app): State<App>,
    SourceAddress(address): SourceAddress,
    Json(asked): Json<RegisterRequest>,
) -> Result<Response, Failure> {
    let RegisterRequest { username, password, display_name, metadata } = asked;
    let credentials = Credentials { username, password, address };
    let profile = Profile { username: None, display_name, metadata: metadata.map(Some) };
    let signed_in = accounts::register(&app, credentials, profile).await?;
    Ok(answer(StatusCode::CREATED, signed_in))
}

/// `POST /api/login`: signs somebody in.
pub(crate) async fn login(
    State(app): State<App>,
    SourceAddress(address): SourceAddress,
    Json(LoginRequest { username, password }): Json<LoginRequest>,
) -> Result<Response, Failure> {
    let credentials = Credentials { username, password, address };
    Ok(answer(StatusCode::OK, accounts::login(&app, credentials).await?))
}

/// `POST /api/refresh`: the next pair of tokens.
pub(crate) async fn refresh(
    State(app): State<App>,
    Json(asked): Json<RefreshRequest>,
) -> Result<Response, Failure> {
    Ok(answer(StatusCode::OK, accounts::refresh(&app, &asked.refresh_token).await?))
}

/// `POST /api/logout`: ends the caller's session, or all of them, and closes the sockets.
pub(crate) async fn logout(
    State(app): State<App>,
    caller: Caller,
    Json(asked): Json<LogoutRequest>,
) -> Result<StatusCode, Failure> {
    let caller = caller.proved()?;
    let session = caller.session.ok_or(Error::Invalid("there is no session to end".into()))?;
    if asked.everywhere {
        accounts::end_everywhere(&app, &caller.user).await?;
    } else {
        accounts::end(&app, &caller.user, session).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/tickets`: opens one WebSocket within half a minute.
pub(crate) async fn ticket(State(app): State<App>, caller: Caller) -> Result<Response, Failure> {
    app.has_accounts()?;
    let caller = caller.proved()?;
    // A token that never ends lets a connection live as long as it may.
    let until = caller.until.unwrap_or(app.clock.now().plus(CONNECTION_LIFETIME));
    let ticket = accounts::ticket(&app, &caller.user, caller.session, until).await?;
    let ticket = Ticket { ticket, expires_in: accounts::TICKET_LIFETIME.as_secs() };
    Ok(secret((StatusCode::CREATED, axum::Json(ticket)).into_response()))
}

fn answer(status: StatusCode, signed_in: SignedIn) -> Response {
    let tokens = Tokens {
        user: signed_in.account.into(),
        access_token: signed_in.access_token,
        refresh_token: signed_in.refresh_token,
        token_type: "Bearer".into(),
        expires_in: ACCESS_LIFETIME.as_secs(),
    };
    secret((status, axum::Json(tokens)).into_response())
}

/// An answer that nobody on the way may keep
/// (<https://www.rfc-editor.org/rfc/rfc6749#section-5.1>).
pub(crate) fn secret(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
