//! A new connection is made welcome as soon as its handshake is through.

use std::time::Duration;

use shared::domain::permissions::Action;
use shared::domain::{CONNECTION_LIFETIME, ConnectionId, ConversationId, Range, UserId};
use shared::protocol::{ServerFrame, Welcome, batches};
use shared::pusher::Push;
use shared::services::access::is_lobby_moderator;
use shared::services::messages::read;
use shared::store::{Inbox, Update};
use shared::{App, Error};

use crate::overflow;

/// How long a handshake may take after `$connect` has remembered the connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait before asking again; doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// Makes the connection ready and sends `welcome`; the inbox after it, or `None` if nobody is there.
pub(crate) async fn welcome(
    app: &App,
    user: &UserId,
    connection: &ConnectionId,
) -> Result<Option<Inbox>, Error> {
    if !is_open(app, user, connection).await? {
        app.store.remove_connection(user, connection, app.clock.now()).await?;
        return Ok(None);
    }
    let Update::Applied(inbox) = app.store.make_ready(user, connection, app.clock.now()).await?
    else {
        return Ok(None);
    };
    let now = app.clock.now();
    let found = inbox.connections.get(connection);
    if inbox.has_ended_for(connection, None) {
        // The session ended while the handshake was under way.
        return Ok(Some(inbox));
    }
    let telling = overflow::begin(app, user, &inbox).await?;
    let lobby_moderator = match is_lobby_moderator(app, user, &ConversationId::Lobby).await {
        Err(Error::NotFound(_)) => false,
        known => known?,
    };
    let welcome = ServerFrame::Welcome(Welcome {
        user: user.to_string(),
        connection_id: connection.to_string(),
        server_time: now,
        expires_at: found.map_or(now.plus(CONNECTION_LIFETIME), |found| found.expires_at),
        limits: app.config.limits(),
        more_waiting: telling.is_some(),
        lobby_moderator,
    });
    match app.pusher.push(connection, &welcome.encode()).await {
        Push::Taken => {
            if let Some(telling) = telling {
                push_more_waiting_to_others(app, &inbox, connection).await;
                telling.end(app, user).await?;
            }
        }
        Push::Gone => {
            app.store.remove_connection(user, connection, now).await?;
            return Ok(None);
        }
        // What it says of what waits is said again.
        Push::Failed => {}
    }
    let history = inbox.connections.get(connection).map_or(0, |found| found.history);
    show_lobby(app, (user, connection), history).await?;
    Ok(Some(inbox))
}

/// Tells the user's connections that were there already that more waits than is listed.
async fn push_more_waiting_to_others(app: &App, inbox: &Inbox, newcomer: &ConnectionId) {
    let mut others = inbox.ready(app.clock.now());
    others.retain(|other| other != newcomer);
    app.pusher.push_to_all(others, &ServerFrame::MoreWaiting.encode()).await;
}

/// Brings the lobby's last messages, if there are any.
async fn show_lobby(
    app: &App,
    (user, connection): (&UserId, &ConnectionId),
    count: usize,
) -> Result<(), Error> {
    if count == 0 {
        return Ok(());
    }
    let (lobby, range) = (ConversationId::Lobby, Range::default());
    let page = read::page(app, user, &lobby, range, count, Action::Hear).await?;
    for batch in batches(&page.messages, page.before.is_some()) {
        if app.pusher.push(connection, &batch.frame).await != Push::Taken {
            break;
        }
    }
    Ok(())
}

/// Asks until the connection stands, or its `$disconnect` has come, or for as long as a handshake
/// could take.
async fn is_open(app: &App, user: &UserId, connection: &ConnectionId) -> Result<bool, Error> {
    let mut pause = FIRST_PAUSE;
    let mut waited = Duration::ZERO;
    while !app.pusher.is_open(connection).await? {
        let inbox = app.store.inbox(user).await?;
        if waited >= PATIENCE || !inbox.connections.contains_key(connection) {
            return Ok(false);
        }
        tokio::time::sleep(pause).await;
        waited += pause;
        pause *= 2;
    }
    Ok(true)
}
