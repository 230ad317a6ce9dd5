//! `ping`: answers with the time, and heals.

use shared::protocol::{EncodedFrame, ServerFrame};
use shared::services::own_inbox::OwnInbox;
use shared::services::presence::mark_connection_ready;
use shared::{App, Error};

/// A connection that the table lost is remembered again, and what still waits for its user is handed
/// over.
pub(crate) async fn pong(
    app: &App,
    own: &OwnInbox<'_>,
    id: Option<&str>,
) -> Result<EncodedFrame, Error> {
    let inbox = own.get().await?;
    let newly_present = mark_connection_ready(app, own.caller, inbox).await?;
    let waits = inbox.has_pending() || !inbox.overdue(app.clock.now()).is_empty();
    if !newly_present && waits {
        app.store.notify(&own.caller.user).await?;
    }
    Ok(ServerFrame::Pong { server_time: app.clock.now() }.answer(id))
}
