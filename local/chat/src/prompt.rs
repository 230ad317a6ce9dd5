//! What stands before the line being typed: where it goes, and what became of the last one.

use client::Mark;
use protocol::{Presence, Status};

use crate::paint::Paint;
use crate::text::visible;

/// The prompt; whatever changes while a line is typed takes the same room.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Prompt {
    pub(crate) place: String,
    pub(crate) is_connected: bool,
    pub(crate) presence: Option<Presence>,
    pub(crate) mark: Option<Mark>,
    pub(crate) is_typing: bool,
}

impl Prompt {
    /// The prompt without colours.
    pub(crate) fn plain(&self) -> String {
        format!("{} {} {}{}› ", self.light(), visible(&self.place), self.tick(), self.pen())
    }

    /// The prompt with colours.
    pub(crate) fn painted(&self, paint: Paint) -> String {
        let light = match self.presence {
            _ if !self.is_connected => paint.bad(self.light()),
            Some(Presence::Online) => paint.good(self.light()),
            Some(Presence::Offline) | None => paint.dim(self.light()),
        };
        let tick = match self.mark {
            Some(Mark::Got(Status::Read)) => paint.good(self.tick()),
            _ => paint.dim(self.tick()),
        };
        let (place, pen) = (paint.bold(&visible(&self.place)), paint.dim(self.pen()));
        format!("{light} {place} {tick}{pen}› ")
    }

    fn light(&self) -> &'static str {
        match self.presence {
            _ if !self.is_connected => "×",
            Some(Presence::Online) => "●",
            Some(Presence::Offline) => "○",
            None => "·",
        }
    }

    fn tick(&self) -> &'static str {
        match self.mark {
            None => "  ",
            Some(Mark::Sending) => "… ",
            Some(Mark::Got(status)) => tick(status),
        }
    }

    fn pen(&self) -> &'static str {
        if self.is_typing { " ✎ " } else { "   " }
    }
}

/// How far a message got, in two columns.
pub(crate) fn tick(status: Status) -> &'static str {
    match status {
        Status::Sent => "✓ ",
        Status::Delivered | Status::Read => "✓✓",
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn it_stays_as_wide_as_it_is() {
        let mut prompt = Prompt { place: "bob".into(), ..Prompt::default() };
        let width = prompt.plain().width();
        for mark in [Mark::Sending, Mark::Got(Status::Sent), Mark::Got(Status::Read)] {
            for presence in [None, Some(Presence::Online), Some(Presence::Offline)] {
                (prompt.mark, prompt.presence) = (Some(mark), presence);
                prompt.is_typing = !prompt.is_typing;
                prompt.is_connected = !prompt.is_connected;
                assert_eq!(prompt.plain().width(), width);
            }
        }
    }

    #[test]
    fn colours_change_nothing_else() {
        let prompt = Prompt { place: "\x1bbob".into(), ..Prompt::default() };
        assert_eq!(prompt.painted(Paint::none()), prompt.plain());
        assert!(prompt.painted(Paint::all()).contains("␛bob"));
    }
}
