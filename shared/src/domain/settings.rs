//! What somebody decides about a conversation for themselves alone.

use std::fmt;

use super::{Seq, Timestamp};
use crate::{Error, limits};

pub use protocol::Muting;

/// Somebody's own settings of a conversation, as they are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// What clients are to be quiet about, and until when; it may be over.
    pub mute: Option<(Muting, Option<Timestamp>)>,
    /// Whether it comes before others.
    pub pinned: bool,
    /// Lists leave it out until something is said after this message.
    pub hidden_upto: Option<Seq>,
    /// What one has written and not said yet.
    pub draft: Option<DraftText>,
    /// The first message that counts as unread again.
    pub unread_from: Option<Seq>,
}

impl Settings {
    /// The mute, unless it is over at `now`.
    pub fn mute(&self, now: Timestamp) -> Option<(Muting, Option<Timestamp>)> {
        self.mute.filter(|(_, until)| until.is_none_or(|until| until > now))
    }

    /// What counts as read by somebody who has read up to `read`.
    pub fn counted_from(&self, read: Seq) -> Seq {
        self.unread_from.map_or(read, |from| read.min(from.saturating_sub(1)))
    }
}

/// What somebody has written and not said yet.
#[derive(Clone, PartialEq, Eq)]
pub struct DraftText(String);

impl DraftText {
    /// Takes any text of at most 4,096 bytes; nothing of an empty one.
    pub fn parse(text: String) -> Result<Option<Self>, Error> {
        let limit = limits::DRAFT_BYTES;
        if text.len() > limit {
            return Err(Error::TooLarge { what: "draft", limit });
        }
        Ok((!text.is_empty()).then_some(Self(text)))
    }

    /// Takes text back from the table, where only checked text is kept.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What people write never reaches a log, so only its length shows.
impl fmt::Debug for DraftText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DraftText({} bytes)", self.0.len())
    }
}

/// What is to be another: of each, what is `None` stays, and what is `Some(None)` goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsChange {
    /// What clients are to be quiet about.
    pub muted: Option<Option<Muting>>,
    /// Until when.
    pub muted_until: Option<Option<Timestamp>>,
    /// Whether it comes before others.
    pub pinned: Option<bool>,
    /// Up to which message it is hidden.
    pub hidden_upto: Option<Option<Seq>>,
    /// What one has written and not said yet.
    pub draft: Option<Option<DraftText>>,
    /// The first message that counts as unread again.
    pub unread_from: Option<Option<Seq>>,
}

impl SettingsChange {
    /// Whether it depends on the mute that there is: it is about one half of it.
    pub fn goes_on_muting(&self) -> bool {
        match (self.muted, self.muted_until) {
            (Some(Some(_)), None) | (None, Some(_)) => true,
            (None, None) | (Some(None), _) | (Some(Some(_)), Some(_)) => false,
        }
    }

    /// Whether it is about the end of a mute that must be there.
    pub fn limits_a_mute(&self) -> bool {
        self.muted.is_none() && matches!(self.muted_until, Some(Some(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mute_that_is_over_is_none() {
        let until = Timestamp::from_millis(7);
        let settings = Settings { mute: Some((Muting::All, Some(until))), ..Settings::default() };
        assert!(settings.mute(Timestamp::from_millis(6)).is_some());
        assert_eq!(settings.mute(until), None);
    }

    #[test]
    fn marking_as_unread_never_counts_as_reading() {
        let settings = |unread_from| Settings { unread_from, ..Settings::default() };
        assert_eq!(settings(None).counted_from(5), 5);
        assert_eq!(settings(Some(3)).counted_from(5), 2);
        assert_eq!(settings(Some(9)).counted_from(5), 5);
    }

    #[test]
    fn a_draft_never_shows_in_debug_output() {
        let draft = DraftText::parse("secret".into()).unwrap();
        assert_eq!(format!("{draft:?}"), "Some(DraftText(6 bytes))");
        assert!(DraftText::parse("x".repeat(limits::DRAFT_BYTES + 1)).is_err());
        assert_eq!(DraftText::parse(String::new()).unwrap(), None);
    }
}
