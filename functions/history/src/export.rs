//! Exports, as JSON lines (<https://jsonlines.org>), page by page.

use axum::extract::State;
use axum::response::Response;
use shared::App;
use shared::edge::http::{Caller, CallerOrKey, Failure, Paging, Path};
use shared::services::export::{self, Part, Place};

/// `GET /api/export`: all that is kept of the caller.
pub(crate) async fn person(
    State(app): State<App>,
    caller: Caller,
    paging: Paging,
) -> Result<Response, Failure> {
    let user = caller.require()?;
    let after = paging.after(Place::parse)?;
    let part = export::person(&app, &user, after, paging.limit).await?;
    answer(&paging, &part)
}

/// `GET /api/rooms/{room}/export`: all that is kept of a room, for its owners.
pub(crate) async fn room(
    State(app): State<App>,
    caller: CallerOrKey,
    Path(room): Path<String>,
    paging: Paging,
) -> Result<Response, Failure> {
    let actor = caller.actor([])?;
    let after = paging.after(Place::parse)?;
    let part = export::room(&app, &actor, &room, after, paging.limit).await?;
    answer(&paging, &part)
}

fn answer(paging: &Paging, part: &Part) -> Result<Response, Failure> {
    let next = part.next.as_ref().map(Place::to_string);
    paging.lines(&part.lines, next.as_deref())
}
