//! What is counted of one action.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use derive_more::{Add, Sum};
use serde::Serialize;

use super::Operation;

/// So many pushes of one invocation go on at once (`shared` bounds it; `cost` reckons with it).
const PUSHES_AT_ONCE: u64 = 50;
/// So much of an HTTP request is paid for as one.
const HTTP_REQUEST_BYTES: u64 = 512 * 1024;

tokio::task_local! {
    /// The action that what runs here is a part of, if it is one of any.
    static PRESENT: Option<Part>;
}

/// A part of an action: an invocation, or whoever invokes.
struct Part {
    action: Arc<Action>,
    pushes: AtomicU64,
}

/// What makes an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A connection that comes or goes.
    Connection,
    /// A frame of a client.
    Frame,
    /// A request to the HTTP API.
    Route,
    /// The table's stream.
    Stream,
    /// Anything else.
    Other,
}

/// Something that people do, or that happens because of it, and what it took so far.
#[derive(Debug)]
pub struct Action {
    /// What makes it.
    pub kind: Kind,
    /// What it is called.
    pub name: String,
    invocations: AtomicU64,
    requests: [AtomicU64; Operation::ALL.len()],
    /// Units come in halves.
    write_halves: AtomicU64,
    read_halves: AtomicU64,
    pushes: AtomicU64,
    push_rounds: AtomicU64,
    http_requests: AtomicU64,
    http_bytes_out: AtomicU64,
}

/// What an action took.
#[derive(Add, Clone, Copy, Debug, Default, PartialEq, Sum)]
pub struct Taken {
    /// Invocations of functions.
    pub invocations: u64,
    /// Requests to the table.
    pub requests: u64,
    /// Write request units.
    pub write_units: f64,
    /// Read request units.
    pub read_units: f64,
    /// Pushes to connections.
    pub pushes: u64,
    /// How often pushes were waited for, of which so many go on at once.
    pub push_rounds: u64,
    /// Requests to the HTTP API, each 512 KB of one counted by itself.
    pub http_requests: u64,
    /// The bytes of their answers.
    pub http_bytes_out: u64,
}

impl Action {
    pub(super) fn new(kind: Kind, name: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            kind,
            name: name.into(),
            invocations: AtomicU64::default(),
            requests: Default::default(),
            write_halves: AtomicU64::default(),
            read_halves: AtomicU64::default(),
            pushes: AtomicU64::default(),
            push_rounds: AtomicU64::default(),
            http_requests: AtomicU64::default(),
            http_bytes_out: AtomicU64::default(),
        })
    }

    /// Runs something as a part of this action.
    pub fn run<T>(self: Arc<Self>, part: impl Future<Output = T>) -> impl Future<Output = T> {
        PRESENT.scope(Some(Part::of(self)), part)
    }

    /// Counts an invocation.
    pub fn invoked(&self) {
        self.invocations.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request to the HTTP API by the bytes of its body and of its answer's.
    pub fn answered_http(&self, request: u64, answer: u64) {
        let paid = (request + answer).div_ceil(HTTP_REQUEST_BYTES).max(1);
        self.http_requests.fetch_add(paid, Ordering::Relaxed);
        self.http_bytes_out.fetch_add(answer, Ordering::Relaxed);
    }

    /// What it took so far.
    pub fn taken(&self) -> Taken {
        let number = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Taken {
            invocations: number(&self.invocations),
            requests: self.requests.iter().map(number).sum(),
            write_units: number(&self.write_halves) as f64 / 2.0,
            read_units: number(&self.read_halves) as f64 / 2.0,
            pushes: number(&self.pushes),
            push_rounds: number(&self.push_rounds),
            http_requests: number(&self.http_requests),
            http_bytes_out: number(&self.http_bytes_out),
        }
    }

    /// How many requests of each operation it has made, without those that it has not.
    pub fn requests(&self) -> impl Iterator<Item = (Operation, u64)> {
        let counts = self.requests.iter().map(|count| count.load(Ordering::Relaxed));
        Operation::ALL.into_iter().zip(counts).filter(|(_, count)| *count > 0)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.taken() == Taken::default()
    }

    pub(super) fn asked(&self, operation: Operation, units: f64) {
        self.requests[operation as usize].fetch_add(1, Ordering::Relaxed);
        let halves = if operation.writes() { &self.write_halves } else { &self.read_halves };
        // No request takes a number of units that is negative or beyond all bounds.
        halves.fetch_add((units * 2.0).round() as u64, Ordering::Relaxed);
    }
}

impl Part {
    fn of(action: Arc<Action>) -> Self {
        Self { action, pushes: AtomicU64::default() }
    }

    fn pushes(&self) {
        self.action.pushes.fetch_add(1, Ordering::Relaxed);
        if self.pushes.fetch_add(1, Ordering::Relaxed).is_multiple_of(PUSHES_AT_ONCE) {
            self.action.push_rounds.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Runs an invocation as a part of the action that it is called in, and counts it there.
pub(crate) fn invocation<T>(invoked: impl Future<Output = T>) -> impl Future<Output = T> {
    let action = with_present(|part| Arc::clone(&part.action));
    if let Some(action) = &action {
        action.invoked();
    }
    PRESENT.scope(action.map(Part::of), invoked)
}

/// Whether what runs here is counted.
pub(super) fn is_counted() -> bool {
    with_present(|_| ()).is_some()
}

/// Counts a request to the table.
pub(super) fn asked(operation: Operation, units: f64) {
    with_present(|part| part.action.asked(operation, units));
}

/// Counts a push.
pub(super) fn pushes() {
    with_present(Part::pushes);
}

fn with_present<T>(look: impl FnOnce(&Part) -> T) -> Option<T> {
    PRESENT.try_with(|part| part.as_ref().map(look)).ok().flatten()
}
