//! What was measured: a table for people, JSON for machines.

use hdrhistogram::Histogram;
use serde::Serialize;

/// One figure for each column; what a kind does not have is not shown.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Row {
    /// What was done.
    pub(crate) kind: String,
    /// What it was done to.
    pub(crate) target: String,
    /// How it was done: at which rate, or each after the answer to the one before.
    pub(crate) mode: String,
    /// What `per_second` counts.
    pub(crate) unit: &'static str,
    /// How many of these a second.
    pub(crate) per_second: f64,
    /// How many of the yardstick's these are, if it does the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) of_yardstick: Option<f64>,
    /// How long one took: so many of a hundred, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) latency_ms: Option<Latency>,
    /// How long a message took until its sender had the ack, in the same way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ack_ms: Option<Latency>,
    /// How many frames were pushed for each message and each who hears it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) frames_each: Option<f64>,
    /// Never heard.
    pub(crate) lost: u64,
    /// Heard twice.
    pub(crate) duplicates: u64,
    /// Heard after one that was sent later.
    pub(crate) out_of_order: u64,
    /// Failures and refusals.
    pub(crate) failures: u64,
    /// The server's processor time for each, in microseconds, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) processor_us: Option<f64>,
    /// The server's memory afterwards, in megabytes, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory_mb: Option<f64>,
    /// What else is to be known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) note: String,
}

/// Latencies in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
}

impl Latency {
    /// Of what a histogram of microseconds says for so many of a hundred, unless it is empty.
    pub(crate) fn of(histogram: &Histogram<u64>) -> Option<Self> {
        let of = |percent| histogram.value_at_percentile(percent) as f64 / 1_000.0;
        let latency = Self { p50: of(50.0), p99: of(99.0), p999: of(99.9), max: of(100.0) };
        (!histogram.is_empty()).then_some(latency)
    }
}

/// The table, as Markdown.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = "| what | target | mode | a second | of the yardstick | p50, p99, p99.9, max (ms) | ack: p50, p99 (ms) | frames each | lost, twice, out of order, failed | processor (µs each) | memory (MB) |\n|---|---|---|---|---|---|---|---|---|---|---|\n".to_owned();
    let shown = |value: Option<f64>, digits: usize| {
        value.map_or_else(String::new, |value| format!("{value:.digits$}"))
    };
    for row in rows {
        let latency = row.latency_ms.map_or_else(String::new, |it| {
            format!("{:.2}, {:.1}, {:.1}, {:.1}", it.p50, it.p99, it.p999, it.max)
        });
        let ack = row.ack_ms.map_or_else(String::new, |it| format!("{:.2}, {:.1}", it.p50, it.p99));
        let frames_each = shown(row.frames_each, 2);
        let Row {
            kind, target, mode, unit, lost, duplicates, out_of_order, failures, note, ..
        } = row;
        let of_yardstick = row.of_yardstick.map(|part| part * 100.0);
        let of_yardstick = of_yardstick.map_or_else(String::new, |part| format!("{part:.2} %"));
        text.push_str(&format!(
            "| {kind} {note} | {target} | {mode} | {:.0} {unit} | {of_yardstick} | {latency} | {ack} | {frames_each} | {lost}, {duplicates}, {out_of_order}, {failures} | {} | {} |\n",
            row.per_second,
            shown(row.processor_us, 0),
            shown(row.memory_mb, 0),
        ));
    }
    text
}
