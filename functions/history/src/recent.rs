//! Conversations in the order in which something last happened there.
//!
//! The log of a conversation alone knows when that was, since no message writes into anybody's list. So each page
//! looks at the end of every log, of [`SORTED`] conversations at most: rooms first, then those of two people.
//! What is beyond comes after these, unsorted. What becomes active while somebody turns the pages moves to the
//! front, where they have been: it comes again at the end of what is sorted, so that nothing is missed.

use std::cmp::Reverse;

use futures::stream::{self, StreamExt, TryStreamExt};
use shared::domain::{ConversationId, Timestamp, UserId};
use shared::edge::http::Paging;
use shared::store::Membership;
use shared::{App, Error};

/// So many conversations are sorted.
const SORTED: usize = 1000;
/// How many of them are looked at at once.
const CONCURRENT: usize = 25;
/// How the cursor begins behind what is sorted.
const OTHERS: &str = "others";

/// The place of a conversation in the list, from the first on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    /// Whether something happened there since the first page.
    moved: bool,
    unpinned: bool,
    at: Reverse<Timestamp>,
    conversation: ConversationId,
}

/// Where a page begins.
enum Place {
    /// Behind what is sorted so; when the first page was read.
    Sorted(Timestamp, Rank),
    /// Behind this of those that are not.
    Others(ConversationId),
}

/// A page, and where the next one begins.
pub(crate) async fn page(
    app: &App,
    user: &UserId,
    paging: &Paging,
) -> Result<(Vec<Membership>, Option<String>), Error> {
    let (began, after) = match paging.after(Place::parse)? {
        Some(Place::Others(after)) => return others(app, user, after, paging.limit).await,
        Some(Place::Sorted(began, rank)) => (Some(began), Some(rank)),
        None => (None, None),
    };
    let listed = app.store.memberships_rooms_first(user, None, SORTED).await?;
    let dated = listed.items.into_iter().map(|membership| async move {
        let at = last_active(app, &membership).await?;
        Ok::<_, Error>((at, membership))
    });
    let dated: Vec<_> = stream::iter(dated).buffer_unordered(CONCURRENT).try_collect().await?;
    // The clocks of those who write may be ahead of this one.
    let newest = dated.iter().map(|(at, _)| *at).chain([app.clock.now()]).max();
    let began = began.or(newest).unwrap_or_else(|| app.clock.now());
    let ranked =
        dated.into_iter().map(|(at, membership)| (Rank::of(at, began, &membership), membership));
    let mut rest: Vec<_> =
        ranked.filter(|(rank, _)| after.as_ref().is_none_or(|after| rank > after)).collect();
    rest.sort_by(|(one, _), (other, _)| one.cmp(other));
    let more = rest.len() > paging.limit;
    rest.truncate(paging.limit);
    let next = match rest.last() {
        Some((last, _)) if more => Some(Place::Sorted(began, last.clone()).to_string()),
        _ => listed.next.map(|last| format!("{OTHERS}.{last}")),
    };
    Ok((rest.into_iter().map(|(_, membership)| membership).collect(), next))
}

/// A page of those that are not sorted.
async fn others(
    app: &App,
    user: &UserId,
    after: ConversationId,
    limit: usize,
) -> Result<(Vec<Membership>, Option<String>), Error> {
    let listed = app.store.memberships_rooms_first(user, Some(after), limit).await?;
    Ok((listed.items, listed.next.map(|last| format!("{OTHERS}.{last}"))))
}

/// When something last happened in a conversation, or else since when one takes part.
async fn last_active(app: &App, membership: &Membership) -> Result<Timestamp, Error> {
    let now = app.clock.now();
    let end = app.store.newest_from(&membership.conversation, 0, 1, now).await?;
    Ok(end.messages.last().map_or(membership.joined_at, |message| message.sent_at))
}

impl Rank {
    fn of(at: Timestamp, began: Timestamp, membership: &Membership) -> Self {
        let conversation = membership.conversation.clone();
        if at > began {
            // It may move again: its place is to stay.
            return Self { moved: true, unpinned: true, at: Reverse(began), conversation };
        }
        let unpinned = !membership.settings.pinned;
        Self { moved: false, unpinned, at: Reverse(at), conversation }
    }
}

impl Place {
    /// Reads what [`Display`](std::fmt::Display) wrote.
    fn parse(text: &str) -> Result<Self, Error> {
        let invalid = || Error::Invalid("this is no place of the list".into());
        if let Some(last) = text.strip_prefix(OTHERS) {
            let last = last.strip_prefix('.').ok_or_else(invalid)?;
            return Ok(Self::Others(ConversationId::parse(last)?));
        }
        let parts: Vec<_> = text.splitn(5, '.').collect();
        let [began, moved, unpinned, at, conversation] = parts[..] else { return Err(invalid()) };
        let number = |text: &str| text.parse().map(Timestamp::from_millis).map_err(|_| invalid());
        let flag = |text: &str| text.parse::<bool>().map_err(|_| invalid());
        let rank = Rank {
            moved: flag(moved)?,
            unpinned: flag(unpinned)?,
            at: Reverse(number(at)?),
            conversation: ConversationId::parse(conversation)?,
        };
        Ok(Self::Sorted(number(began)?, rank))
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sorted(began, Rank { moved, unpinned, at: Reverse(at), conversation }) => {
                let (began, at) = (began.as_millis(), at.as_millis());
                write!(f, "{began}.{moved}.{unpinned}.{at}.{conversation}")
            }
            Self::Others(last) => write!(f, "{OTHERS}.{last}"),
        }
    }
}
