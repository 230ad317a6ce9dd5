//! `sync`: everything after one's cursors, or a plain word that something is gone.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt, TryStreamExt};
use futures::try_join;
use shared::chat::{ConversationId, Range, Seq};
use shared::gateway::Push;
use shared::identity::Speaker;
use shared::protocol::{Frame, HistoryFrame, ServerFrame, SyncRequest, Synced};
use shared::speaking::require_part;
use shared::{App, Error};

use crate::history::size_of;

/// How many conversations one frame may ask for.
const CONVERSATIONS: usize = 50;
/// How many of them are read at once.
const CONCURRENT: usize = 10;
/// How many messages of one conversation one frame brings at most.
const MESSAGES: usize = 500;
/// How many messages are read at once.
const PAGE: usize = 100;

/// Pushes what came after each cursor as `history` frames, then tells how far it got.
pub(crate) async fn since(
    app: &App,
    speaker: &Speaker,
    request: SyncRequest,
) -> Result<Frame, Error> {
    if !(1..=CONVERSATIONS).contains(&request.since.len()) {
        let reason = format!("`since` names 1 to {CONVERSATIONS} conversations");
        return Err(Error::Invalid(reason));
    }
    let reads = request.since.into_iter().map(|(id, cursor)| async move {
        match one(app, speaker, &id, cursor).await {
            Ok(synced) => Ok((id, synced)),
            Err(error) if error.is_clients_fault() => {
                let error = Some(error.code());
                Ok((id, Synced { upto: cursor, complete: false, more: false, error }))
            }
            Err(error) => Err(error),
        }
    });
    let synced: BTreeMap<_, _> =
        stream::iter(reads).buffer_unordered(CONCURRENT).try_collect().await?;
    Ok(ServerFrame::Synced { conversations: synced }.encode())
}

async fn one(app: &App, speaker: &Speaker, id: &str, cursor: Seq) -> Result<Synced, Error> {
    let conversation = ConversationId::parse(id)?;
    let permission = require_part(app, &speaker.user, &conversation);
    let (mut complete, ()) = try_join!(whole_from(app, &conversation, cursor), permission)?;
    let mut synced = Synced { upto: cursor, complete: true, more: false, error: None };
    let mut sent = 0;
    loop {
        let range = Range { before: None, after: Some(synced.upto) };
        let page = app.store.page(&conversation, range, PAGE, Some(app.clock.now())).await?;
        let page = page.within(HistoryFrame::MAX_BYTES, size_of, range);
        let (Some(first), Some(last)) = (page.messages.first(), page.messages.last()) else {
            // What expired between two messages is gone as well.
            complete &= page.after.is_none();
            break;
        };
        if sent > 0 || cursor > 0 {
            complete &= first.seq == synced.upto + 1;
        }
        let frame = ServerFrame::History(HistoryFrame::of(&conversation, &page)).encode();
        if app.gateway.push(&speaker.connection, &frame).await != Push::Taken {
            synced.more = true;
            break;
        }
        synced.upto = last.seq;
        sent += page.messages.len();
        synced.more = page.after.is_some();
        if !synced.more || sent >= MESSAGES {
            break;
        }
    }
    synced.complete = complete;
    Ok(synced)
}

/// Whether nothing that came right after the cursor can have gone: the log still begins where it
/// started for a cursor of 0, and otherwise reaches the cursor.
async fn whole_from(app: &App, conversation: &ConversationId, cursor: Seq) -> Result<bool, Error> {
    let start = app.store.start_of(conversation).await?;
    if cursor == 0 {
        let range = Range { before: None, after: Some(0) };
        let page = app.store.page(conversation, range, 1, Some(app.clock.now())).await?;
        return Ok(page.messages.first().map(|first| first.seq) == start);
    }
    let newest = app.store.page(conversation, Range::default(), 1, None).await?;
    Ok(match (newest.messages.first(), start) {
        (Some(newest), Some(start)) => (start..=newest.seq).contains(&cursor),
        _ => false,
    })
}
