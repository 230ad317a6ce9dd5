//! Sessions end, and with them their sockets; tickets open one connection each.

use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};
use secrecy::SecretString;

use crate::auth::tokens;
use crate::domain::{SessionId, Timestamp, UserId};
use crate::store::{Overdue, Ticket};
use crate::{App, Error, security_log};

/// How long a ticket is good.
pub const TICKET_LIFETIME: Duration = Duration::from_secs(30);
/// How many sessions are ended at once.
pub(super) const CONCURRENT_ENDS: usize = 10;

/// Ends a session and closes its sockets. Whatever becomes of those, nothing is said or heard over
/// them any more.
pub async fn end(app: &App, user: &UserId, session: SessionId) -> Result<(), Error> {
    // In this order, whoever asks again finds the session as long as something is left to be done.
    let inbox = app.store.forbid_session(user, session, app.clock.now()).await?;
    app.store.end_session(user, session).await?;
    let theirs = inbox.overdue(app.clock.now()).into_iter();
    let theirs = theirs.filter(|(_, overdue)| *overdue == Overdue::Session);
    let closed = app.pusher.close_all(theirs.map(|(id, _)| id).collect()).await;
    let gone = closed.into_iter().filter(|(_, closed)| closed.is_ok());
    let gone: Vec<_> = gone.map(|(id, _)| id).collect();
    if !gone.is_empty() {
        app.store.remove_connections(user, &gone, app.clock.now()).await?;
    }
    // What would not close stays known, and `deliver`, notified by the first step, tries again.
    Ok(())
}

/// Ends every session of somebody, but for `except`.
pub(super) async fn end_all(
    app: &App,
    user: &UserId,
    except: Option<SessionId>,
) -> Result<(), Error> {
    let sessions = app.store.sessions(user, app.clock.now()).await?.into_iter();
    let ends = sessions.filter(|it| Some(*it) != except).map(|it| end(app, user, it));
    stream::iter(ends).buffer_unordered(CONCURRENT_ENDS).try_collect().await
}

/// Signs somebody out everywhere.
pub async fn end_everywhere(app: &App, user: &UserId) -> Result<(), Error> {
    end_all(app, user, None).await?;
    security_log::signed_out_everywhere(user);
    Ok(())
}

/// Closes whatever sockets somebody has.
pub(super) async fn close_all(app: &App, user: &UserId) -> Result<(), Error> {
    let inbox = app.store.inbox(user).await?;
    let connections: Vec<_> = inbox.connections.into_keys().collect();
    let closed = app.pusher.close_all(connections.clone()).await;
    app.store.remove_connections(user, &connections, app.clock.now()).await?;
    closed.into_iter().try_for_each(|(_, closed)| closed)
}

/// A ticket for one connection within half a minute, for those who cannot send a header. The
/// connection lasts no longer than one by the token that asks for it.
pub async fn ticket(
    app: &App,
    user: &UserId,
    session: Option<SessionId>,
    until: Timestamp,
) -> Result<SecretString, Error> {
    let (ticket, hash) = tokens::new_ticket()?;
    let expires_at = app.clock.now().plus(TICKET_LIFETIME);
    let kept = Ticket { user: user.clone(), session, until, expires_at };
    app.store.issue_ticket(&hash, &kept).await?;
    Ok(ticket.into())
}
