//! The table's stream: welcomes new connections, delivers what waits, in order, and brings what is said in
//! large and busy rooms.
//!
//! A connection cannot be pushed to before its `$connect` has been answered, so `connect` leaves a
//! note (`arrived`) in the user's inbox, and the stream brings it here. Whoever finds something
//! waiting beside a ready connection leaves the same kind of note. Lambda passes a failed batch in
//! again, so a backlog delivery that died half way is taken up by another.

mod backlog;
mod hand_over;
mod overdue;
mod overflow;
mod presence;
mod stream_events;
mod welcome;

use std::time::Duration;

use aws_lambda_events::dynamodb::Event;
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use futures::future::join_all;
use futures::join;
use shared::protocol::Presence;
use shared::{App, Error};

use stream_events::UserEvents;

/// How long it is tried to serve an inbox: the stream would try for a day, and hold up other people's.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// Serves the inboxes and rooms of a batch at the same time; reports the first record that failed of each.
pub async fn handle(app: &App, event: Event) -> Result<DynamoDbEventResponse, Error> {
    let users = stream_events::collect(&event, &app.metrics);
    let rooms = stream_events::wakes(&event, &app.metrics);
    let served = users.iter().map(async |events| match serve(app, events).await {
        // What waits is found by the next message or connection.
        Err(error) if app.clock.now().since(events.since) > PATIENCE => {
            tracing::error!("after an hour nobody tries any more to serve an inbox");
            error.log();
            Ok(())
        }
        served => served.map_err(|error| (error, events.sequence_number.clone())),
    });
    let brought = rooms.iter().map(async |(room, wake)| {
        let brought = hand_over::hand_over(app, room, wake.last).await;
        brought.map_err(|error| (error, wake.sequence_number.clone()))
    });
    let (served, brought) = join!(join_all(served), join_all(brought));
    let mut response = DynamoDbEventResponse::default();
    for (error, sequence_number) in served.into_iter().chain(brought).filter_map(Result::err) {
        error.log();
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = sequence_number;
        response.batch_item_failures.push(failure);
    }
    Ok(response)
}

async fn serve(app: &App, events: &UserEvents) -> Result<(), Error> {
    let welcomes =
        events.new_connections.iter().map(|new| welcome::welcome(app, &events.user, new));
    let mut welcomed = None;
    for inbox in join_all(welcomes).await {
        welcomed = inbox?.or(welcomed);
    }
    let inbox = match welcomed {
        Some(inbox) => inbox,
        None => app.store.inbox(&events.user).await?,
    };
    let came_online = events.new_connections.iter().any(|new| inbox.came_online_with(new));
    let (delivered, dismissed) = join!(
        backlog::deliver(app, &events.user, inbox.clone()),
        overdue::close_all(app, &events.user, &inbox),
    );
    let dismissed = match dismissed {
        // What fails is done again: those who were welcomed are not to be welcomed twice.
        Err(error) if !events.new_connections.is_empty() => {
            error.log();
            app.store.notify(&events.user).await
        }
        dismissed => dismissed,
    };
    let served = overdue::first_failure(delivered, dismissed);
    let shown = if came_online && inbox.online {
        presence::show(app, &events.user, Presence::Online, &inbox).await
    } else if events.went_offline && !inbox.online {
        presence::show(app, &events.user, Presence::Offline, &inbox).await
    } else {
        Ok(())
    };
    // Nobody waits for presence: a failure is no reason to welcome again.
    shown.unwrap_or_else(|error| error.log());
    served
}
