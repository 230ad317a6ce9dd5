//! Who hears and may not speak.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use shared::domain::{Mute, Timestamp};
use shared::edge::http::{self, ActingUser, CallerOrKey, Failure};
use shared::services::rooms;
use shared::{App, Error};

use crate::target_user::{TargetUser, TargetUserOrGone};

/// The longest mute that ends by itself: a year.
const LONGEST: u64 = 366 * 24 * 60 * 60;

#[derive(Deserialize)]
pub(crate) struct MuteRequest {
    seconds: Option<u64>,
    #[serde(flatten)]
    who: ActingUser,
}

impl MuteRequest {
    fn mute(&self, now: Timestamp) -> Result<Mute, Error> {
        match self.seconds {
            None => Ok(Mute::Open),
            Some(seconds @ 1..=LONGEST) => Ok(Mute::Until(now.plus(Duration::from_secs(seconds)))),
            Some(_) => Err(Error::Invalid(format!("`seconds` is 1 to {LONGEST}"))),
        }
    }
}

/// `PUT /api/rooms/{room}/mutes/{user}`: for so many seconds, or until it is ended.
pub(crate) async fn mute(
    State(app): State<App>,
    caller: CallerOrKey,
    TargetUser { room, user }: TargetUser,
    http::Json(asked): http::Json<MuteRequest>,
) -> Result<StatusCode, Failure> {
    let mute = asked.mute(app.clock.now())?;
    rooms::mute(&app, &asked.who.actor(caller)?, &room, &user, mute).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/rooms/{room}/mutes/{user}`: nothing to do if they are not muted.
pub(crate) async fn unmute(
    State(app): State<App>,
    caller: CallerOrKey,
    TargetUserOrGone { room, user }: TargetUserOrGone,
) -> Result<StatusCode, Failure> {
    rooms::unmute(&app, &caller.actor([])?, &room, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}
