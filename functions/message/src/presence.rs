//! A connection that speaks stands, whatever the table thinks of it.

use shared::identity::Speaker;
use shared::protocol::{Frame, ServerFrame};
use shared::store::{Connection, Inbox};
use shared::{App, Error};

/// `ping`: answers with the time. It also heals: a connection that the table lost is remembered
/// again, and what still waits for its user is handed over.
pub(crate) async fn ping(app: &App, speaker: &Speaker) -> Result<Frame, Error> {
    let inbox = app.store.inbox(&speaker.user).await?;
    if !note(app, speaker, &inbox).await? && !inbox.waiting_conversations().is_empty() {
        app.store.wake(&speaker.user).await?;
    }
    Ok(ServerFrame::Pong { server_time: app.clock.now() }.encode())
}

/// Remembers the speaking connection as ready unless `inbox` says so already; true if it did not.
///
/// Its greeting may be late or lost; a client's own frame proves that the handshake is through.
pub(crate) async fn note(app: &App, speaker: &Speaker, inbox: &Inbox) -> Result<bool, Error> {
    if inbox.connections.get(&speaker.connection).is_some_and(|connection| connection.ready) {
        return Ok(false);
    }
    let ready = Connection::new(speaker.connected_at, true);
    let after = app.store.make_present(&speaker.user, &speaker.connection, &ready).await?;
    if !after.waiting_conversations().is_empty() {
        app.store.wake(&speaker.user).await?;
    }
    Ok(true)
}
