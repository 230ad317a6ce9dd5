//! The messages of two people or of a room, oldest first.

use std::collections::{BTreeMap, HashMap};

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use futures::try_join;
use serde::Deserialize;
use shared::domain::permissions::{self, Action};
use shared::domain::{Actor, ConversationId, Message, Page, Range, Seq, UserId};
use shared::edge::http::{Caller, CallerOrKey, Failure, Paging, Params, Path};
use shared::protocol::{MessageView, Status, Version};
use shared::services::access::{check_permission, relationship_of_two};
use shared::services::directory::find_user;
use shared::services::messages::read;
use shared::store::Inbox;
use shared::{App, Error};

/// The query string of `GET /messages`.
#[derive(Deserialize)]
pub(crate) struct BetweenQuery {
    user1: UserId,
    user2: UserId,
}

/// The query string of `GET /api/messages`.
#[derive(Deserialize)]
pub(crate) struct WithQuery {
    with: UserId,
}

/// How far the people of a conversation have got.
struct ReadState {
    /// What goes by the table's stream has been brought up to here.
    handed: Seq,
    inboxes: BTreeMap<UserId, Inbox>,
    read: HashMap<UserId, Seq>,
}

/// `GET /messages?user1=A&user2=B`: the caller, if known, is one of the two.
pub(crate) async fn between_two(
    State(app): State<App>,
    caller: Caller,
    paging: Paging,
    Params(asked): Params<BetweenQuery>,
) -> Result<Response, Failure> {
    let user1 = find_user(&app, asked.user1.as_str()).await?;
    let user2 = find_user(&app, asked.user2.as_str()).await?;
    let conversation = ConversationId::direct(&user1, &user2);
    if let Some(caller) = caller.user() {
        check_permission(&app, &caller, &conversation, Action::Read).await?;
    }
    answer(&app, &conversation, &user1.into(), &paging).await
}

/// `GET /api/messages?user_id=A&with=B`: a known caller may leave `user_id` out.
pub(crate) async fn with_other(
    State(app): State<App>,
    caller: Caller,
    paging: Paging,
    Params(asked): Params<WithQuery>,
) -> Result<Response, Failure> {
    let user = caller.require()?;
    let with = find_user(&app, asked.with.as_str()).await?;
    answer(&app, &ConversationId::direct(&user, &with), &user.into(), &paging).await
}

/// `GET /api/rooms/{room}/messages`: for members.
pub(crate) async fn in_room(
    State(app): State<App>,
    caller: CallerOrKey,
    Path(room): Path<String>,
    paging: Paging,
) -> Result<Response, Failure> {
    let actor = caller.actor([])?;
    let room = app.store.find_room_id(&room).await?;
    answer(&app, &ConversationId::Room(room), &actor, &paging).await
}

/// The parameters in the path of one message.
#[derive(Deserialize)]
pub(crate) struct Place {
    conversation: String,
    seq: Seq,
}

/// The query string of a conversation's messages, beside `before`, `after` and `limit`.
#[derive(Deserialize)]
pub(crate) struct AroundQuery {
    around: Option<Seq>,
}

/// `GET /api/conversations/{conversation}/messages`: any conversation's, also around one of them.
pub(crate) async fn in_conversation(
    State(app): State<App>,
    caller: Caller,
    Path(conversation): Path<String>,
    paging: Paging,
    Params(AroundQuery { around }): Params<AroundQuery>,
) -> Result<Response, Failure> {
    let user = caller.require()?;
    let conversation = ConversationId::parse(&conversation)?;
    let Some(seq) = around else { return answer(&app, &conversation, &user.into(), &paging).await };
    let Range { before: None, after: None } = paging.range()? else {
        let reason = "say either `around`, or `before` and `after`";
        return Err(Error::Invalid(reason.into()).into());
    };
    let page = read::page_around(&app, &user, &conversation, seq, paging.limit).await?;
    Ok(paging.part(&shown(&page), page.before, page.after))
}

/// `GET /api/conversations/{conversation}/messages/{seq}`: one message, as it is now.
pub(crate) async fn one(
    State(app): State<App>,
    caller: Caller,
    Path(Place { conversation, seq }): Path<Place>,
) -> Result<Json<MessageView>, Failure> {
    let user = caller.require()?;
    let conversation = ConversationId::parse(&conversation)?;
    let message = read::message(&app, &user, &conversation, seq).await?;
    Ok(Json(MessageView::from(&message)))
}

/// `GET /api/conversations/{conversation}/messages/{seq}/versions`: what it said before, the oldest first.
pub(crate) async fn versions(
    State(app): State<App>,
    caller: Caller,
    Path(Place { conversation, seq }): Path<Place>,
) -> Result<Json<Vec<Version>>, Failure> {
    let user = caller.require()?;
    let conversation = ConversationId::parse(&conversation)?;
    let versions = read::versions(&app, &user, &conversation, seq).await?;
    Ok(Json(versions.iter().map(Version::from).collect()))
}

/// `GET /api/conversations/{conversation}/pins`: all that is pinned, what was pinned last first.
pub(crate) async fn pinned(
    State(app): State<App>,
    caller: CallerOrKey,
    Path(conversation): Path<String>,
) -> Result<Json<Vec<MessageView>>, Failure> {
    let actor = caller.actor([])?;
    let conversation = ConversationId::parse(&conversation)?;
    let messages = read::pinned(&app, actor, &conversation).await?;
    Ok(Json(messages.iter().map(MessageView::from).collect()))
}

/// What is shown of a page: events are in the messages that they are about.
fn shown(page: &Page) -> Vec<MessageView> {
    let messages = page.messages.iter().filter(|message| message.body.of().is_none());
    messages.map(MessageView::from).collect()
}

async fn answer(
    app: &App,
    conversation: &ConversationId,
    reader: &Actor,
    paging: &Paging,
) -> Result<Response, Failure> {
    let range = paging.range()?;
    // In a direct conversation the status is the addressee's, in a room the reader's own.
    let mut people = conversation.pair();
    if people.is_empty() {
        people.push(reader.user.clone());
    }
    // First: whatever was brought before waits in an inbox that is read later, if it waits.
    let handed = match conversation {
        ConversationId::Room(_) => app.store.handed(conversation).await?,
        ConversationId::Direct(..) | ConversationId::Lobby => 0,
    };
    let (page, inboxes, read) = try_join!(
        read::page(app, reader, conversation, range, paging.limit, Action::Read),
        app.store.inboxes(&people),
        app.store.read_positions(conversation, &people),
    )?;
    let hidden = hides_progress(conversation, &inboxes);
    let progress = ReadState { handed, inboxes, read: read.into_iter().collect() };
    let view = |message: &Message| {
        let reached = conversation.addressee(&message.from).unwrap_or(&reader.user);
        let status = (!hidden).then(|| progress.of(reached, message));
        MessageView { status, ..message.into() }
    };
    let messages = page.messages.iter().filter(|message| message.body.of().is_none());
    let messages: Vec<_> = messages.map(view).collect();
    Ok(paging.part(&messages, page.before, page.after))
}

/// Whether a block keeps the two of a conversation from seeing how far the other has got.
fn hides_progress(conversation: &ConversationId, inboxes: &BTreeMap<UserId, Inbox>) -> bool {
    let ConversationId::Direct(first, second) = conversation else { return false };
    let inbox = |user| inboxes.get(user).cloned().unwrap_or_default();
    let relationship = relationship_of_two((first, &inbox(first)), (second, &inbox(second)));
    !permissions::allows(Action::Note, relationship)
}

impl ReadState {
    fn of(&self, user: &UserId, message: &Message) -> Status {
        let Message { conversation, seq, by_stream, .. } = message;
        if self.read.get(user).is_some_and(|read| read >= seq) {
            return Status::Read;
        }
        let inbox = self.inboxes.get(user);
        let waiting = inbox.and_then(|inbox| inbox.pending(conversation).from);
        // What waits without being listed may be any of them.
        let unlisted = inbox.is_some_and(Inbox::overflows);
        let sent = unlisted || waiting.is_some_and(|from| from <= *seq);
        let unbrought = *by_stream && *seq > self.handed;
        if sent || unbrought { Status::Sent } else { Status::Delivered }
    }
}
