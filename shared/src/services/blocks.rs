//! People keep somebody from speaking to them.

use crate::domain::UserId;
use crate::{App, Error};

/// How many people somebody may have blocked: they are kept in the inbox, which is read often.
const MOST: usize = 200;

/// Keeps `other` from speaking to `user`; doing so twice changes nothing.
pub async fn block(app: &App, user: &UserId, other: &UserId) -> Result<(), Error> {
    if user == other {
        return Err(Error::Invalid("nobody can block themselves".into()));
    }
    let blocked = app.store.inbox(user).await?.blocked;
    if blocked.len() >= MOST && !blocked.contains_key(other) {
        return Err(Error::Conflict("you have blocked as many people as one may"));
    }
    app.store.block(user, other, app.clock.now()).await
}
