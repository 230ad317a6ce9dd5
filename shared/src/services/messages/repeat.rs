//! A message that is sent again under the same id, because the sender did not hear that it arrived.

use std::time::Duration;

use crate::domain::{ConversationId, Message, MessageId, NewMessage, Range, Timestamp};
use crate::store::Tail;
use crate::{App, Error};

/// How far back a repeat is searched for, in messages, before the id is refused as too old.
const SEARCH: usize = 10_000;
/// How far back anybody may have it searched at any time; further only once in [`SEARCH_INTERVAL`].
const NEAR_SEARCH: usize = 1_000;
/// How often a sender may have logs searched further back.
const SEARCH_INTERVAL: Duration = Duration::from_secs(5);
/// How many messages the first read of that search asks for; each asks for twice as many.
const FIRST_SEARCH_PAGE: usize = 24;
/// The most that one read of it asks for.
const MOST_SEARCH_PAGE: usize = 500;

/// Looks for an earlier send of `new`: in the tail, and as far behind it as its id could be, but
/// only behind `known`, up to where an earlier look found nothing.
pub(super) async fn find_repeat(
    app: &App,
    conversation: &ConversationId,
    (new, id): (&NewMessage, &MessageId),
    tail: &Tail,
    (known, now): (u64, Timestamp),
) -> Result<Option<Message>, Error> {
    for entry in &tail.entries {
        if new.is_repeated_by(id, &entry.message)? {
            return Ok(Some(entry.message.clone()));
        }
    }
    let (Some(newest), Some(oldest)) = (tail.entries.first(), tail.entries.last()) else {
        return Ok(None);
    };
    let Some(made_at) = new.id.as_ref().and_then(MessageId::made_at) else { return Ok(None) };
    let horizon = made_at.minus(newest.ahead);
    let mut before = oldest.message.seq;
    if tail.whole || oldest.message.sent_at < horizon || before <= known + 1 {
        return Ok(None);
    }
    let mut searched = 0;
    let mut size = FIRST_SEARCH_PAGE;
    let mut admitted = false;
    while searched < SEARCH {
        if searched >= NEAR_SEARCH && !admitted {
            let sender = new.from.to_string();
            admitted = app.searches.admits(sender, now, SEARCH_INTERVAL);
            if !admitted {
                let what = "old ids in a few seconds";
                return Err(Error::RateLimited { what, retry_after: SEARCH_INTERVAL });
            }
        }
        let range = Range { before: Some(before), after: None };
        let page = app.store.page(conversation, range, size, None).await?;
        for message in page.messages.iter().rev() {
            if new.is_repeated_by(id, message)? {
                return Ok(Some(message.clone()));
            }
            if message.sent_at < horizon || message.seq <= known + 1 {
                return Ok(None);
            }
        }
        let Some(first) = page.before else { return Ok(None) };
        before = first;
        size = (size * 2).min(MOST_SEARCH_PAGE);
        searched += page.messages.len();
    }
    Err(Error::Invalid("the time inside `id` is too long ago; look whether it was sent".into()))
}
