//! `GET /api/conversations`: where somebody takes part, what was said last, and how much is unread.

use axum::extract::State;
use axum::response::Response;
use futures::stream::{self, StreamExt, TryStreamExt};
use futures::try_join;
use serde::Serialize;
use serde_json::Value;
use shared::domain::{ConversationId, Kind, Page, RoomId, Timestamp, UserId};
use shared::edge::http::{Caller, Failure, Paging};
use shared::protocol::MessageView;
use shared::services::access::hears;
use shared::store::Listing;
use shared::{App, Error};

/// How many conversations are read at once.
const CONCURRENT: usize = 10;
/// Unread messages are counted up to here.
const MOST_UNREAD: usize = 100;

#[derive(Serialize)]
struct Conversation {
    conversation: ConversationId,
    #[serde(skip_serializing_if = "Option::is_none")]
    with: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<RoomName>,
    joined_at: Timestamp,
    last_message: Value,
    unread: usize,
    read_seq: u64,
}

#[derive(Serialize)]
struct RoomName {
    id: RoomId,
    name: String,
}

/// One page, by conversation id; each conversation costs one read, a room two more: its name, and
/// whether one is still in it.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    paging: Paging,
) -> Result<Response, Failure> {
    let user = caller.require()?;
    let after = paging.after(ConversationId::parse)?;
    let listings = app.store.listings(&user, after.as_ref(), paging.limit).await?;
    let described = listings.items.into_iter().map(|listing| describe(&app, &user, listing));
    let described: Vec<_> =
        stream::iter(described).buffered(CONCURRENT).try_collect().await.map_err(Failure::from)?;
    let described: Vec<_> = described.into_iter().flatten().collect();
    Ok(paging.list(&described, listings.next.as_deref()))
}

/// `None` if the user has left meanwhile.
async fn describe(
    app: &App,
    user: &UserId,
    listing: Listing,
) -> Result<Option<Conversation>, Error> {
    let conversation = listing.conversation;
    // From the last message read onwards, so that even if all is read there is a last one.
    let from = listing.read_seq.unwrap_or_default();
    let unread = app.store.newest_from(&conversation, from, MOST_UNREAD, app.clock.now()).await?;
    let name = async {
        match conversation {
            ConversationId::Room(id) => app.store.room(id).await,
            ConversationId::Direct(..) | ConversationId::Lobby => Ok(None),
        }
    };
    // Looked up after the page: whoever left before something on it was said is not shown it.
    let (room, hears) = try_join!(name, hears(app, user, &conversation))?;
    let Some(first) = hears else { return Ok(None) };
    let unread = unread.starting_at(first);
    Ok(Some(Conversation {
        with: conversation.addressee(user).cloned(),
        room: room.map(|room| RoomName { id: room.id, name: room.name.as_str().to_owned() }),
        joined_at: listing.joined_at,
        last_message: last_message(&unread)?,
        unread: count(&unread, user, from),
        read_seq: from,
        conversation,
    }))
}

fn count(page: &Page, user: &UserId, read_seq: u64) -> usize {
    let unread = page.messages.iter().filter(|message| {
        message.seq > read_seq && message.from != *user && message.kind == Kind::Message
    });
    unread.count()
}

fn last_message(page: &Page) -> Result<Value, Error> {
    let last = page.messages.last().map(MessageView::from);
    serde_json::to_value(last).map_err(|_| Error::Corrupt("a message"))
}
