//! One user has only so many connections.

use futures::stream::{self, StreamExt};
use shared::auth::identity::WebSocketCaller;
use shared::store::Inbox;
use shared::{App, Error};

/// How many connections are asked after at once.
const CONCURRENT: usize = 20;

/// Whether there is no room for the newcomer, whom `inbox` shows already.
///
/// Only then the others are asked after: what has ended without a word is forgotten and does not
/// count, nor does what is to be dismissed, so that nobody is locked out by sockets that are dead.
pub(crate) async fn is_full(
    app: &App,
    newcomer: &WebSocketCaller,
    inbox: &Inbox,
) -> Result<bool, Error> {
    let most = app.config.max_connections_per_user;
    let now = app.clock.now();
    let mut others: Vec<_> = inbox.live(now).collect();
    others.retain(|(id, _)| **id != newcomer.connection);
    if most == 0 || inbox.connections.len() <= most || others.len() < most {
        return Ok(false);
    }
    let asked = others.iter().filter(|(_, it)| !it.may_be_in_handshake(now));
    let asked: Vec<_> = asked.map(|(id, _)| (*id).clone()).collect();
    let answers = asked.into_iter().map(|id| async move {
        // Whatever nobody can tell of may stand.
        (!app.pusher.is_open(&id).await.unwrap_or(true)).then_some(id)
    });
    let gone: Vec<_> = stream::iter(answers).buffer_unordered(CONCURRENT).collect().await;
    let gone: Vec<_> = gone.into_iter().flatten().collect();
    if !gone.is_empty() {
        app.store.remove_connections(&newcomer.user, &gone, now).await?;
    }
    Ok(others.len() - gone.len() >= most)
}
