//! Reading what was said: the one place that every page passes on its way to somebody.

use std::cmp::Reverse;

use futures::try_join;

use crate::domain::permissions::Action;
use crate::domain::{Actor, ConversationId, Message, Page, Range, Seq, UserId, Version};
use crate::services::access::reads_from;
use crate::services::directory;
use crate::services::messages::log_page;
use crate::services::shown::{quotes, reader};
use crate::{App, Error};

/// How many times one page looks further because it found events.
const LOOKS: usize = 10;
/// How many entries each of these looks for at least.
const LOOK: usize = 50;

/// Up to `limit` messages of a conversation that `actor` may read, and the events between; refused to whoever may not do
/// `action` there.
///
/// Who that is is looked up after the page: whoever left before something on it was said is not shown
/// it. `not_found` for a conversation with somebody who was never there.
pub async fn page(
    app: &App,
    actor: impl Into<Actor>,
    conversation: &ConversationId,
    mut range: Range,
    limit: usize,
    action: Action,
) -> Result<Page, Error> {
    let actor = actor.into();
    loop {
        let mut page = page_of_messages(app, conversation, range, limit).await?;
        let first = reads_from(app, &actor, conversation, action).await?;
        if range.after.is_some_and(|after| after.saturating_add(1) < first) {
            // A page of nothing but what is hidden helps nobody: it begins where the reader may begin.
            range.after = Some(first - 1);
            continue;
        }
        let whole = range.before.is_none() && range.after.is_none_or(|after| after == 0);
        if page.messages.is_empty()
            && whole
            && let Some(other) = conversation.addressee(&actor.user)
            && let Err(unknown) = directory::check_exists(app, other).await
        {
            // Whoever is gone now may have been written to after the page was read; since they are gone
            // nobody can any more.
            page = page_of_messages(app, conversation, range, limit).await?;
            if page.messages.is_empty() {
                return Err(unknown);
            }
        }
        let mut page = page.starting_at(first);
        quotes::fill(app, &mut page.messages).await?;
        reader::fit(app, (&actor.user, first), &mut page.messages).await?;
        return Ok(page);
    }
}

/// What `user` may read around a message, up to so many in all: half of them before it, then the message itself
/// and what follows.
pub async fn page_around(
    app: &App,
    user: &UserId,
    conversation: &ConversationId,
    seq: Seq,
    limit: usize,
) -> Result<Page, Error> {
    let before = Range { before: Some(seq), after: None };
    let from = Range { before: None, after: Some(seq.saturating_sub(1)) };
    let half = limit / 2;
    if half == 0 {
        return page(app, user, conversation, from, limit, Action::Read).await;
    }
    let (older, newer) = try_join!(
        page(app, user, conversation, before, half, Action::Read),
        page(app, user, conversation, from, limit - half, Action::Read),
    )?;
    let messages = older.messages.into_iter().chain(newer.messages).collect();
    Ok(Page { messages, before: older.before, after: newer.after })
}

/// One message, if `user` may read it.
pub async fn message(
    app: &App,
    user: &UserId,
    conversation: &ConversationId,
    seq: Seq,
) -> Result<Message, Error> {
    let Some(before) = seq.checked_sub(1) else { return Err(Error::NotFound("message")) };
    let here = Range { before: Some(seq.saturating_add(1)), after: Some(before) };
    let page = page(app, user, conversation, here, 1, Action::Read).await?;
    let message = page.messages.into_iter().find(|message| message.body.of().is_none());
    message.ok_or(Error::NotFound("message"))
}

/// What a message that `user` may read said before, the oldest first.
pub async fn versions(
    app: &App,
    user: &UserId,
    conversation: &ConversationId,
    seq: Seq,
) -> Result<Vec<Version>, Error> {
    let (versions, message) =
        try_join!(app.store.versions(conversation, seq), message(app, user, conversation, seq))?;
    // It may have been deleted in between.
    let is_deleted = message.body.said().is_none_or(|said| said.deleted.is_some());
    Ok(if is_deleted { Vec::new() } else { versions })
}

/// The pinned messages of a conversation that `actor` may read, those pinned last first.
pub async fn pinned(
    app: &App,
    actor: impl Into<Actor>,
    conversation: &ConversationId,
) -> Result<Vec<Message>, Error> {
    let actor = actor.into();
    let mut messages = app.store.pinned(conversation, app.clock.now()).await?;
    let first = reads_from(app, &actor, conversation, Action::Read).await?;
    messages.retain(|message| message.seq >= first);
    quotes::fill(app, &mut messages).await?;
    reader::fit(app, (&actor.user, first), &mut messages).await?;
    let since = |message: &Message| message.body.said()?.pinned.as_ref().map(|(at, _)| *at);
    messages.sort_by_key(|message| Reverse((since(message), message.seq)));
    Ok(messages)
}

/// A page that has so many messages, if there are: events do not count.
async fn page_of_messages(
    app: &App,
    conversation: &ConversationId,
    range: Range,
    limit: usize,
) -> Result<Page, Error> {
    let upwards = range.after.is_some();
    let mut page = log_page(app, conversation, range, limit).await?;
    for _ in 0..LOOKS {
        let missing =
            limit.saturating_sub(page.messages.iter().filter(|it| is_counted(it)).count());
        let next = if upwards { page.after } else { page.before };
        let Some(next) = next.filter(|_| missing > 0) else { break };
        let range = match upwards {
            true => Range { after: Some(next), ..range },
            false => Range { before: Some(next), ..range },
        };
        let mut more = log_page(app, conversation, range, limit.max(LOOK)).await?;
        if upwards {
            page.messages.append(&mut more.messages);
        } else {
            more.messages.append(&mut page.messages);
            page.messages = more.messages;
        }
        (page.before, page.after) = (more.before, more.after);
    }
    Ok(cut(page, limit, upwards))
}

/// Without what comes beyond `limit` messages: the next page begins with it.
fn cut(mut page: Page, limit: usize, upwards: bool) -> Page {
    let all = page.messages.len();
    if upwards {
        if let Some(end) = place_of(page.messages.iter(), limit).filter(|end| end + 1 < all) {
            page.messages.truncate(end + 1);
            page.after = page.messages.last().map(|message| message.seq);
        }
    } else if let Some(end) =
        place_of(page.messages.iter().rev(), limit).filter(|end| end + 1 < all)
    {
        page.messages.drain(..all - end - 1);
        page.before = page.messages.first().map(|message| message.seq);
    }
    page
}

/// The place of the last of so many messages.
fn place_of<'a>(messages: impl Iterator<Item = &'a Message>, count: usize) -> Option<usize> {
    let counted = messages.enumerate().filter(|(_, message)| is_counted(message));
    counted.map(|(place, _)| place).nth(count.checked_sub(1)?)
}

fn is_counted(message: &Message) -> bool {
    message.body.of().is_none()
}
