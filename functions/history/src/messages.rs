//! The messages of two people or of a room, oldest first.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use futures::try_join;
use serde::Deserialize;
use shared::App;
use shared::chat::{ConversationId, PageSize, Range, Seq, UserId};
use shared::http::{Failure, Params, Path, link, whole_number};
use shared::identity::Caller;
use shared::protocol::{MessageView, Status};
use shared::speaking::require_part;
use shared::store::Inbox;

/// The query string of `GET /messages`.
#[derive(Deserialize)]
pub(crate) struct Between {
    user1: UserId,
    user2: UserId,
    #[serde(flatten)]
    part: Part,
}

/// The query string of `GET /api/messages`.
#[derive(Deserialize)]
pub(crate) struct With {
    with: UserId,
    #[serde(flatten)]
    part: Part,
}

/// Which page of a conversation is asked for.
#[derive(Deserialize)]
pub(crate) struct Part {
    before: Option<String>,
    after: Option<String>,
    limit: Option<String>,
}

/// How far the people of a conversation have got.
struct Progress {
    inboxes: HashMap<UserId, Inbox>,
    read: HashMap<UserId, Seq>,
}

/// `GET /messages?user1=A&user2=B`: the caller, if known, is one of the two.
pub(crate) async fn between_two(
    State(app): State<App>,
    caller: Caller,
    uri: Uri,
    Params(asked): Params<Between>,
) -> Result<Response, Failure> {
    let conversation = ConversationId::direct(&asked.user1, &asked.user2);
    if let Some(caller) = caller.user() {
        require_part(&app, &caller, &conversation).await?;
    }
    answer(&app, &conversation, &asked.user1, &asked.part, &uri).await
}

/// `GET /api/messages?user_id=A&with=B`: a known caller may leave `user_id` out.
pub(crate) async fn with_other(
    State(app): State<App>,
    caller: Caller,
    uri: Uri,
    Params(asked): Params<With>,
) -> Result<Response, Failure> {
    let user = caller.require()?;
    answer(&app, &ConversationId::direct(&user, &asked.with), &user, &asked.part, &uri).await
}

/// `GET /api/rooms/{room}/messages`: for members.
pub(crate) async fn in_room(
    State(app): State<App>,
    caller: Caller,
    Path(room): Path<String>,
    uri: Uri,
    Params(part): Params<Part>,
) -> Result<Response, Failure> {
    let user = caller.require()?;
    let room = app.store.find_room_id(&room).await?;
    answer(&app, &ConversationId::Room(room), &user, &part, &uri).await
}

async fn answer(
    app: &App,
    conversation: &ConversationId,
    reader: &UserId,
    part: &Part,
    uri: &Uri,
) -> Result<Response, Failure> {
    let range = Range {
        before: whole_number("before", part.before.as_deref())?,
        after: whole_number("after", part.after.as_deref())?,
    };
    let limit = PageSize::parse(whole_number("limit", part.limit.as_deref())?)?;
    // In a direct conversation the status is the addressee's, in a room the reader's own.
    let mut people = conversation.pair();
    if people.is_empty() {
        people.push(reader.clone());
    }
    let (page, (), inboxes, read) = try_join!(
        app.store.page(conversation, range, limit.get(), Some(app.clock.now())),
        require_part(app, reader, conversation),
        app.store.inboxes(&people),
        app.store.read_positions(conversation, &people),
    )?;
    let progress = Progress { inboxes, read: read.into_iter().collect() };
    let view = |message| {
        let mut view = MessageView::from(message);
        view.status = Some(progress.of(view.to.unwrap_or(reader), conversation, view.seq));
        view
    };
    let messages: Vec<_> = page.messages.iter().map(view).collect();
    let next = match (page.before, page.after) {
        (Some(seq), _) => link(uri, ("before", &seq.to_string()), "prev"),
        (None, Some(seq)) => link(uri, ("after", &seq.to_string()), "next"),
        (None, None) => Default::default(),
    };
    Ok((next, Json(messages)).into_response())
}

impl Progress {
    fn of(&self, user: &UserId, conversation: &ConversationId, seq: Seq) -> Status {
        if self.read.get(user).is_some_and(|read| *read >= seq) {
            return Status::Read;
        }
        let waiting = self.inboxes.get(user).and_then(|inbox| inbox.waiting(conversation).from);
        if waiting.is_some_and(|from| from <= seq) { Status::Sent } else { Status::Delivered }
    }
}
