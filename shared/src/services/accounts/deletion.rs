//! The end of an account.
//!
//! The order of the steps leaves nothing behind that could act, whatever else goes on at the same time,
//! and each step may be repeated, so a deletion that was interrupted goes on when it is asked for again:
//! by `DELETE /api/me` with a token that still lives, or by signing in, which is refused all the same.
//!
//! 1. *Close the account.* From then on nothing of it begins: no session, no connection, no room, no
//!    invitation, no other name. Whatever lets an account act is conditioned on that in its own write
//!    (see [`close_account`](crate::store::Store::close_account)), so it came before, and the steps
//!    below find it, or it fails.
//! 2. *End its sessions* and close its sockets. No token opens anything any more.
//! 3. *Leave its rooms*, and decline what it is invited to.
//! 4. *Close its conversations* with others, forget the rest, then the account, and let its name rest.
//! 5. *Close the sockets* that belong to no session.

use futures::stream::{self, StreamExt, TryStreamExt};
use secrecy::SecretString;

use super::password::check_password;
use super::profile::moment;
use super::sessions::{CONCURRENT_ENDS, close_all, end};
use crate::domain::{PageSize, UserId};
use crate::services::access::check_no_operator;
use crate::services::{events, messages, presence, rooms};
use crate::store::Secured;
use crate::{App, Error, security_log};

/// Forgets an account: its sessions end, its rooms are left, and its name rests. What its owner said
/// stays with those it was said to, as long as one of them has an account.
pub async fn delete(app: &App, user: &UserId, password: Option<SecretString>) -> Result<(), Error> {
    match password {
        Some(password) => drop(check_password(app, user, password).await?),
        None => match app.store.account(user).await? {
            Some(Secured { is_vouched_for: true, .. }) => {}
            Some(_) => return Err(Error::Invalid("missing field `password`".into())),
            None => return Err(Error::NotFound("user")),
        },
    }
    erase(app, user).await
}

/// The same for whoever may do that to anybody but operators. A bot stays as long as a key acts as it.
pub async fn forget(app: &App, user: &UserId) -> Result<(), Error> {
    let secured = app.store.account(user).await?.ok_or(Error::NotFound("user"))?;
    check_no_operator(app, &secured.account)?;
    if secured.is_bot {
        let keys = app.store.keys(None, None).await?.items;
        if keys.iter().any(|key| key.bot == *user) {
            return Err(Error::Conflict("a key acts as this bot: delete the key first"));
        }
    }
    erase(app, user).await
}

/// Takes every step, from the first on.
pub(super) async fn erase(app: &App, user: &UserId) -> Result<(), Error> {
    if !app.store.close_account(user, app.clock.now()).await? {
        return Ok(());
    }
    // Whoever is to hear of it is known by the conversations, of which nothing is left then.
    let circle = presence::presence_audience(app, user).await?;
    let sessions = app.store.sessions(user, app.clock.now()).await?.into_iter();
    let ends = sessions.map(|session| end(app, user, session));
    stream::iter(ends).buffer_unordered(CONCURRENT_ENDS).try_collect::<()>().await?;
    rooms::leave_all(app, user).await?;
    decline_all(app, user).await?;
    close_conversations(app, user).await?;
    app.store.erase_user(user).await?;
    app.store.delete_account(user, moment(app)).await?;
    security_log::account_deleted(user);
    events::show_deletion(app, user, &circle).await;
    unless_unreachable(close_all(app, user).await)
}

async fn decline_all(app: &App, user: &UserId) -> Result<(), Error> {
    let mut after = None;
    loop {
        let listed = app.store.invitations(user, after, PageSize::MAX).await?;
        for invited in &listed.items {
            match rooms::decline(app, user, &invited.room.to_string()).await {
                // The room has ended, or somebody else ended the invitation.
                Ok(()) | Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        after = listed.items.last().map(|invited| invited.room);
        if listed.next.is_none() || after.is_none() {
            return Ok(());
        }
    }
}

/// Lets nobody write any more to somebody whose account is gone. Whoever writes for the first time is
/// refused by that itself, so no conversation begins behind this. What nobody can read any more is forgotten.
async fn close_conversations(app: &App, user: &UserId) -> Result<(), Error> {
    let mut after = None;
    loop {
        let listed = app.store.memberships(user, after.as_ref(), PageSize::MAX).await?;
        after = listed.items.last().map(|listing| listing.conversation.clone());
        let direct = listed.items.into_iter().map(|listing| listing.conversation);
        let direct = direct.filter(|conversation| conversation.addressee(user).is_some());
        let closed = direct.map(|conversation| async move {
            let gone = app.store.note_gone(user, &conversation).await?;
            let is_over = conversation.pair().iter().all(|user| gone.contains(user));
            if is_over { messages::forget(app, &conversation).await } else { Ok(()) }
        });
        stream::iter(closed).buffer_unordered(CONCURRENT_ENDS).try_collect::<()>().await?;
        if listed.next.is_none() || after.is_none() {
            return Ok(());
        }
    }
}

/// A socket that cannot be closed now is no reason to fail: whatever it says is refused.
fn unless_unreachable(closed: Result<(), Error>) -> Result<(), Error> {
    match closed {
        Err(Error::Push { .. }) => Ok(()),
        closed => closed,
    }
}
