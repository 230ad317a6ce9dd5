//! `renew`: a connection outlives its token if it shows a fresh one in time.

use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use secrecy::SecretString;
use shared::auth::identity::{Identity, Speaker};
use shared::edge::websocket;
use shared::error::Reason;
use shared::protocol::{Frame, ServerFrame};
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
) -> Result<Frame, Error> {
    if !app.config.has_accounts() {
        return Err(Error::Invalid("there are no tokens to renew in open mode".into()));
    }
    own.get().await?;
    let speaker = own.speaker;
    let Identity { user, session, until } = accounts::by_token(app, token).await?;
    if user != speaker.user {
        return Err(Error::Forbidden(Reason::TwoNames));
    }
    let renewed = Connection::new(speaker.connected_at, true).trusted(session, until);
    let update = app.store.prolong(&user, &speaker.connection, &renewed).await?;
    if matches!(update, Update::Refused(_)) {
        // Unless its session has ended, it was only not remembered; it speaks, so it stands.
        let after = app.store.make_present(&user, &speaker.connection, &renewed).await?;
        if session.is_some_and(|session| after.has_ended(session)) {
            return Err(Overdue::Session.why());
        }
    }
    app.renewals.note(&speaker.connection, renewed.expires_at, app.clock.now());
    Ok(ServerFrame::Renewed { expires_at: renewed.expires_at }.answer(id))
}

/// Whether what the user showed is still good. What was renewed since is asked of the table once in
/// each process, and only when the first token is over.
pub(crate) async fn is_trusted(app: &App, speaker: &Speaker) -> Result<bool, Error> {
    let now = app.clock.now();
    if speaker.until.is_none_or(|until| until > now) || app.renewals.lasts(&speaker.connection, now)
    {
        return Ok(true);
    }
    let inbox = app.store.inbox(&speaker.user).await?;
    let Some(connection) = inbox.connections.get(&speaker.connection) else { return Ok(false) };
    app.renewals.note(&speaker.connection, connection.expires_at, now);
    Ok(connection.expires_at > now)
}

/// Says why, and closes the connection. If it does not close, it stays known, and `deliver` goes on
/// trying; whatever it says is answered like this.
pub(crate) async fn part(
    app: &App,
    speaker: &Speaker,
    overdue: Overdue,
    id: Option<&str>,
) -> Result<ApiGatewayProxyResponse, Error> {
    let why = overdue.why();
    if let Err(error) = app.gateway.dismiss(&speaker.connection, &why).await {
        error.log();
        app.store.wake(&speaker.user).await?;
        return Ok(websocket::reply(ServerFrame::error(&why, id).encode()));
    }
    let gone = std::slice::from_ref(&speaker.connection);
    app.store.prune(&speaker.user, gone, app.clock.now()).await?;
    Ok(websocket::accepted())
}
