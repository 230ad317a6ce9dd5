//! The table's stream: greets new connections and hands over what waits, in order.
//!
//! A connection cannot be pushed to before its `$connect` has been answered, so `connect` leaves a
//! note (`arrived`) in the user's inbox, and the stream brings it here. Whoever finds something
//! waiting beside a ready connection leaves the same kind of note. Lambda hands a failed batch in
//! again, so a drain that died half way is taken up by another.

mod dismissal;
mod drain;
mod greet;
mod notes;
mod overflow;
mod presence;

use aws_lambda_events::dynamodb::Event;
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use futures::future::join_all;
use futures::join;
use shared::protocol::Presence;
use shared::{App, Error};

use notes::Note;

/// Serves the inboxes of a batch at the same time; reports the first record that failed.
pub async fn handle(app: &App, event: Event) -> Result<DynamoDbEventResponse, Error> {
    let notes = notes::collect(&event);
    let outcomes = join_all(notes.iter().map(|note| serve(app, note))).await;
    let mut response = DynamoDbEventResponse::default();
    for (note, outcome) in notes.iter().zip(outcomes) {
        if let Err(error) = outcome {
            error.log();
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = note.sequence_number.clone();
            response.batch_item_failures.push(failure);
        }
    }
    Ok(response)
}

async fn serve(app: &App, note: &Note) -> Result<(), Error> {
    let greetings = note.arrivals.iter().map(|arrival| greet::greet(app, &note.user, arrival));
    let mut greeted = None;
    for inbox in join_all(greetings).await {
        greeted = inbox?.or(greeted);
    }
    let inbox = match greeted {
        Some(inbox) => inbox,
        None => app.store.inbox(&note.user).await?,
    };
    let came_online = note.arrivals.iter().any(|arrival| inbox.came_online_with(arrival));
    let (drained, dismissed) = join!(
        drain::everything(app, &note.user, inbox.clone()),
        dismissal::everybody_overdue(app, &note.user, &inbox),
    );
    let dismissed = match dismissed {
        // What fails is done again: those who were greeted are not to be greeted twice.
        Err(error) if !note.arrivals.is_empty() => {
            error.log();
            app.store.wake(&note.user).await
        }
        dismissed => dismissed,
    };
    let served = dismissal::beside(drained, dismissed);
    let shown = if came_online && inbox.online {
        presence::show(app, &note.user, Presence::Online, &inbox).await
    } else if note.went_offline && !inbox.online {
        presence::show(app, &note.user, Presence::Offline, &inbox).await
    } else {
        Ok(())
    };
    // Nobody waits for presence: a failure is no reason to greet again.
    shown.unwrap_or_else(|error| error.log());
    served
}
