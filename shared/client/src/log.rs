//! One conversation as it is shown: in the order of its numbers, each message once, without a gap.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use protocol::{MessageView, Seq};

/// What a client knows of a conversation; it outlives connections.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// Whether it is known where the log is to begin, so that messages may be shown.
    is_open: bool,
    /// Whether it is to begin with its first message.
    is_whole: bool,
    /// The first number that belongs here, and the next to show; none while nothing was ever said.
    range: Option<Shown>,
    /// What came beyond a gap.
    beyond: BTreeMap<Seq, MessageView>,
    /// Numbers that the server said are gone: what comes of them all the same is shown late.
    given_up: Vec<Range<Seq>>,
    /// What was delivered although it was said before the log begins: it had waited.
    waited: BTreeSet<Seq>,
    /// What comes before this number was skipped, and is not shown however it comes.
    skipped: Seq,
    /// A number that is known to be there, whether it has come or not.
    known: Seq,
}

#[derive(Clone, Copy, Debug)]
struct Shown {
    start: Seq,
    next: Seq,
}

impl Log {
    /// A log that begins with the message `seq`.
    pub(crate) fn starting_at(seq: Seq) -> Self {
        let range = Some(Shown { start: seq, next: seq });
        Self { is_open: true, range, ..Self::default() }
    }

    /// A log from its first message on.
    pub(crate) fn whole() -> Self {
        Self { is_whole: true, ..Self::default() }
    }

    /// Whether it waits for its newest page.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.is_open && !self.is_whole
    }

    /// Begins with the first message that has come; what is to be shown now.
    pub(crate) fn open_at_first(&mut self) -> Vec<MessageView> {
        self.is_open = true;
        let first = self.beyond.keys().next().copied();
        self.range = first.map(|first| Shown { start: first, next: first });
        self.advance()
    }

    /// Whether it is known where the log begins.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// The first number that belongs to it.
    pub(crate) fn start(&self) -> Option<Seq> {
        self.range.map(|range| range.start)
    }

    /// The last number without a gap before it; 0 asks for everything.
    pub(crate) fn watermark(&self) -> Seq {
        self.range.map_or(0, |range| range.next - 1)
    }

    /// Whether something is missing before what has come already, or is known to be there.
    pub(crate) fn has_gap(&self) -> bool {
        let is_behind = self.range.is_some_and(|range| range.next <= self.known);
        self.is_open && (!self.beyond.is_empty() || is_behind)
    }

    /// There is an entry of this number, which is to come.
    pub(crate) fn knows(&mut self, seq: Seq) {
        self.known = self.known.max(seq);
    }

    /// Begins with the last `wanted` messages of the newest page, or earlier if something earlier
    /// was delivered meanwhile; what is to be shown now.
    pub(crate) fn open(&mut self, page: Vec<MessageView>, wanted: usize) -> Vec<MessageView> {
        if self.is_open {
            return self.fill(page);
        }
        self.is_open = true;
        if let Some(last) = page.last() {
            let skipped = page.len().saturating_sub(wanted);
            let first = page.get(skipped).map_or(last.seq + 1, |first| first.seq);
            let start =
                self.beyond.keys().next().map_or(first, |handed_over| first.min(*handed_over));
            self.range = Some(Shown { start, next: start });
        }
        self.fill(page)
    }

    /// Begins anew with `first` if that lies beyond what has been shown; whether it does, so that
    /// something is skipped.
    pub(crate) fn skip_to(&mut self, first: Seq) -> bool {
        if self.range.is_some_and(|range| range.next >= first) {
            return false;
        }
        self.is_open = true;
        self.range = Some(Shown { start: first, next: first });
        self.beyond = self.beyond.split_off(&first);
        self.given_up.clear();
        self.waited.clear();
        self.skipped = first;
        true
    }

    /// Whether this number lies before what was skipped, so that nothing of it is shown any more.
    pub(crate) fn skips(&self, seq: Seq) -> bool {
        seq < self.skipped
    }

    /// Takes what was pushed; what is to be shown now.
    pub(crate) fn push(&mut self, message: MessageView) -> Vec<MessageView> {
        if message.seq < self.skipped {
            return Vec::new();
        }
        let before = self.range.is_some_and(|range| message.seq < range.start);
        if before {
            let is_new = self.waited.insert(message.seq);
            return if is_new { vec![message] } else { Vec::new() };
        }
        self.fill(vec![message])
    }

    /// Takes part of the log; what is to be shown now.
    pub(crate) fn fill(&mut self, messages: Vec<MessageView>) -> Vec<MessageView> {
        let mut shown = Vec::new();
        for message in messages {
            if self.range.is_none_or(|range| message.seq >= range.next) {
                // The first to come knows most: one's own has how far it got.
                self.beyond.entry(message.seq).or_insert(message);
            } else if self.finds(message.seq) {
                shown.push(message);
            }
        }
        shown.extend(self.advance());
        shown
    }

    /// Whether the number was given up; it is not any more.
    fn finds(&mut self, seq: Seq) -> bool {
        let Some(index) = self.given_up.iter().position(|numbers| numbers.contains(&seq)) else {
            return false;
        };
        let numbers = self.given_up.remove(index);
        let rest = [numbers.start..seq, seq + 1..numbers.end];
        self.given_up.extend(rest.into_iter().filter(|numbers| !numbers.is_empty()));
        true
    }

    /// Goes on at `next`; what is missing before that is gone, or so the server says.
    fn give_up_before(&mut self, next: Seq) {
        if let Some(range) = &mut self.range
            && range.next < next
        {
            self.given_up.push(range.next..next);
            range.next = next;
        }
    }

    /// Everything up to `upto` has come; what is to be shown now.
    pub(crate) fn synced(&mut self, upto: Seq, complete: bool) -> Vec<MessageView> {
        self.is_open = true;
        let first = self.beyond.keys().next().copied();
        match (self.range, first) {
            // What came before the server has sent the beginning does not say where that is.
            (None, Some(first)) if first <= upto => {
                self.range = Some(Shown { start: first, next: first });
            }
            // What is missing is gone.
            (Some(_), Some(first)) if !complete && first <= upto => self.give_up_before(first),
            (Some(_), _) if !complete => self.give_up_before(upto + 1),
            _ => {}
        }
        let mut shown = self.advance();
        while !complete && self.beyond.keys().next().is_some_and(|next| *next <= upto) {
            shown.extend(self.synced(upto, complete));
        }
        shown
    }

    fn advance(&mut self) -> Vec<MessageView> {
        let mut shown = Vec::new();
        if let (true, Some(range)) = (self.is_open, &mut self.range) {
            while let Some(message) = self.beyond.remove(&range.next) {
                range.next += 1;
                shown.push(message);
            }
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::said;

    fn page(numbers: impl IntoIterator<Item = Seq>) -> Vec<MessageView> {
        numbers.into_iter().map(said).collect()
    }

    #[track_caller]
    fn shows(shown: &[MessageView], expected: impl IntoIterator<Item = Seq>) {
        let numbers: Vec<_> = shown.iter().map(|message| message.seq).collect();
        assert_eq!(numbers, expected.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn what_comes_twice_or_out_of_order_is_shown_once_and_in_order() {
        let mut log = Log::starting_at(5);
        shows(&log.push(said(5)), [5]);
        shows(&log.push(said(7)), []);
        assert!(log.has_gap() && log.watermark() == 5);
        shows(&log.push(said(7)), []);
        shows(&log.fill(page([6, 7, 8])), [6, 7, 8]);
        shows(&log.push(said(6)), []);
        assert!(!log.has_gap());
    }

    #[test]
    fn it_opens_with_the_end_of_the_newest_page() {
        let mut log = Log::default();
        shows(&log.open(page(1..=9), 3), [7, 8, 9]);
        assert_eq!((log.start(), log.watermark()), (Some(7), 9));
        let mut without = Log::default();
        shows(&without.open(page(1..=9), 0), []);
        assert_eq!(without.watermark(), 9);
    }

    #[test]
    fn what_was_handed_over_before_it_opened_comes_first() {
        let mut log = Log::default();
        shows(&log.push(said(3)), []);
        shows(&log.push(said(4)), []);
        shows(&log.open(page(8..=9), 20), [3, 4]);
        assert!(log.has_gap());
        shows(&log.fill(page(5..=9)), [5, 6, 7, 8, 9]);
    }

    #[test]
    fn what_had_waited_is_shown_however_late_it_is_handed_over_and_once() {
        let mut log = Log::default();
        shows(&log.open(page(8..=9), 1), [9]);
        shows(&log.push(said(8)), [8]);
        shows(&log.push(said(8)), []);
        shows(&log.push(said(9)), []);
        shows(&log.push(said(10)), [10]);
    }

    #[test]
    fn of_an_empty_conversation_everything_is_wanted() {
        let mut log = Log::default();
        shows(&log.open(Vec::new(), 20), []);
        assert!(log.is_open() && log.watermark() == 0);
        // The first message may be another than the first that comes.
        shows(&log.push(said(71)), []);
        assert!(log.has_gap());
        shows(&log.fill(page([70, 71])), []);
        shows(&log.synced(71, true), [70, 71]);
    }

    #[test]
    fn a_log_does_not_begin_with_what_came_before_its_beginning() {
        let mut log = Log::whole();
        shows(&log.push(said(72)), []);
        shows(&log.synced(0, true), []);
        assert!(log.has_gap() && log.watermark() == 0);
        shows(&log.fill(page([70, 71])), []);
        shows(&log.synced(71, true), [70, 71, 72]);
    }

    #[test]
    fn what_is_skipped_is_not_shown_however_it_comes() {
        let mut log = Log::starting_at(1);
        shows(&log.push(said(1)), [1]);
        shows(&log.push(said(4)), []);
        assert!(log.skip_to(8) && !log.skip_to(8) && !log.skip_to(3));
        shows(&log.push(said(8)), [8]);
        shows(&log.push(said(5)), []);
        shows(&log.fill(page(2..=9)), [9]);
        assert_eq!((log.start(), log.watermark(), log.has_gap()), (Some(8), 9, false));
        let mut whole = Log::whole();
        assert!(whole.skip_to(70));
        shows(&whole.push(said(70)), [70]);
        shows(&whole.synced(69, true), []);
    }

    #[test]
    fn what_is_gone_is_not_waited_for() {
        let mut log = Log::starting_at(1);
        shows(&log.push(said(1)), [1]);
        shows(&log.fill(page([5, 6, 8])), []);
        shows(&log.synced(8, false), [5, 6, 8]);
        shows(&log.push(said(9)), [9]);
        shows(&log.synced(20, false), []);
        assert_eq!(log.watermark(), 20);
        // Unless it comes all the same.
        shows(&log.push(said(7)), [7]);
        shows(&log.fill(page([6, 7, 8, 15])), [15]);
        assert_eq!(log.watermark(), 20);
    }
}
