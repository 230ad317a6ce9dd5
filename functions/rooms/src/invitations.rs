//! Who is asked to join.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use shared::domain::RoomId;
use shared::edge::http::{self, ActingUser, Caller, CallerOrKey, Failure, Paging, Path};
use shared::protocol::Invitation;
use shared::services::rooms;
use shared::{App, Error};

use crate::target_user::{TargetUser, TargetUserOrGone};

/// `GET /api/invitations`: where the caller is asked to join.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    paging: Paging,
) -> Result<Response, Failure> {
    let user = caller.require()?;
    let no_cursor = || Error::Invalid("not a room".into());
    let after = paging.after(|after| RoomId::parse(after).ok_or_else(no_cursor))?;
    let invited = app.store.invitations(&user, after, paging.limit).await?;
    let ids: Vec<_> = invited.items.iter().map(|invited| invited.room).collect();
    let rooms: HashMap<_, _> =
        app.store.rooms_of(&ids).await?.into_iter().map(|room| (room.id, room)).collect();
    let views = invited.items.iter().filter_map(|invited| {
        let decision = &invited.decision;
        let room = rooms.get(&invited.room)?.into();
        Some(Invitation { room, by: decision.by.to_string(), at: decision.at })
    });
    Ok(paging.list(&views.collect::<Vec<_>>(), invited.next.as_deref()))
}

/// `DELETE /api/invitations/{room}`: declines.
pub(crate) async fn decline(
    State(app): State<App>,
    caller: Caller,
    Path(room): Path<String>,
) -> Result<StatusCode, Failure> {
    rooms::decline(&app, &caller.require()?, &room).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /api/rooms/{room}/invitations/{user}`: asking twice changes nothing.
pub(crate) async fn invite(
    State(app): State<App>,
    caller: CallerOrKey,
    TargetUser { room, user }: TargetUser,
    http::Json(who): http::Json<ActingUser>,
) -> Result<StatusCode, Failure> {
    rooms::invite(&app, &who.actor(caller)?, &room, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/rooms/{room}/invitations/{user}`: takes it back; nothing to do if there is none.
pub(crate) async fn withdraw(
    State(app): State<App>,
    caller: CallerOrKey,
    TargetUserOrGone { room, user }: TargetUserOrGone,
) -> Result<StatusCode, Failure> {
    rooms::withdraw(&app, &caller.actor([])?, &room, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}
