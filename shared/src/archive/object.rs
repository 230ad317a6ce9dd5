//! The names of objects.

use std::ops::RangeInclusive;

use object_store::path::Path;
use sha2::{Digest, Sha256};

use super::{Archived, file};
use crate::Error;
use crate::domain::{ConversationId, Seq};

/// How many numbers share a folder.
pub(super) const THOUSAND: Seq = 1000;

/// The longest conversation id that stands for itself, in bytes: a file's name has at most 255.
const LONGEST_ID: usize = 200;

/// The name of an object, apart from its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Object {
    /// The first number in it.
    pub(super) first: Seq,
    /// The last.
    pub(super) last: Seq,
    /// Tells objects of the same range apart.
    hash: String,
}

impl Object {
    /// The object of messages of one thousand, in order; and what it holds.
    pub(super) fn of(messages: &[Archived]) -> Result<(Self, Vec<u8>), Error> {
        let ends = messages.first().zip(messages.last());
        let (first, last) = ends.map_or((0, 0), |(first, last)| (first.seq, last.seq));
        let lines = file::lines(messages)?;
        let hash = hash(&lines);
        Ok((Self { first, last, hash }, file::compress(&lines)?))
    }

    /// The object whose place this is; `None` for what somebody else put there.
    pub(super) fn parse(path: &Path) -> Option<Self> {
        let mut parts = path.filename()?.strip_suffix(".jsonl.gz")?.splitn(3, '-');
        let (first, last, hash) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { first: first.parse().ok()?, last: last.parse().ok()?, hash: hash.to_owned() })
    }

    /// Where it lies.
    pub(super) fn path(&self, conversation: &ConversationId) -> Path {
        let Self { first, last, hash } = self;
        let folder = folder_of_thousand(conversation, first / THOUSAND);
        folder.join(format!("{first:016}-{last:016}-{hash}.jsonl.gz"))
    }

    /// Whether it can hold something of `window`.
    pub(super) fn overlaps(&self, window: &RangeInclusive<Seq>) -> bool {
        self.first <= *window.end() && self.last >= *window.start()
    }
}

/// Where everything of a conversation lies.
pub(super) fn folder(conversation: &ConversationId) -> Path {
    let id = conversation.to_string();
    if id.len() <= LONGEST_ID {
        Path::from_iter([id])
    } else {
        Path::from_iter([format!("~{}", hash(&id))])
    }
}

/// Where the messages of a thousand numbers lie.
pub(super) fn folder_of_thousand(conversation: &ConversationId, thousand: Seq) -> Path {
    folder(conversation).join(format!("{thousand:013}"))
}

/// The thousand whose folder this is.
pub(super) fn thousand_of(folder: &Path) -> Option<Seq> {
    folder.filename()?.parse().ok()
}

/// A hash of which no two are alike by chance.
fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(16).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}
