//! When more waits than the inbox can list, its owner is told so, and asks for the rest.

use shared::domain::UserId;
use shared::protocol::ServerFrame;
use shared::pusher::Push;
use shared::store::{Inbox, Update};
use shared::{App, Error};
use uuid::Uuid;

/// The word that more waits, under way by one teller.
#[derive(Debug)]
pub(crate) struct OverflowNotice(String);

/// Takes the word, if there is one to be given.
pub(crate) async fn begin(
    app: &App,
    user: &UserId,
    inbox: &Inbox,
) -> Result<Option<OverflowNotice>, Error> {
    if !inbox.overflows() {
        return Ok(None);
    }
    let teller = Uuid::now_v7().to_string();
    let taken = app.store.take_overflow(user, &teller).await?;
    Ok(matches!(taken, Update::Applied(_)).then_some(OverflowNotice(teller)))
}

impl OverflowNotice {
    /// Somebody took it. Whatever was added since it began is told again.
    pub(crate) async fn end(self, app: &App, user: &UserId) -> Result<(), Error> {
        app.store.end_overflow(user, &self.0).await.map(drop)
    }
}

/// Tells every connection that stands; false if nobody took it.
pub(crate) async fn push_more_waiting(
    app: &App,
    user: &UserId,
    inbox: &Inbox,
) -> Result<bool, Error> {
    let Some(telling) = begin(app, user, inbox).await? else { return Ok(true) };
    let now = app.clock.now();
    let frame = ServerFrame::MoreWaiting.encode();
    let pushes = app.pusher.push_to_all(inbox.ready(now), &frame).await;
    if pushes.iter().any(|(_, push)| *push == Push::Taken) {
        telling.end(app, user).await?;
        return Ok(true);
    }
    let gone = pushes.into_iter().filter(|(_, push)| *push == Push::Gone);
    let gone: Vec<_> = gone.map(|(id, _)| id).collect();
    if !gone.is_empty() {
        app.store.remove_connections(user, &gone, now).await?;
    }
    Ok(false)
}
