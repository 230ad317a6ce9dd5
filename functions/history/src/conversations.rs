//! `GET /api/conversations`: where somebody takes part, what was said last, and how much is unread.

use axum::extract::State;
use axum::response::Response;
use futures::stream::{self, StreamExt, TryStreamExt};
use futures::try_join;
use shared::domain::permissions::Action;
use shared::domain::{ConversationId, Page, Range, Said, Seq, UserId};
use shared::edge::http::{Caller, Failure, Paging};
use shared::protocol::{ConversationView, MessageView, RoomName};
use shared::services::access::can_receive;
use shared::services::messages::read;
use shared::store::Membership;
use shared::{App, Error};

/// How many conversations are read at once.
const CONCURRENT: usize = 10;
/// Unread messages are counted up to here.
const MOST_UNREAD: usize = 100;

/// One page, by conversation id; each conversation costs one read, a room two more: its name, and
/// whether one is still in it.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    paging: Paging,
) -> Result<Response, Failure> {
    let user = caller.require()?;
    let after = paging.after(ConversationId::parse)?;
    let memberships = app.store.memberships(&user, after.as_ref(), paging.limit).await?;
    let described =
        memberships.items.into_iter().map(|membership| describe(&app, &user, membership));
    let described: Vec<_> =
        stream::iter(described).buffered(CONCURRENT).try_collect().await.map_err(Failure::from)?;
    let described: Vec<_> = described.into_iter().flatten().collect();
    Ok(paging.list(&described, memberships.next.as_deref()))
}

/// `None` if the user has left meanwhile.
async fn describe(
    app: &App,
    user: &UserId,
    membership: Membership,
) -> Result<Option<ConversationView>, Error> {
    let conversation = membership.conversation;
    // From the last message read onwards, so that even if all is read there is a last one.
    let from = membership.read_seq.unwrap_or_default();
    let unread = app.store.newest_from(&conversation, from, MOST_UNREAD, app.clock.now()).await?;
    let name = async {
        match conversation {
            ConversationId::Room(id) => app.store.room(id).await,
            ConversationId::Direct(..) | ConversationId::Lobby => Ok(None),
        }
    };
    // Looked up after the page: whoever left before something on it was said is not shown it.
    let (room, readable_from) = try_join!(name, can_receive(app, user, &conversation))?;
    let Some(first) = readable_from else { return Ok(None) };
    let unread = unread.starting_at(first);
    let last_message = match unread.messages.iter().rfind(|message| message.body.of().is_none()) {
        None if !unread.messages.is_empty() => {
            let range = Range { before: unread.messages.first().map(|it| it.seq), after: None };
            read::page(app, user, &conversation, range, 1, Action::Hear).await?.messages.pop()
        }
        last => last.cloned(),
    };
    Ok(Some(ConversationView {
        conversation: conversation.to_string(),
        with: conversation.addressee(user).map(UserId::to_string),
        room: room
            .map(|room| RoomName { id: room.id.to_string(), name: room.name.as_str().to_owned() }),
        joined_at: membership.joined_at,
        last_message: last_message.as_ref().map(MessageView::from),
        unread: unread_of(&unread, user, from).count(),
        mentions: unread_of(&unread, user, from).filter(|said| said.mentions(user)).count(),
        read_seq: from,
    }))
}

/// What others said that one has not read.
fn unread_of<'a>(page: &'a Page, user: &UserId, read_seq: Seq) -> impl Iterator<Item = &'a Said> {
    let unread = page.messages.iter().filter(move |message| {
        message.seq > read_seq && message.from != *user && message.body.is_unread()
    });
    unread.filter_map(|message| message.body.said())
}
