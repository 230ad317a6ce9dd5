//! What a function logs: JSON, a line each, with what the invocation is about in `span`.
//!
//! Lambda's own filter (`ApplicationLogLevel`) has to let `INFO` through: it takes a line without a `level`
//! for one, and so CloudWatch's metrics
//! (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>). So
//! `LOG_LEVEL` is heeded here; what security and deliveries need is written at every level.

use lambda_runtime::tracing::level_filters::LevelFilter;
use lambda_runtime::tracing::subscriber::filter::Targets;
use lambda_runtime::tracing::subscriber::layer::{Layer, SubscriberExt};
use lambda_runtime::tracing::subscriber::util::SubscriberInitExt;
use lambda_runtime::tracing::subscriber::{fmt, registry};

use crate::config::LogLevel;
use crate::{security_log, trace};

/// Logs from now on, at this level.
pub(super) fn start(level: LogLevel) {
    let level = match level {
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    let kept = Targets::new()
        .with_default(level)
        .with_target(security_log::TARGET, LevelFilter::INFO)
        .with_target(trace::TARGET, LevelFilter::INFO);
    let lines = fmt::layer().json().flatten_event(true).with_span_list(false);
    registry().with(lines.with_filter(kept)).init();
}
