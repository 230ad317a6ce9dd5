//! Which of the caller's friends are there.

use axum::Json;
use axum::extract::State;
use shared::App;
use shared::edge::http::{Caller, Failure};
use shared::protocol::{Presence, PresenceView};
use shared::services::presence;

/// `GET /api/presence`: everybody whose coming and going the caller is shown, by id.
pub(crate) async fn friends(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<Vec<PresenceView>>, Failure> {
    let user = caller.require()?;
    let mut watched = presence::watchers(&app, &user).await?;
    watched.remove(&user);
    let now = app.clock.now();
    let friends = watched.into_iter().map(|(user, inbox)| PresenceView {
        user: user.to_string(),
        status: if inbox.has_live_connection(now) { Presence::Online } else { Presence::Offline },
        last_seen: inbox.last_seen,
    });
    Ok(Json(friends.collect()))
}
