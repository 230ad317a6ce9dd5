//! The newest end of a log: what every append looks at first.

use super::entry::{Entry, decode};
use super::lifetime::Lifetime;
use crate::Error;
use crate::domain::{ConversationId, Seq, UserId};
use crate::error::storage;
use crate::store::item::{parse_number, s, text, users};
use crate::store::{HandOver, Store, keys};

/// The newest end of a log, newest first.
#[derive(Debug)]
pub struct Tail {
    /// The messages.
    pub entries: Vec<Entry>,
    /// Where the numbers started, if that item came with the page.
    pub start: Option<Seq>,
    /// Who of the two blocks the other, in a direct conversation.
    pub blocked_by: Vec<UserId>,
    /// Whose account is no more.
    pub gone: Vec<UserId>,
    /// How far the stream has brought the messages of a room, if any ever went by it or could.
    pub hand_over: Option<HandOver>,
    /// How long what is said there is kept.
    pub lifetime: Lifetime,
    /// Whether the page reaches the beginning of the log.
    pub whole: bool,
}

impl Tail {
    /// Whether it shows so many messages, or all there are.
    pub fn shows(&self, length: usize) -> bool {
        self.whole || self.entries.len() >= length
    }

    /// Another message stands behind it now; it goes no further back than `longest`.
    pub fn push(&mut self, entry: Entry, longest: usize) {
        self.entries.insert(0, entry);
        self.whole &= self.entries.len() <= longest;
        self.entries.truncate(longest);
    }
}

impl Store {
    /// Reads the newest `length` messages, strongly consistent.
    pub async fn tail(&self, conversation: &ConversationId, length: usize) -> Result<Tail, Error> {
        // Two more, for the blocks or the hand-over, and the lifetime.
        let limit = i32::try_from(length + 2).unwrap_or(i32::MAX);
        let page = self.query_log(conversation, keys::START, keys::LAST);
        let page = page.expression_attribute_values(":last", s(keys::LIFETIME));
        let page = page.scan_index_forward(false).limit(limit).send().await;
        let page = page.map_err(storage("read the end of a conversation"))?;
        let mut start = None;
        let mut entries = Vec::with_capacity(page.items().len());
        let (mut blocked_by, mut gone, mut hand_over) = (Vec::new(), Vec::new(), None);
        let mut lifetime = Lifetime::default();
        for item in page.items() {
            let sk = text(item, keys::SK)?;
            if sk == keys::BLOCKS {
                blocked_by = users(item.get("by"))?;
                gone = users(item.get("gone"))?;
            } else if sk == keys::HANDED {
                hand_over = Some(HandOver::decode(item)?);
            } else if sk == keys::LIFETIME {
                lifetime = Lifetime::decode(item);
            } else if let Some(value) = item.get("start") {
                start = parse_number(value);
            } else {
                entries.push(decode(conversation, item)?);
            }
        }
        let whole = page.last_evaluated_key().is_none();
        Ok(Tail { entries, start, blocked_by, gone, hand_over, lifetime, whole })
    }
}
