//! Reading a conversation page by page.

use super::{Message, Seq};
use crate::{Error, limits};

/// Which part of a conversation to read: the end of it, or the beginning if it has an `after`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Range {
    /// Only messages before this one.
    pub before: Option<Seq>,
    /// Only messages after this one.
    pub after: Option<Seq>,
}

/// How many messages one page holds at most: 1 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize(usize);

/// Some messages in a row, oldest first.
#[derive(Debug)]
pub struct Page {
    /// The messages.
    pub messages: Vec<Message>,
    /// When read from the end: read `before` this for the page before, if there is one.
    pub before: Option<Seq>,
    /// When read from the beginning: read `after` this for the page after, if there is one.
    pub after: Option<Seq>,
}

impl PageSize {
    /// The most that a client may ask for.
    pub const MAX: usize = limits::HISTORY_PAGE;
    /// What a client gets that does not say.
    pub const DEFAULT: Self = Self(50);

    /// Takes what a client asked for, if anything.
    pub fn parse(limit: Option<u64>) -> Result<Self, Error> {
        let Some(limit) = limit else { return Ok(Self::DEFAULT) };
        match usize::try_from(limit) {
            Ok(limit @ 1..=Self::MAX) => Ok(Self(limit)),
            _ => Err(Error::Invalid(format!("`limit` is 1 to {}", Self::MAX))),
        }
    }

    /// The number.
    pub fn get(self) -> usize {
        self.0
    }
}

impl Page {
    /// Without what comes before `first`, which is not for the reader.
    #[must_use]
    pub fn starting_at(mut self, first: Seq) -> Self {
        self.messages.retain(|message| message.seq >= first);
        self.before = self.before.filter(|before| *before > first);
        self
    }

    /// Cuts what does not fit into `bytes`, each message counted by `size_of`; at least one stays.
    /// The next page begins with what was cut.
    #[must_use]
    pub fn within(
        mut self,
        bytes: usize,
        size_of: impl Fn(&Message) -> usize,
        range: Range,
    ) -> Self {
        let upwards = range.after.is_some();
        let all = self.messages.len();
        let mut room = bytes;
        let mut fits = |message: &Message| {
            let size = size_of(message);
            let fits = size <= room;
            room = room.saturating_sub(size);
            fits
        };
        let count = if upwards {
            self.messages.iter().take_while(|message| fits(message)).count()
        } else {
            self.messages.iter().rev().take_while(|message| fits(message)).count()
        };
        let count = count.max(1);
        if count >= all {
            return self;
        }
        if upwards {
            self.messages.truncate(count);
            self.after = self.messages.last().map(|message| message.seq);
        } else {
            self.messages.drain(..all - count);
            self.before = self.messages.first().map(|message| message.seq);
        }
        self
    }
}
