//! Who sees whether somebody is there: whoever shares a direct conversation or a small room with them.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt, TryStreamExt};

use crate::chat::UserId;
use crate::rules::Action;
use crate::speaking::{self, audience};
use crate::store::Inbox;
use crate::{App, Error};

/// How many of a user's conversations are looked through.
const CONVERSATIONS: usize = 200;
/// How many of them are read at once.
const CONCURRENT: usize = 10;

/// Whoever shares a direct conversation or a small room with `user`, whether or not a block hides them
/// from each other; without `user`.
pub async fn circle(app: &App, user: &UserId) -> Result<Vec<UserId>, Error> {
    let listings = app.store.listings(user, None, CONVERSATIONS).await?.items;
    let circles = listings
        .into_iter()
        .map(|listing| async move { speaking::circle(app, &listing.conversation).await });
    let circles: Vec<Vec<UserId>> =
        stream::iter(circles).buffer_unordered(CONCURRENT).try_collect().await?;
    let mut people: BTreeSet<_> = circles.into_iter().flatten().collect();
    people.remove(user);
    Ok(people.into_iter().collect())
}

/// The inboxes of those in the circle of `user` whom no block hides from them, and their own.
pub async fn watchers(app: &App, user: &UserId) -> Result<BTreeMap<UserId, Inbox>, Error> {
    audience(app, user, circle(app, user).await?, Action::Watch).await
}
