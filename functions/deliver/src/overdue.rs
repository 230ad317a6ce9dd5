//! Connections whose token or session is over are closed here, on nobody's way: whoever finds one
//! notifies this function, and the stream tries again while one does not close.

use futures::stream::{self, StreamExt};
use shared::domain::UserId;
use shared::store::{Inbox, Overdue};
use shared::{App, Error};

/// How many are closed at once.
const CONCURRENT: usize = 20;

/// Dismisses every connection that is to hear no more, and forgets those that are closed.
pub(crate) async fn close_all(app: &App, user: &UserId, inbox: &Inbox) -> Result<(), Error> {
    let overdue = inbox.overdue(app.clock.now());
    if overdue.is_empty() {
        return Ok(());
    }
    let dismissals = overdue.into_iter().map(|(connection, overdue)| async move {
        if overdue == Overdue::Lifetime {
            // API Gateway has ended it.
            return (connection, Ok(()));
        }
        let dismissed = app.pusher.dismiss(&connection, &overdue.why()).await;
        (connection, dismissed)
    });
    let outcomes: Vec<_> = stream::iter(dismissals).buffer_unordered(CONCURRENT).collect().await;
    let (mut gone, mut failure) = (Vec::new(), None);
    for (connection, dismissed) in outcomes {
        match dismissed {
            Ok(()) => gone.push(connection),
            Err(error) => failure = Some(error),
        }
    }
    if !gone.is_empty() {
        app.store.remove_connections(user, &gone, app.clock.now()).await?;
    }
    failure.map_or(Ok(()), Err)
}

/// The same, where something else is to be done first or at the same time: its failure comes first.
pub(crate) fn first_failure(
    done: Result<(), Error>,
    dismissed: Result<(), Error>,
) -> Result<(), Error> {
    match (done, dismissed) {
        (Err(error), Err(other)) => {
            other.log();
            Err(error)
        }
        (done, dismissed) => done.and(dismissed),
    }
}
