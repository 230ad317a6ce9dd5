//! `renew`: a connection outlives its token if it shows a fresh one in time.

use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use secrecy::SecretString;
use shared::auth::identity::{Identity, WebSocketCaller};
use shared::edge::websocket;
use shared::error::Reason;
use shared::protocol::{EncodedFrame, ServerFrame, refusal};
use shared::services::accounts;
use shared::services::own_inbox::OwnInbox;
use shared::store::{Connection, Overdue, Update};
use shared::{App, Error};

/// Lets the connection go on as long as the fresh token is good.
pub(crate) async fn renew(
    app: &App,
    own: &OwnInbox<'_>,
    token: &SecretString,
    id: Option<&str>,
) -> Result<EncodedFrame, Error> {
    if !app.config.has_accounts() {
        return Err(Error::Invalid("there are no tokens to renew in open mode".into()));
    }
    own.get().await?;
    let caller = own.caller;
    let Identity { user, session, until } = accounts::identify_by_token(app, token).await?;
    if user != caller.user {
        return Err(Error::Forbidden(Reason::TwoNames));
    }
    let renewed =
        Connection::new(caller.connected_at, Some(app.clock.now())).trusted(session, until);
    let update = app.store.prolong(&user, &caller.connection, &renewed).await?;
    if matches!(update, Update::Refused(_)) {
        // Unless its session has ended, it was only not remembered; it speaks, so it stands.
        let after = app.store.upsert_connection(&user, &caller.connection, &renewed).await?;
        if session.is_some_and(|session| after.has_ended(session)) {
            return Err(Overdue::Session.why());
        }
    }
    app.trust_cache.note(&caller.connection, renewed.expires_at, app.clock.now());
    Ok(ServerFrame::Renewed { expires_at: renewed.expires_at }.answer(id))
}

/// Whether what the user showed is still good. What was renewed since is asked of the table once in
/// each process, and only when the first token is over.
pub(crate) async fn is_trusted(app: &App, caller: &WebSocketCaller) -> Result<bool, Error> {
    let now = app.clock.now();
    if caller.until.is_none_or(|until| until > now)
        || app.trust_cache.lasts(&caller.connection, now)
    {
        return Ok(true);
    }
    let inbox = app.store.inbox(&caller.user).await?;
    let Some(connection) = inbox.connections.get(&caller.connection) else { return Ok(false) };
    app.trust_cache.note(&caller.connection, connection.expires_at, now);
    Ok(connection.expires_at > now)
}

/// Says why, and closes the connection. If it does not close, it stays known, and `deliver` goes on
/// trying; whatever it says is answered like this.
pub(crate) async fn part(
    app: &App,
    caller: &WebSocketCaller,
    overdue: Overdue,
    id: Option<&str>,
) -> Result<ApiGatewayProxyResponse, Error> {
    let why = overdue.why();
    if let Err(error) = app.pusher.dismiss(&caller.connection, &why).await {
        error.log();
        app.store.notify(&caller.user).await?;
        return Ok(websocket::reply(ServerFrame::Error(refusal(&why, id)).encode()));
    }
    let gone = std::slice::from_ref(&caller.connection);
    app.store.remove_connections(&caller.user, gone, app.clock.now()).await?;
    Ok(websocket::accepted())
}
