//! What somebody decides about a conversation for themselves alone.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Seq, Timestamp};

/// What clients are to be quiet about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Muting {
    /// Whatever is said.
    All,
    /// What does not call one.
    Mentions,
}

impl Muting {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Mentions => "mentions",
        }
    }
}

/// Somebody's own settings of a conversation, all of them.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsView {
    /// What clients are to be quiet about.
    pub muted: Option<Muting>,
    /// Until when.
    pub muted_until: Option<Timestamp>,
    /// Whether it comes before others.
    pub pinned: bool,
    /// Whether lists leave it out, until something is said there.
    pub hidden: bool,
    /// What one has written and not said yet.
    pub draft: Option<String>,
    /// The first message that counts as unread again.
    pub unread_from: Option<Seq>,
}

/// The fields of a `settings` frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsChanged {
    /// Which conversation.
    pub conversation: String,
    /// The settings as they are now.
    pub settings: SettingsView,
}

/// How far somebody has read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    /// Who.
    pub user: String,
    /// The last message they have read; 0 for none.
    pub read_seq: Seq,
}

/// What people write never reaches a log, so only its length shows.
impl fmt::Debug for SettingsView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.draft.as_ref().map(String::len);
        write!(f, "SettingsView({bytes:?} bytes)")
    }
}
