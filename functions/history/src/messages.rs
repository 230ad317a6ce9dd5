//! `GET /messages` and `GET /api/messages`: the direct messages of two people, oldest first.

use axum::Json;
use axum::extract::State;
use axum::http::header::LINK;
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::chat::{ConversationId, Page, PageSize, Range, Seq, UserId};
use shared::http::{Failure, Params};
use shared::identity::Caller;
use shared::protocol::{MessageView, Status};
use shared::{App, Error};

/// The query string of `GET /messages`.
#[derive(Deserialize)]
pub(crate) struct Between {
    user1: Option<String>,
    user2: Option<String>,
    #[serde(flatten)]
    part: Part,
}

/// The query string of `GET /api/messages`.
#[derive(Deserialize)]
pub(crate) struct With {
    user_id: Option<String>,
    with: Option<String>,
    #[serde(flatten)]
    part: Part,
}

/// Which page of a conversation is asked for.
#[derive(Deserialize)]
struct Part {
    before: Option<String>,
    after: Option<String>,
    limit: Option<String>,
}

/// `GET /messages?user1=A&user2=B`: the caller, if known, is one of the two.
pub(crate) async fn between_two(
    State(app): State<App>,
    caller: Caller,
    uri: Uri,
    Params(asked): Params<Between>,
) -> Result<Response, Failure> {
    let user1 = required("user1", asked.user1.as_deref())?;
    let user2 = required("user2", asked.user2.as_deref())?;
    let conversation = ConversationId::direct(&user1, &user2);
    if caller.user().is_some_and(|caller| !conversation.includes(caller)) {
        return Err(Error::Forbidden.into());
    }
    answer(&app, &conversation, &asked.part, &uri).await
}

/// `GET /api/messages?user_id=A&with=B`: a known caller may leave `user_id` out.
pub(crate) async fn with_other(
    State(app): State<App>,
    caller: Caller,
    uri: Uri,
    Params(asked): Params<With>,
) -> Result<Response, Failure> {
    let named = asked.user_id.as_deref().map(UserId::parse).transpose()?;
    let user = caller.speaking_as(named.as_ref())?;
    let with = required("with", asked.with.as_deref())?;
    answer(&app, &ConversationId::direct(&user, &with), &asked.part, &uri).await
}

async fn answer(
    app: &App,
    conversation: &ConversationId,
    part: &Part,
    uri: &Uri,
) -> Result<Response, Failure> {
    let range = Range {
        before: number("before", part.before.as_deref())?,
        after: number("after", part.after.as_deref())?,
    };
    let limit = PageSize::parse(number("limit", part.limit.as_deref())?)?;
    let page = app.store.page(conversation, range, limit.get(), Some(app.clock.now())).await?;

    let people = conversation.people();
    let inboxes = app.store.inboxes(&people).await?;
    let view = |message| {
        let mut view = MessageView::from(message);
        let waiting = inboxes.get(view.to).and_then(|inbox| inbox.waiting(conversation).from);
        let waits = waiting.is_some_and(|from| from <= view.seq);
        view.status = Some(if waits { Status::Sent } else { Status::Delivered });
        view
    };
    let messages: Vec<_> = page.messages.iter().map(view).collect();
    Ok((links(&page, uri), Json(messages)).into_response())
}

/// The next page as a `Link` header (<https://www.rfc-editor.org/rfc/rfc8288>): `prev` is older.
fn links(page: &Page, uri: &Uri) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let next = match (page.before, page.after) {
        (Some(seq), _) => Some(("before", seq, "prev")),
        (None, Some(seq)) => Some(("after", seq, "next")),
        (None, None) => None,
    };
    if let Some((name, seq, relation)) = next {
        let kept = uri.query().unwrap_or_default().split('&').filter(|pair| {
            let key = pair.split('=').next().unwrap_or_default();
            !pair.is_empty() && key != "before" && key != "after"
        });
        let query: String = kept.map(|pair| format!("{pair}&")).collect();
        let link = format!("<{}?{query}{name}={seq}>; rel=\"{relation}\"", uri.path());
        if let Ok(link) = HeaderValue::from_str(&link) {
            headers.insert(LINK, link);
        }
    }
    headers
}

fn required(name: &'static str, user: Option<&str>) -> Result<UserId, Error> {
    UserId::parse(user.ok_or_else(|| Error::Invalid(format!("`{name}` is missing")))?)
}

fn number(name: &'static str, text: Option<&str>) -> Result<Option<Seq>, Error> {
    let parse = |text: &str| {
        text.parse().map_err(|_| Error::Invalid(format!("`{name}` is not a whole number")))
    };
    text.map(parse).transpose()
}
