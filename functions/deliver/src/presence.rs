//! Shows those who share something with a user that they came or went.

use std::collections::HashSet;

use futures::stream::{self, StreamExt, TryStreamExt};
use shared::chat::UserId;
use shared::protocol::{Presence, ServerFrame};
use shared::rules::{self, Action};
use shared::speaking::{between, circle};
use shared::store::Inbox;
use shared::{App, Error};

/// How many of a user's conversations are looked through.
const CONVERSATIONS: usize = 200;
/// How many of them are read at once.
const CONCURRENT: usize = 10;

/// Pushes a `presence` frame to whoever shares a direct conversation or a small room with `user` and
/// is there. Nobody waits for it.
pub(crate) async fn show(
    app: &App,
    user: &UserId,
    status: Presence,
    inbox: &Inbox,
) -> Result<(), Error> {
    let listings = app.store.listings(user, None, CONVERSATIONS).await?.items;
    let circles =
        listings.into_iter().map(|listing| async move { circle(app, &listing.conversation).await });
    let circles: Vec<Vec<UserId>> =
        stream::iter(circles).buffer_unordered(CONCURRENT).try_collect().await?;
    let mut people: HashSet<_> = circles.into_iter().flatten().collect();
    people.remove(user);
    if people.is_empty() {
        return Ok(());
    }
    let people: Vec<_> = people.into_iter().collect();
    let mut inboxes = app.store.inboxes(&people).await?;
    inboxes.retain(|other, theirs| {
        rules::allows(Action::Watch, between((user, inbox), (other, theirs)))
    });
    let now = app.clock.now();
    let connections = inboxes.values().flat_map(|inbox| inbox.ready(now)).collect();
    let frame = ServerFrame::Presence { user, status, last_seen: inbox.last_seen }.encode();
    app.gateway.push_to_all(connections, &frame).await;
    Ok(())
}
