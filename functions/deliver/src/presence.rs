//! Shows those who share something with a user that they came or went.

use shared::domain::UserId;
use shared::domain::permissions::{self, Action};
use shared::protocol::{Presence, ServerFrame};
use shared::services::access::relationship_of_two;
use shared::services::presence::presence_audience;
use shared::store::Inbox;
use shared::{App, Error};

/// Pushes a `presence` frame to whoever shares a direct conversation or a small room with `user` and
/// is there. Nobody waits for it.
pub(crate) async fn show(
    app: &App,
    user: &UserId,
    status: Presence,
    inbox: &Inbox,
) -> Result<(), Error> {
    let people = presence_audience(app, user).await?;
    if people.is_empty() {
        return Ok(());
    }
    let mut inboxes = app.store.inboxes(&people).await?;
    inboxes.retain(|other, theirs| {
        permissions::allows(Action::Watch, relationship_of_two((user, inbox), (other, theirs)))
    });
    let now = app.clock.now();
    let connections = inboxes.values().flat_map(|inbox| inbox.ready(now)).collect();
    let frame =
        ServerFrame::Presence { user: user.to_string(), status, last_seen: inbox.last_seen }
            .encode();
    app.pusher.push_to_all(connections, &frame).await;
    Ok(())
}
