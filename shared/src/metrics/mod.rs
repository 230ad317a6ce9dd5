//! What is counted, wherever it happens, for whoever operates it.
//!
//! Each process hands its own recorder to [`Metrics::recorded_by`]: [`cloud_watch`] on Lambda, Prometheus
//! on the local server. To count is to add to an atomic; without a recorder it is nothing.

pub mod cloud_watch;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Histogram, Key, KeyName, Level, Metadata, Recorder, Unit};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Something said was stored.
    MessagesAccepted,
    /// Something said was stored before under the same id.
    MessagesRepeated,
    /// A message did not get the number it tried.
    LogConflicts,
    /// A recipient's connection took a message.
    MessagesDelivered,
    /// A message waits for a recipient.
    MessagesWaiting,
    /// A connection took a frame.
    PushesTaken,
    /// A connection was no more.
    PushesGone,
    /// A push failed.
    PushesFailed,
    /// A message was delivered in a frame with others.
    FramesCoalesced,
    /// A process started.
    ColdStarts,
    /// Somebody who asked to be signed in was not.
    SignInsRefused,
    /// A request was one too many.
    RequestsThrottled,
    /// A record could not be read.
    UnreadableRecords,
}

impl Count {
    /// All of them with their names and meanings, in the order of their declaration.
    pub const ALL: [(Self, &'static str, &'static str); 13] = [
        (
            Self::MessagesAccepted,
            "MessagesAccepted",
            "Messages that people sent and that were stored",
        ),
        (Self::MessagesRepeated, "MessagesRepeated", "Messages sent again that were stored before"),
        (Self::LogConflicts, "LogConflicts", "Lost races for a number of a conversation"),
        (
            Self::MessagesDelivered,
            "MessagesDelivered",
            "Messages that a connection took, counted for each recipient but the sender",
        ),
        (
            Self::MessagesWaiting,
            "MessagesWaiting",
            "Messages that no connection took, counted for each recipient for whom they wait",
        ),
        (Self::PushesTaken, "PushesTaken", "Frames of any kind that a connection took"),
        (Self::PushesGone, "PushesGone", "Frames for connections that were no more"),
        (Self::PushesFailed, "PushesFailed", "Frames that API Gateway did not take"),
        (
            Self::FramesCoalesced,
            "FramesCoalesced",
            "Of the messages that a connection took, those that came in a frame with others",
        ),
        (Self::ColdStarts, "ColdStarts", "Processes that started"),
        (
            Self::SignInsRefused,
            "SignInsRefused",
            "Wrong passwords and unknown names, and whoever tried too often",
        ),
        (Self::RequestsThrottled, "RequestsThrottled", "Requests and frames beyond a rate limit"),
        (
            Self::UnreadableRecords,
            "UnreadableRecords",
            "Records of the stream that cannot be read, and were passed over",
        ),
    ];
}

/// What the one metric that is no count is called.
pub const DELIVERY_TIME: (&str, &str) = (
    "DeliveryTime",
    "Milliseconds from when a message was stored until a connection of somebody who is there took it",
);

/// Counts; cheap to clone. The default counts nothing.
#[derive(Clone)]
pub struct Metrics(Arc<Handles>);

struct Handles {
    counters: [Counter; Count::ALL.len()],
    delivery_time: Histogram,
}

impl Metrics {
    /// Counts in `recorder`, which knows each metric by what `named` makes of its name.
    pub fn recorded_by(recorder: &dyn Recorder, named: fn(&str) -> String) -> Self {
        let metadata = Metadata::new(module_path!(), Level::INFO, None);
        let counters = Count::ALL.map(|(_, name, meaning)| {
            let name = named(name);
            recorder.describe_counter(
                KeyName::from(name.clone()),
                Some(Unit::Count),
                meaning.into(),
            );
            recorder.register_counter(&Key::from_name(name), &metadata)
        });
        let (name, meaning) = DELIVERY_TIME;
        let (name, unit) = (named(name), Some(Unit::Milliseconds));
        recorder.describe_histogram(KeyName::from(name.clone()), unit, meaning.into());
        let delivery_time = recorder.register_histogram(&Key::from_name(name), &metadata);
        Self(Arc::new(Handles { counters, delivery_time }))
    }

    /// The same with another distribution of how long deliveries take.
    fn with_delivery_time(&self, delivery_time: Histogram) -> Self {
        Self(Arc::new(Handles { counters: self.0.counters.clone(), delivery_time }))
    }

    /// It happened.
    pub fn count(&self, what: Count) {
        self.count_many(what, 1);
    }

    /// It happened so many times.
    pub fn count_many(&self, what: Count, times: usize) {
        if times > 0 {
            self.0.counters[what as usize].increment(u64::try_from(times).unwrap_or(u64::MAX));
        }
    }

    /// Messages were taken so long after they were stored.
    pub fn delivered_after(&self, age: Duration) {
        self.0.delivery_time.record(age.as_secs_f64() * 1000.0);
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let counters = std::array::from_fn(|_| Counter::noop());
        Self(Arc::new(Handles { counters, delivery_time: Histogram::noop() }))
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_is_called_what_it_is() {
        for (place, (count, name, _)) in Count::ALL.iter().enumerate() {
            assert_eq!((*count as usize, format!("{count:?}")), (place, (*name).to_owned()));
        }
    }
}
