//! `ping`: answers with the time, and heals.

use shared::identity::Speaker;
use shared::protocol::{Frame, ServerFrame};
use shared::speaking::note_presence;
use shared::{App, Error};

/// A connection that the table lost is remembered again, and what still waits for its user is handed
/// over.
pub(crate) async fn pong(app: &App, speaker: &Speaker, id: Option<&str>) -> Result<Frame, Error> {
    let inbox = app.store.inbox(&speaker.user).await?;
    let newly_present = note_presence(app, speaker, &inbox).await?;
    if !newly_present && !inbox.waiting_conversations().is_empty() {
        app.store.wake(&speaker.user).await?;
    }
    Ok(ServerFrame::Pong { server_time: app.clock.now() }.answer(id))
}
