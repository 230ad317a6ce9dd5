//! What one connection heard, and what all of them did.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::payload::{self, Payload};

/// What was heard of one sender.
#[derive(Clone, Debug, Default)]
struct FromSender {
    /// The numbers below this one were heard, or given up.
    next: u64,
    /// Numbers that were passed over, and have not come since.
    missing: BTreeSet<u64>,
}

/// What was heard, and how late.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    run: u32,
    senders: BTreeMap<u32, FromSender>,
    /// How late each message came, in microseconds.
    pub(crate) latency: Histogram<u64>,
    /// How many came, each counted once.
    pub(crate) count: u64,
    /// In how many frames they came.
    pub(crate) frames: u64,
    /// How long each of its own messages took to be acknowledged, in microseconds.
    pub(crate) acks: Histogram<u64>,
    /// How many came again.
    pub(crate) duplicates: u64,
    /// How many came after one that was sent later.
    pub(crate) out_of_order: u64,
    /// When the last one came.
    pub(crate) last: Duration,
}

impl Heard {
    /// Nothing yet, of this run.
    pub(crate) fn new(run: u32) -> Self {
        let latency = Histogram::new_with_bounds(1, 600_000_000, 3).expect("bounds that are valid");
        let (senders, acks) = (BTreeMap::new(), latency.clone());
        Self {
            run,
            senders,
            latency,
            count: 0,
            frames: 0,
            acks,
            duplicates: 0,
            out_of_order: 0,
            last: Duration::ZERO,
        }
    }

    /// Notes what a message says; its sender, if it is new and of this run.
    pub(crate) fn note(&mut self, text: &str) -> Option<u32> {
        let payload = Payload::read(text).filter(|payload| payload.run == self.run)?;
        let sender = self.senders.entry(payload.sender).or_default();
        if payload.number >= sender.next {
            sender.missing.extend(sender.next..payload.number);
            sender.next = payload.number + 1;
        } else if sender.missing.remove(&payload.number) {
            self.out_of_order += 1;
        } else {
            self.duplicates += 1;
            return None;
        }
        self.count += 1;
        self.last = payload::now();
        record(&mut self.latency, self.last.saturating_sub(payload.due));
        Some(payload.sender)
    }

    /// Notes that a message of its own is acknowledged, which was due then.
    pub(crate) fn note_ack(&mut self, due: Duration) {
        record(&mut self.acks, payload::now().saturating_sub(due));
    }

    /// Adds what another connection heard.
    pub(crate) fn add(&mut self, other: &Self) {
        self.latency.add(&other.latency).expect("the same bounds");
        self.acks.add(&other.acks).expect("the same bounds");
        self.count += other.count;
        self.frames += other.frames;
        self.duplicates += other.duplicates;
        self.out_of_order += other.out_of_order;
        self.last = self.last.max(other.last);
    }
}

/// How many microseconds something took.
pub(crate) fn record(histogram: &mut Histogram<u64>, took: Duration) {
    histogram.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_twice_or_out_of_order_is_counted() {
        let mut heard = Heard::new(1);
        for number in [0, 1, 3, 2, 3, 5] {
            let payload = Payload { run: 1, sender: 0, number, due: Duration::ZERO };
            heard.note(&payload.text(0));
        }
        let of_another_run = Payload { run: 2, sender: 0, number: 4, due: Duration::ZERO };
        assert_eq!(heard.note(&of_another_run.text(0)), None);
        assert_eq!((heard.count, heard.duplicates, heard.out_of_order), (5, 1, 1));
    }
}
