//! `typing`: somebody is about to say something. It is never stored, and nobody waits for it.

use std::time::Duration;

use shared::identity::Speaker;
use shared::protocol::{ServerFrame, TypingRequest};
use shared::rules::Action;
use shared::speaking::{addressed, audience, circle, permit};
use shared::{App, Error};

use crate::receipts;

/// A user shows in a conversation at most so often, as far as one environment knows.
const INTERVAL: Duration = Duration::from_secs(2);

/// Shows it to the others who are there; in rooms only to few.
pub(crate) async fn show(
    app: &App,
    speaker: &Speaker,
    request: TypingRequest,
) -> Result<(), Error> {
    let (to, room) = (request.to.as_deref(), request.room.as_deref());
    let conversation = addressed(app, &speaker.user, to, room).await?;
    permit(app, &speaker.user, &conversation, Action::Type).await?;
    let key = format!("{conversation} {}", speaker.user);
    if !app.throttle.admits(key, app.clock.now(), INTERVAL) {
        return Ok(());
    }
    let people = circle(app, &conversation).await?;
    if people.iter().all(|user| *user == speaker.user) {
        return Ok(());
    }
    let mut people = audience(app, &speaker.user, people, Action::Type).await?;
    people.remove(&speaker.user);
    let frame = ServerFrame::Typing { user: &speaker.user, conversation: &conversation }.encode();
    receipts::show(app, speaker, &people, &frame).await;
    Ok(())
}
