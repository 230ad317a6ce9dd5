//! `GET /api/conversations`: where somebody takes part, what was said last, and how much is unread.

use axum::extract::State;
use axum::response::Response;
use futures::stream::{self, StreamExt, TryStreamExt};
use futures::try_join;
use serde::Deserialize;
use shared::domain::permissions::Action;
use shared::domain::{ConversationId, Page, Range, Said, Seq, UserId};
use shared::edge::http::{Caller, Failure, Paging, Params};
use shared::protocol::{ConversationView, MessageView, RoomName, settings_at};
use shared::services::access::can_receive;
use shared::services::messages::read;
use shared::services::settings::{LOOK, is_hidden};
use shared::store::Membership;
use shared::{App, Error};

use crate::recent;

/// How many conversations are read at once.
const CONCURRENT: usize = 10;
/// Unread messages are counted up to here.
const MOST_UNREAD: usize = 100;
const _: () = assert!(MOST_UNREAD == LOOK, "one look tells what is unread and what is hidden");

/// The query string beside `after` and `limit`.
#[derive(Clone, Copy, Deserialize)]
pub(crate) struct ListQuery {
    /// Only those with something unread, or marked as unread.
    #[serde(default)]
    unread: bool,
    /// Also those that are hidden.
    #[serde(default)]
    hidden: bool,
    #[serde(default)]
    order: Order,
}

/// In what order conversations come.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    #[default]
    Id,
    Recent,
}

/// One page; each conversation on it costs one read, a room two more: its name, and whether one is still in
/// it. What is not asked for is left out of the page, so it may have nothing and yet go on.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    paging: Paging,
    Params(asked): Params<ListQuery>,
) -> Result<Response, Failure> {
    let user = caller.require()?;
    let (memberships, next) = match asked.order {
        Order::Recent => recent::page(&app, &user, &paging).await?,
        Order::Id => {
            let after = paging.after(ConversationId::parse)?;
            let page = app.store.memberships(&user, after.as_ref(), paging.limit).await?;
            (page.items, page.next)
        }
    };
    let described =
        memberships.into_iter().map(|membership| describe(&app, &user, membership, asked));
    let described: Vec<_> =
        stream::iter(described).buffered(CONCURRENT).try_collect().await.map_err(Failure::from)?;
    let described: Vec<_> = described.into_iter().flatten().collect();
    Ok(paging.list(&described, next.as_deref()))
}

/// `None` if it is not asked for, or the user has left meanwhile.
async fn describe(
    app: &App,
    user: &UserId,
    membership: Membership,
    asked: ListQuery,
) -> Result<Option<ConversationView>, Error> {
    let Membership { conversation, joined_at, read_seq, settings } = membership;
    let read_seq = read_seq.unwrap_or_default();
    let from = settings.counted_from(read_seq);
    // From the last message read onwards, so that even if all is read there is a last one.
    let first = settings.hidden_upto.map_or(from, |upto| from.min(upto));
    let now = app.clock.now();
    let newest = app.store.newest_from(&conversation, first, MOST_UNREAD, now).await?;
    let hidden = settings.hidden_upto.is_some_and(|upto| is_hidden(upto, &newest));
    let is_unread =
        settings.unread_from.is_some() || unread_of(&newest, user, from).next().is_some();
    if (hidden && !asked.hidden) || (asked.unread && !is_unread) {
        return Ok(None);
    }
    let name = async {
        match conversation {
            ConversationId::Room(id) => app.store.room(id).await,
            ConversationId::Direct(..) | ConversationId::Lobby => Ok(None),
        }
    };
    // Looked up after the page: whoever left before something on it was said is not shown it.
    let (room, readable_from) = try_join!(name, can_receive(app, user, &conversation))?;
    let Some(first) = readable_from else { return Ok(None) };
    let newest = newest.starting_at(first);
    let last_message = match newest.messages.iter().rfind(|message| message.body.of().is_none()) {
        None if !newest.messages.is_empty() => {
            let range = Range { before: newest.messages.first().map(|it| it.seq), after: None };
            read::page(app, user, &conversation, range, 1, Action::Hear).await?.messages.pop()
        }
        last => last.cloned(),
    };
    Ok(Some(ConversationView {
        conversation: conversation.to_string(),
        with: conversation.addressee(user).map(UserId::to_string),
        room: room
            .map(|room| RoomName { id: room.id.to_string(), name: room.name.as_str().to_owned() }),
        joined_at,
        last_message: last_message.as_ref().map(MessageView::from),
        unread: unread_of(&newest, user, from).count(),
        mentions: unread_of(&newest, user, from).filter(|said| said.mentions(user)).count(),
        read_seq,
        settings: settings_at(now, &settings, hidden),
    }))
}

/// What others said that one has not read.
fn unread_of<'a>(page: &'a Page, user: &UserId, read_seq: Seq) -> impl Iterator<Item = &'a Said> {
    let unread = page.messages.iter().filter(move |message| {
        message.seq > read_seq && message.from != *user && message.body.is_unread()
    });
    unread.filter_map(|message| message.body.said())
}
