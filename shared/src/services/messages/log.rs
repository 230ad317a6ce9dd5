//! Pages of a log, wherever its messages are: what the table has let go of is read from the archive, behind
//! the same numbers.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::archive::{Archive, Direction};
use crate::domain::{ConversationId, Page, Range, Seq};
use crate::store::{from_archive, keys};
use crate::{App, Error};

/// Reads up to `limit` messages: the last of the range, or its first if it starts `after` one.
///
/// Without an archive what has expired is left out. With one it is shown until the table has let go of
/// it, and from the archive then; in between, for about a minute, it is missing.
pub async fn log_page(
    app: &App,
    conversation: &ConversationId,
    range: Range,
    limit: usize,
) -> Result<Page, Error> {
    let Some(archive) = &app.archive else {
        return app.store.page(conversation, range, limit, Some(app.clock.now())).await;
    };
    let now = Some(app.clock.now());
    let (page, expired) = app.store.page_with_expired(conversation, range, limit, now).await?;
    match missing(app, conversation, (&page, &expired), range).await? {
        Some(window) => with_archived(archive, conversation, page, (range, window), limit).await,
        None => Ok(page),
    }
}

/// The numbers among which the table may have let go of some that belong on the page; `None` if it has
/// not.
async fn missing(
    app: &App,
    conversation: &ConversationId,
    (page, expired): (&Page, &[Seq]),
    range: Range,
) -> Result<Option<RangeInclusive<Seq>>, Error> {
    let from = range.after.map_or(1, |after| after.saturating_add(1));
    let upto = range.before.map_or(keys::LAST, |before| before.saturating_sub(1)).min(keys::LAST);
    let window = page.before.unwrap_or(from)..=page.after.unwrap_or(upto);
    if window.is_empty() {
        return Ok(None);
    }
    let (Some(first), Some(last)) = (page.messages.first(), page.messages.last()) else {
        let began = app.store.first_ever(conversation).await?;
        return Ok(began.filter(|began| began <= window.end()).map(|_| window));
    };
    let (first, last) = (first.seq, last.seq);
    let in_a_row = u64::try_from(page.messages.len()) == Ok(last - first + 1);
    let reaches_end = match range.before {
        Some(before) => before == last + 1,
        None if page.after.is_some() => true,
        // What was said last may be gone before what is left.
        None if expired.contains(&last) => false,
        None => app.store.lifetime(conversation).await?.shorter_from <= last,
    };
    let from_its_start =
        first == *window.start() || app.store.first_ever(conversation).await? == Some(first);
    Ok((!in_a_row || !reaches_end || !from_its_start).then_some(window))
}

/// The page with what the archive has between its messages and around them.
async fn with_archived(
    archive: &Archive,
    conversation: &ConversationId,
    page: Page,
    (range, window): (Range, RangeInclusive<Seq>),
    limit: usize,
) -> Result<Page, Error> {
    let upwards = range.after.is_some();
    let direction = if upwards { Direction::Upwards } else { Direction::Downwards };
    let mut messages = BTreeMap::new();
    for archived in archive.read(conversation, &window, direction, limit + 1).await? {
        let message = from_archive(conversation, archived.seq, &archived.attributes)?;
        messages.insert(message.seq, message);
    }
    messages.extend(page.messages.into_iter().map(|message| (message.seq, message)));
    let excess = messages.len().saturating_sub(limit);
    let more = excess > 0 || page.before.is_some() || page.after.is_some();
    let messages = messages.into_values();
    let messages: Vec<_> =
        if upwards { messages.take(limit).collect() } else { messages.skip(excess).collect() };
    let (first, last) = (messages.first(), messages.last());
    let next = if upwards { last } else { first }.map(|message| message.seq).filter(|_| more);
    let (before, after) = if upwards { (None, next) } else { (next, None) };
    Ok(Page { messages, before, after })
}
