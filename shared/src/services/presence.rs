//! Who sees whether somebody is there: whoever shares a direct conversation or a small room with them.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt, TryStreamExt};

use crate::auth::identity::WebSocketCaller;
use crate::domain::permissions::Action;
use crate::domain::{ConversationId, RoomId, UserId};
use crate::services::access::audience;
use crate::store::{Connection, Inbox, Update};
use crate::{App, Error};

/// How many of a user's conversations are looked through.
const CONVERSATIONS: usize = 200;
/// How many of them are read at once.
const CONCURRENT: usize = 10;

/// Whoever shares a direct conversation or a small room with `user`, whether or not a block hides them
/// from each other; without `user`.
pub async fn presence_audience(app: &App, user: &UserId) -> Result<Vec<UserId>, Error> {
    let memberships = app.store.memberships(user, None, CONVERSATIONS).await?.items;
    let circles = memberships
        .into_iter()
        .map(|membership| async move { presence_audience_of(app, &membership.conversation).await });
    let circles: Vec<Vec<UserId>> =
        stream::iter(circles).buffer_unordered(CONCURRENT).try_collect().await?;
    let mut people: BTreeSet<_> = circles.into_iter().flatten().collect();
    people.remove(user);
    Ok(people.into_iter().collect())
}

/// The inboxes of those in the presence audience of `user` whom no block hides from them, and their own.
pub async fn watchers(app: &App, user: &UserId) -> Result<BTreeMap<UserId, Inbox>, Error> {
    audience(app, user, presence_audience(app, user).await?, Action::Watch).await
}

/// Who sees each other come, go and type in a conversation: two people, or the members of a small
/// room; nobody if it is of many.
pub async fn presence_audience_of(
    app: &App,
    conversation: &ConversationId,
) -> Result<Vec<UserId>, Error> {
    let ConversationId::Room(room) = conversation else { return Ok(conversation.pair()) };
    members_if_few(app, *room, app.config.presence_room_size).await
}

/// The members of a room if they are at most so many; nobody if they are more.
pub async fn members_if_few(app: &App, room: RoomId, most: usize) -> Result<Vec<UserId>, Error> {
    // One more tells whether it is too large.
    let members = app.store.members(room, None, Some(most + 1)).await?.items;
    if members.len() > most {
        return Ok(Vec::new());
    }
    Ok(members.into_iter().map(|member| member.user).collect())
}

/// Remembers the speaking connection as ready unless `inbox` says so already; true if it did not.
///
/// Its welcome may be late or lost; a client's own frame proves that the handshake is through.
pub async fn mark_connection_ready(
    app: &App,
    caller: &WebSocketCaller,
    inbox: &Inbox,
) -> Result<bool, Error> {
    let WebSocketCaller { user, connection, .. } = caller;
    let known = inbox.connections.get(connection);
    if known.is_some_and(Connection::is_ready) {
        return Ok(false);
    }
    let now = app.clock.now();
    let readied = match known {
        Some(_) => app.store.make_ready(user, connection, now).await?,
        None => Update::Refused(Inbox::default()),
    };
    let after = match readied {
        Update::Applied(after) => after,
        Update::Refused(_) => {
            let connection = (connection, &Connection::of(caller, Some(now)));
            app.store.upsert_connection(user, connection.0, connection.1).await?
        }
    };
    if after.has_pending() {
        app.store.notify(user).await?;
    }
    Ok(true)
}
