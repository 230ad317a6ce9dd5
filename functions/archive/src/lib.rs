//! The table's stream, as far as it tells what has expired: copies those messages to the archive.
//!
//! DynamoDB deletes what has expired, and the stream keeps for a day what it was; so nothing is lost as
//! long as the archive can be written to once in that time. Lambda passes a batch in again that failed,
//! and what is put twice is kept once.

mod expired;

use aws_lambda_events::dynamodb::Event;
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use futures::join;
use futures::stream::{self, StreamExt};
use shared::archive::{Archive, Archived};
use shared::domain::ConversationId;
use shared::metrics::Count;
use shared::services::messages::{has_ended, has_old_words};
use shared::store::take_words;
use shared::{App, Error};

use expired::{Batch, Expired, Unreadable};

/// How many conversations are archived at once.
const CONCURRENT: usize = 32;

/// Archives each conversation of a batch by itself; reports the first record of each that failed.
pub async fn handle(app: &App, event: Event) -> Result<DynamoDbEventResponse, Error> {
    let Some(archive) = &app.archive else {
        return Err(Error::Storage {
            action: "archive messages",
            source: "ARCHIVE is not set".into(),
        });
    };
    let Expired { conversations, unreadable } = expired::collect(&event);
    let kept = conversations.into_iter().map(|(conversation, batch)| async move {
        let Batch { mut messages, sequence_number } = batch;
        let kept = async {
            without_old_words(app, &conversation, &mut messages).await?;
            archive.put(&conversation, messages).await?;
            forget_if_ended(app, archive, &conversation).await
        }
        .await;
        kept.map_err(|error| (error, sequence_number))
    });
    let set_aside = unreadable.into_iter().map(|Unreadable { sequence_number, json }| async move {
        app.metrics.count(Count::UnreadableRecords);
        tracing::error!(sequence_number, "an expired message cannot be read, and is set aside");
        let put = archive.put_unreadable(&sequence_number, json).await;
        put.map_err(|error| (error, Some(sequence_number)))
    });
    let kept = stream::iter(kept).buffer_unordered(CONCURRENT).collect::<Vec<_>>();
    let set_aside = stream::iter(set_aside).buffer_unordered(CONCURRENT).collect::<Vec<_>>();
    let (kept, set_aside) = join!(kept, set_aside);
    let mut response = DynamoDbEventResponse::default();
    for (error, sequence_number) in kept.into_iter().chain(set_aside).filter_map(Result::err) {
        error.log();
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = sequence_number;
        response.batch_item_failures.push(failure);
    }
    Ok(response)
}

/// Takes the words out of edits that are not the last of their messages any more: between the table and the
/// archive nobody else could.
async fn without_old_words(
    app: &App,
    conversation: &ConversationId,
    messages: &mut [Archived],
) -> Result<(), Error> {
    for message in messages.iter_mut() {
        if has_old_words(app, conversation, message.seq, &message.attributes).await? {
            take_words(&mut message.attributes);
        }
    }
    Ok(())
}

/// Whoever ends a conversation empties the archive after that was written down; what comes later, as this
/// may, is looked for here.
async fn forget_if_ended(
    app: &App,
    archive: &Archive,
    conversation: &ConversationId,
) -> Result<(), Error> {
    if has_ended(app, conversation).await? { archive.erase(conversation).await } else { Ok(()) }
}
