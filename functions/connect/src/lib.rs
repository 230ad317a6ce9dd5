//! `$connect`: remembers the connection.
//!
//! API Gateway completes the handshake only after this answers, and until then a push to the
//! connection is answered 410. So the connection is remembered as pending, and the `deliver`
//! function, notified by this very write, welcomes it and delivers what waits. `?history=N` says how
//! many of the lobby's last messages the welcome brings: up to 100, anything else refuses the handshake
//! with a 400. API Gateway sends the status alone, so the reason is in the documents.

use aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use axum::http::header::SEC_WEBSOCKET_PROTOCOL;
use axum::http::{HeaderValue, StatusCode};
use shared::auth::credentials;
use shared::domain::PageSize;
use shared::edge::websocket;
use shared::metrics::Count;
use shared::store::{Connection, Update};
use shared::{App, Error};

mod connection_limit;

/// One write, no read. A client that offers the subprotocol `confab` is answered with it: browsers
/// offer it to send a token beside it. 401 if the session has ended since the authorizer looked; 429 if
/// the user has as many connections as one may have.
pub async fn handle(
    app: &App,
    event: ApiGatewayWebsocketProxyRequest,
) -> Result<ApiGatewayProxyResponse, Error> {
    let caller = websocket::caller(&event.request_context)?;
    let mut pending = Connection::of(&caller, None);
    if let Some(history) = event.query_string_parameters.first("history") {
        match history.parse() {
            Ok(count @ 0..=PageSize::MAX) => pending.history = count,
            _ => return Ok(websocket::refused(StatusCode::BAD_REQUEST)),
        }
    }
    let arrival = app.store.add_connection(&caller.user, &caller.connection, &pending).await?;
    let Update::Applied(inbox) = arrival else {
        return Ok(websocket::refused(StatusCode::UNAUTHORIZED));
    };
    if connection_limit::is_full(app, &caller, &inbox).await? {
        app.store.remove_connection(&caller.user, &caller.connection, app.clock.now()).await?;
        app.metrics.count(Count::RequestsThrottled);
        return Ok(websocket::refused(StatusCode::TOO_MANY_REQUESTS));
    }
    let mut accepted = websocket::accepted();
    let offered = event.headers.get(SEC_WEBSOCKET_PROTOCOL).and_then(|it| it.to_str().ok());
    if credentials::subprotocols(offered).any(|protocol| protocol == credentials::CONFAB) {
        let confab = HeaderValue::from_static(credentials::CONFAB);
        accepted.headers.insert(SEC_WEBSOCKET_PROTOCOL, confab);
    }
    Ok(accepted)
}
