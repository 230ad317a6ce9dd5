//! `sync`: everything after one's cursors, or a plain word that something is gone.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt, TryStreamExt};
use shared::auth::identity::WebSocketCaller;
use shared::domain::permissions::Action;
use shared::domain::{ConversationId, Page, Range, Seq};
use shared::protocol::{EncodedFrame, ServerFrame, SyncRequest, Synced, batches, synced_refused};
use shared::pusher::Push;
use shared::services::access::reads_from;
use shared::services::directory;
use shared::services::messages::log_page;
use shared::services::own_inbox::OwnInbox;
use shared::services::shown::{quotes, reader};
use shared::{App, Error, limits};

use crate::history::as_one_who_stands;

/// How many of them are read at once.
const CONCURRENT: usize = 10;
/// How many messages of one conversation are pushed at most.
const MESSAGES: usize = 500;
/// How many messages are read at once.
const PAGE: usize = 100;

/// Pushes what came after each cursor, then tells how far it got.
pub(crate) async fn since(
    app: &App,
    own: &OwnInbox<'_>,
    request: SyncRequest,
    id: Option<&str>,
) -> Result<EncodedFrame, Error> {
    let most = limits::CONVERSATIONS_PER_SYNC;
    if !(1..=most).contains(&request.since.len()) {
        return Err(Error::Invalid(format!("`since` names 1 to {most} conversations")));
    }
    let reads = request.since.into_iter().map(|(id, cursor)| async move {
        match one(app, own, &id, cursor).await {
            Ok(synced) => Ok((id, synced)),
            Err(error) if error.is_clients_fault() && !own.has_ended() => {
                Ok((id, synced_refused(cursor, &error)))
            }
            Err(error) => Err(error),
        }
    });
    let synced: BTreeMap<_, _> =
        stream::iter(reads).buffer_unordered(CONCURRENT).try_collect().await?;
    Ok(ServerFrame::Synced { conversations: synced }.answer(id))
}

async fn one(app: &App, own: &OwnInbox<'_>, id: &str, cursor: Seq) -> Result<Synced, Error> {
    let conversation = ConversationId::parse(id)?;
    let caller = own.caller;
    let first = || first_page(app, &conversation, cursor);
    let (mut page, mut complete) = as_one_who_stands(app, own, first).await?;
    let mut synced = Synced::at(cursor);
    let mut sent = 0;
    loop {
        // Looked up after the page: whoever left before something on it was said is not shown it.
        let first = reads_from(app, &caller.user, &conversation, Action::Sync).await?;
        if synced.upto < first.saturating_sub(1) {
            // What was said before they came is not for them; whoever asks for all of it misses nothing.
            let from_start = synced.upto == 0;
            synced.upto = first - 1;
            (page, complete) = first_page(app, &conversation, synced.upto).await?;
            complete &= from_start;
            continue;
        }
        if page.messages.is_empty()
            && (cursor == 0 || !complete)
            && let Some(other) = conversation.addressee(&caller.user)
            && let Err(unknown) = directory::check_exists(app, other).await
        {
            // Whoever is gone now may have been written to after the page was read; since they are gone
            // nobody can any more.
            (page, complete) = first_page(app, &conversation, cursor).await?;
            if page.messages.is_empty() {
                return Err(unknown);
            }
        }
        if page.messages.is_empty() {
            if let Some(next) = page.after {
                // A page of nothing but what has expired: the next `sync` goes on behind it.
                (complete, synced.upto, synced.more) = (false, next, true);
            }
            break;
        }
        quotes::fill(app, &mut page.messages).await?;
        reader::fit(app, (&caller.user, first), &mut page.messages).await?;
        let pushed = push_page(app, caller, &page, synced.upto).await;
        (synced.upto, complete) = (pushed.upto, complete && pushed.complete);
        synced.more = !pushed.whole || page.after.is_some();
        sent += page.messages.len();
        if !pushed.whole || !synced.more || sent >= MESSAGES {
            break;
        }
        page = page_after(app, &conversation, synced.upto).await?;
    }
    synced.complete = complete;
    Ok(synced)
}

/// How far a page was pushed.
struct Pushed {
    /// The last message that was taken, or what came before the page.
    upto: Seq,
    /// Whether nothing is missing between the messages that were taken.
    complete: bool,
    /// Whether all of them were.
    whole: bool,
}

/// Pushes the messages of a page, of which everything up to `cursor` was sent before; from 0 on any first
/// message will do.
async fn push_page(app: &App, caller: &WebSocketCaller, page: &Page, cursor: Seq) -> Pushed {
    let mut pushed = Pushed { upto: cursor, complete: true, whole: true };
    for batch in batches(&page.messages, false) {
        if app.pusher.push(&caller.connection, &batch.frame).await != Push::Taken {
            pushed.whole = false;
            break;
        }
        for message in batch.messages {
            // What expired between two messages is gone as well.
            pushed.complete &= pushed.upto == 0 || message.seq == pushed.upto + 1;
            pushed.upto = message.seq;
        }
    }
    pushed
}

/// The first page of what came after the cursor, and whether nothing that came right after it can
/// have gone.
async fn first_page(
    app: &App,
    conversation: &ConversationId,
    cursor: Seq,
) -> Result<(Page, bool), Error> {
    let Some(before) = cursor.checked_sub(1) else {
        return whole_log(app, conversation).await;
    };
    // The cursor's own message comes first, or the one behind it: then nothing is missing.
    let mut page = page_after(app, conversation, before).await?;
    let complete = match page.messages.first() {
        Some(first) => first.seq <= cursor + 1,
        None => {
            let newest = app.store.page(conversation, Range::default(), 1, None).await?;
            newest.messages.first().is_some_and(|newest| newest.seq == cursor)
        }
    };
    page.messages.retain(|message| message.seq > cursor);
    Ok((page, complete))
}

/// The first page of a log, and whether that begins where the log started.
async fn whole_log(app: &App, conversation: &ConversationId) -> Result<(Page, bool), Error> {
    let mut page = page_after(app, conversation, 0).await?;
    let start = app.store.first_ever(conversation).await?;
    if page.messages.is_empty() && start.is_some() {
        // If it started between the two reads, the first message is there now.
        page = page_after(app, conversation, 0).await?;
    }
    let complete = page.messages.first().map(|first| first.seq) == start;
    Ok((page, complete))
}

async fn page_after(app: &App, conversation: &ConversationId, seq: Seq) -> Result<Page, Error> {
    let range = Range { before: None, after: Some(seq) };
    log_page(app, conversation, range, PAGE).await
}
