//! The newest end of a log: what every append looks at first.

use aws_sdk_dynamodb::types::AttributeValue;

use super::entry::{Entry, decode};
use super::{Draft, Rules};
use crate::domain::permissions::{self, Action};
use crate::domain::{ConversationId, Seq, UserId};
use crate::error::storage;
use crate::store::item::{parse_number, s, text};
use crate::store::{Store, keys};
use crate::{Error, limits};

/// How many messages are looked at before every append.
const TAIL: usize = 12;
/// How many when a client's id does not tell its time.
const LONG_TAIL: usize = limits::REPEATS_AMONG;

/// The newest end of a log, newest first.
pub(in crate::store) struct Tail {
    pub(in crate::store) entries: Vec<Entry>,
    /// Where the numbers started, if that item came with the page.
    pub(in crate::store) start: Option<Seq>,
    /// Who of the two blocks the other, in a direct conversation.
    blocked_by: Vec<UserId>,
    /// Whose account is no more.
    gone: Vec<UserId>,
    /// Whether the page reaches the beginning of the log.
    pub(super) whole: bool,
}

impl Tail {
    /// Refuses what is said to somebody who is gone, is blocked, or has blocked the sender.
    pub(super) fn check_peer(&self, draft: &Draft) -> Result<(), Error> {
        if !self.gone.is_empty() {
            return Err(Error::NotFound("user"));
        }
        let blocks = self.blocked_by.contains(&draft.from);
        let is_blocked = self.blocked_by.iter().any(|user| *user != draft.from);
        permissions::permit(Action::Speak, permissions::of_two(blocks, is_blocked))
    }
}

impl Store {
    /// Reads the tail, strongly consistent, as far back as `draft` and `rules` ask for.
    pub(super) async fn tail(
        &self,
        conversation: &ConversationId,
        draft: &Draft,
        rules: Rules,
    ) -> Result<Tail, Error> {
        let timeless = draft.id.as_ref().is_some_and(|id| id.made_at().is_none());
        let rate = rules.messages_per_second;
        let limit = if timeless { LONG_TAIL } else { TAIL.max(rate).min(LONG_TAIL) };
        // One more, for the blocks.
        let limit = i32::try_from(limit + 1).unwrap_or(i32::MAX);
        let page = self.query_log(conversation, keys::START, keys::LAST);
        let page = page.expression_attribute_values(":last", s(keys::BLOCKS));
        let page = page.scan_index_forward(false).limit(limit).send().await;
        let page = page.map_err(storage("read the end of a conversation"))?;
        let mut start = None;
        let mut entries = Vec::with_capacity(page.items().len());
        let (mut blocked_by, mut gone) = (Vec::new(), Vec::new());
        for item in page.items() {
            if text(item, keys::SK)? == keys::BLOCKS {
                blocked_by = users(item.get("by"))?;
                gone = users(item.get("gone"))?;
            } else if let Some(value) = item.get("start") {
                start = parse_number(value);
            } else {
                entries.push(decode(conversation, item)?);
            }
        }
        let whole = page.last_evaluated_key().is_none();
        Ok(Tail { entries, start, blocked_by, gone, whole })
    }
}

fn users(set: Option<&AttributeValue>) -> Result<Vec<UserId>, Error> {
    let names = set.and_then(|set| set.as_ss().ok()).map_or(&[][..], Vec::as_slice);
    names.iter().map(|name| UserId::parse(name)).collect()
}
