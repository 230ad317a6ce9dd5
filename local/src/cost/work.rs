//! What a request makes of the machines: what can be counted of it, and what is assumed of the rest.

use derive_more::{Add, Mul, Sub};
use serde::Serialize;
use shared::protocol::Messages;

use super::usage::Usage;

/// A message as everybody gets it, in bytes: some forty of them are what was said, the rest are ids, names and
/// the time, where people have accounts.
pub const MESSAGE_BYTES: f64 = 350.0;
/// The same in the table.
pub const ITEM_BYTES: f64 = 280.0;
/// An `ack`.
pub const ACK_BYTES: f64 = 250.0;
/// A `welcome`.
pub const WELCOME_BYTES: f64 = 720.0;
/// A `receipt`, a `typing`, a `presence`.
pub const SMALL_FRAME_BYTES: f64 = 190.0;

/// The memory of every function, as `template.yaml` has it.
pub const MEMORY_MB: f64 = 512.0;
/// How many pushes go on at once, in a delivery to many.
pub const PUSHES_AT_ONCE: f64 = 50.0;

/// What a function takes by itself: 1.5 ms of a processor (`tests/bench` measures it), of which 512 MB buy
/// three tenths (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>).
const INVOCATION_MS: f64 = 5.0;
/// How long the table takes to answer: "single-digit milliseconds", so neither the least nor the most.
const ROUND_TRIP_MS: f64 = 5.0;
/// How long API Gateway takes to answer as many pushes as go on at once. Nobody here has measured it; that
/// many take 15 ms of three tenths of a processor alone.
const PUSHES_MS: f64 = 15.0;
/// What is logged of each invocation: of one that brings a message 500 bytes of metrics and 600 of its way, of
/// one that counts nothing nothing. Lambda's own lines are another 600, unless `SystemLogLevel` is WARN.
const LOG_BYTES: f64 = 600.0;

/// What can be counted of an action; averages may be fractions.
#[derive(Add, Clone, Copy, Debug, Default, Mul, PartialEq, Serialize, Sub)]
pub struct Work {
    /// Frames from clients.
    pub frames_in: f64,
    /// Frames that answer those, each 32 KB counted by itself.
    pub answers: f64,
    /// Their bytes, or those of an answer to an HTTP request.
    pub answer_bytes: f64,
    /// Frames that are pushed, each 32 KB counted by itself.
    pub pushes: f64,
    /// Their bytes.
    pub push_bytes: f64,
    /// How often pushes are waited for.
    pub push_rounds: f64,
    /// Minutes for which connections stand.
    pub connection_minutes: f64,
    /// Requests to the HTTP API.
    pub http_requests: f64,
    /// Invocations of functions, the authorizer among them.
    pub invocations: f64,
    /// Requests to the table, or several at once, that wait for those before.
    pub round_trips: f64,
    /// Write request units.
    pub write_units: f64,
    /// Read request units.
    pub read_units: f64,
}

/// How it is reckoned what nobody can count here.
pub fn model() -> String {
    format!(
        "Lambda time by the model of local/src/cost/work.rs: {INVOCATION_MS} ms an invocation, \
         {ROUND_TRIP_MS} ms a request to the table, one after the other, and {PUSHES_MS} ms for up to \
         {PUSHES_AT_ONCE} pushes at once, with {MEMORY_MB} MB of memory; {LOG_BYTES} bytes of logs an \
         invocation."
    )
}

/// How many frames so many bytes of messages take.
pub(super) fn frames(bytes: f64) -> f64 {
    let most = u32::try_from(Messages::MAX_BYTES).unwrap_or(u32::MAX);
    (bytes / f64::from(most)).ceil()
}

/// How many units it takes to read so many messages of one conversation.
pub(super) fn units(messages: f64) -> f64 {
    (messages * ITEM_BYTES / 4_096.0).ceil()
}

impl Work {
    /// What is paid for it, with the functions warm.
    pub fn usage(&self) -> Usage {
        let milliseconds = self.invocations * INVOCATION_MS
            + self.round_trips * ROUND_TRIP_MS
            + self.push_rounds * PUSHES_MS;
        Usage {
            websocket_frames: self.frames_in + self.answers + self.pushes,
            connection_minutes: self.connection_minutes,
            http_requests: self.http_requests,
            invocations: self.invocations,
            gb_seconds: milliseconds / 1_000.0 * MEMORY_MB / 1_024.0,
            write_units: self.write_units,
            read_units: self.read_units,
            bytes_out: self.answer_bytes + self.push_bytes,
            log_bytes: self.invocations * LOG_BYTES,
        }
    }

    /// A frame of a client that one invocation serves, which answers it with so many bytes.
    pub(super) fn answered(bytes: f64) -> Self {
        Self { answers: 1.0, answer_bytes: bytes, ..Self::unanswered() }
    }

    /// The same without an answer.
    pub(super) fn unanswered() -> Self {
        Self { frames_in: 1.0, invocations: 1.0, ..Self::default() }
    }

    /// A request to the HTTP API, which the authorizer sees first, answered with so many bytes.
    pub(super) fn http(bytes: f64) -> Self {
        Self { http_requests: 1.0, invocations: 2.0, answer_bytes: bytes, ..Self::default() }
    }

    /// The same, and so many frames of so many bytes each, pushed at the same time if that may be.
    #[must_use]
    pub(super) fn pushing(self, frames: f64, bytes: f64) -> Self {
        let pushed = Self {
            pushes: frames,
            push_bytes: frames * bytes,
            push_rounds: (frames / PUSHES_AT_ONCE).ceil(),
            ..Self::default()
        };
        self + pushed
    }

    /// The same, and so many write units, read units and round trips of the table.
    #[must_use]
    pub(super) fn asking(self, (write_units, read_units): (f64, f64), round_trips: f64) -> Self {
        self + Self { write_units, read_units, round_trips, ..Self::default() }
    }
}
