//! Metrics as CloudWatch reads them out of the log of a function
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
//!
//! A line has the metrics of one invocation. Its one dimension is the stack: CloudWatch charges for each
//! metric and each value of a dimension. Which function and which request it was stands beside them.

use std::fmt;
use std::io;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{Histogram, HistogramFn, Key, Level, Metadata};
use metrics_cloudwatch_embedded::{Builder, Collector};

use super::{DELIVERY_TIME, Metrics};

/// Where CloudWatch has them.
pub const NAMESPACE: &str = "Confab";
/// The most values of one metric in a line.
const MOST_VALUES: usize = 100;

/// The metrics of a process, on their way to CloudWatch.
pub struct CloudWatch {
    collector: &'static Collector,
    times: Arc<Times>,
    delivery_time: Histogram,
}

/// What was measured since the last line.
#[derive(Default)]
struct Times(Mutex<Vec<f64>>);

impl HistogramFn for Times {
    fn record(&self, value: f64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(value);
    }
}

impl CloudWatch {
    /// The metrics of this process, which belongs to `stack`; once in a process, since they are its own.
    pub fn of_process(
        stack: String,
    ) -> Result<(Self, Metrics), Box<dyn std::error::Error + Send + Sync>> {
        let builder = Builder::new().cloudwatch_namespace(NAMESPACE).with_dimension("Stack", stack);
        let collector = builder.init()?;
        let metrics =
            metrics::with_recorder(|recorder| Metrics::recorded_by(recorder, str::to_owned));
        let metadata = Metadata::new(module_path!(), Level::INFO, None);
        let delivery_time = metrics::with_recorder(|recorder| {
            recorder.register_histogram(&Key::from_name(DELIVERY_TIME.0), &metadata)
        });
        let times = Arc::new(Times::default());
        let metrics = metrics.with_delivery_time(Histogram::from_arc(Arc::clone(&times)));
        Ok((Self { collector, times, delivery_time }, metrics))
    }

    /// Writes what was counted since the last line, if anything was.
    pub fn write(&self, function: &str, request: &str, out: impl io::Write) -> io::Result<()> {
        let times = mem::take(&mut *self.times.0.lock().unwrap_or_else(PoisonError::into_inner));
        for time in thinned(times, MOST_VALUES) {
            self.delivery_time.record(time);
        }
        self.collector
            .set_property("FunctionName", function)
            .set_property("RequestId", request)
            .flush(out)
    }
}

/// At most so many of `values`, evenly spaced by size, with the least and the greatest.
fn thinned(mut values: Vec<f64>, most: usize) -> Vec<f64> {
    if values.len() <= most {
        return values;
    }
    values.sort_by(f64::total_cmp);
    let last = values.len() - 1;
    (0..most).map(|place| values[place * last / (most - 1)]).collect()
}

impl fmt::Debug for CloudWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CloudWatch")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_values_the_ends_and_the_middle_are_kept() {
        let values: Vec<f64> = (0..1_000).rev().map(f64::from).collect();
        let kept = thinned(values, 101);
        assert_eq!((kept.len(), kept[0], kept[50], kept[100]), (101, 0.0, 499.0, 999.0));
        assert_eq!(thinned(vec![3.0, 1.0], 2), [3.0, 1.0]);
    }
}
