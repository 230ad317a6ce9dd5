//! Fault injection: what goes wrong on AWS now and then, turned on and repeatable by a seed.
//!
//! `--faults SEED` disturbs the running server, for people who test their own clients; the
//! simulation in `tests` disturbs the same handlers by the thousand. Both put the faults at the same
//! two places: below the SDK's clients ([`Faults::transport`]) and around the functions
//! ([`Faults::functions`]). The handlers do not know. A [`Scenario`] is what people ask for.

mod functions;
mod scenario;
mod silence;
#[cfg(test)]
mod tests;
mod transport;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::Instant;

pub use scenario::Scenario;
pub use transport::SWALLOWED;

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A request takes seconds, perhaps longer than the SDK waits.
    Slow,
    /// DynamoDB throttles: nothing happened.
    Throttled,
    /// DynamoDB answers 500: nothing happened.
    TableFailed,
    /// DynamoDB answers 500 after it did what was asked.
    TableFailedAfter,
    /// DynamoDB did what was asked, and the answer is lost.
    AnswerLost,
    /// A write meets a transaction: it is refused, and nothing happened.
    Conflict,
    /// A batch is answered in part.
    PartialBatch,
    /// An eventually consistent read shows what was.
    StaleRead,
    /// The table is away for a while.
    TableDown,
    /// `@connections` answers 429.
    PushThrottled,
    /// `@connections` answers 500: the client got nothing.
    PushFailed,
    /// `@connections` answers 500 after it delivered.
    PushFailedAfter,
    /// `@connections` never answers.
    PushHung,
    /// A connection is cut from the cloud's side.
    Cut,
    /// A connection is lost in silence: API Gateway takes what is pushed, and the client gets nothing.
    Silence,
    /// An invocation dies at an await.
    Died,
    /// The clock of an invocation is off by seconds.
    ClockSkew,
    /// An invocation starts late, perhaps after one that came later.
    LateStart,
    /// `$disconnect` comes late.
    LateDisconnect,
    /// `$disconnect` never comes.
    NoDisconnect,
    /// A batch of stream records is handed in twice.
    StreamTwice,
}

impl Fault {
    /// Every fault, with how often it fires at most: chances in 10,000 at each opportunity.
    pub const ALL: [(Self, u32); 21] = [
        (Self::Slow, 100),
        (Self::Throttled, 400),
        (Self::TableFailed, 300),
        (Self::TableFailedAfter, 300),
        (Self::AnswerLost, 200),
        (Self::Conflict, 1_000),
        (Self::PartialBatch, 2_000),
        (Self::StaleRead, 5_000),
        (Self::TableDown, 10),
        (Self::PushThrottled, 1_000),
        (Self::PushFailed, 1_000),
        (Self::PushFailedAfter, 1_000),
        (Self::PushHung, 500),
        (Self::Cut, 300),
        (Self::Silence, 100),
        (Self::Died, 1_500),
        (Self::ClockSkew, 5_000),
        (Self::LateStart, 2_000),
        (Self::LateDisconnect, 4_000),
        (Self::NoDisconnect, 2_000),
        (Self::StreamTwice, 2_000),
    ];
    const COUNT: usize = Self::ALL.len();

    /// Whether it only disturbs time and order.
    fn only_disturbs_timing(self) -> bool {
        matches!(
            self,
            Self::PartialBatch
                | Self::ClockSkew
                | Self::LateStart
                | Self::LateDisconnect
                | Self::NoDisconnect
                | Self::StreamTwice
        )
    }
}

impl fmt::Display for Fault {
    /// The name that scenarios, the banner and `local/README.md` use.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// A fault that has fired.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Fired {
    /// When, by the wall clock.
    pub at: Timestamp,
    /// Which.
    pub fault: Fault,
}

/// Which faults there are, and how often each fires.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Chances in 10,000, by fault.
    chances: [u32; Fault::COUNT],
    /// The longest that a request takes either way while nothing is wrong.
    pub latency: Duration,
}

impl Plan {
    /// Nothing goes wrong.
    pub fn none(latency: Duration) -> Self {
        Self { chances: [0; Fault::COUNT], latency }
    }

    /// About half of the faults, each at a rate of its own: what hides behind one fault shows when
    /// that one is off (<https://users.cs.utah.edu/~regehr/papers/swarm12.pdf>).
    pub fn random(rng: &mut Rng, latency: Duration) -> Self {
        let mut plan = Self::none(latency);
        for (fault, most) in Fault::ALL {
            if rng.bool() {
                plan.set(fault, rng.u32(1..=most));
            }
        }
        plan
    }

    /// About half of the faults that only disturb time and order: no request fails, no invocation
    /// dies, no connection is lost.
    pub fn timing_only(rng: &mut Rng, latency: Duration) -> Self {
        let mut plan = Self::random(rng, latency);
        for (fault, _) in Fault::ALL {
            if !fault.only_disturbs_timing() {
                plan.set(fault, 0);
            }
        }
        plan
    }

    /// Whether nothing goes wrong.
    pub fn is_empty(&self) -> bool {
        Fault::ALL.iter().all(|(fault, _)| !self.has(*fault))
    }

    /// Whether nothing but time and order is disturbed.
    pub fn is_timing_only(&self) -> bool {
        Fault::ALL.iter().all(|(fault, _)| fault.only_disturbs_timing() || !self.has(*fault))
    }

    /// Makes `fault` fire at `chances` in 10,000 opportunities.
    pub fn set(&mut self, fault: Fault, chances: u32) {
        self.chances[fault as usize] = chances;
    }

    /// Whether `fault` can fire.
    pub fn has(&self, fault: Fault) -> bool {
        self.chances(fault) > 0
    }

    /// In how many of 10,000 opportunities `fault` fires.
    pub fn chances(&self, fault: Fault) -> u32 {
        self.chances[fault as usize]
    }
}

/// The faults of one server or one simulated world; clones share everything.
#[derive(Clone)]
pub struct Faults(Arc<State>);

struct State {
    plan: Mutex<Plan>,
    rng: Mutex<Rng>,
    fired: [AtomicU64; Fault::COUNT],
    /// The last that fired, the newest last.
    recent: Mutex<VecDeque<Fired>>,
    down_until: Mutex<Option<Instant>>,
    silent: Mutex<HashMap<String, Instant>>,
    /// Who is told of connections that are lost in silence.
    silence: Mutex<Option<mpsc::UnboundedSender<String>>>,
    shown: Mutex<HashMap<String, Shown>>,
}

/// What a read showed, and when.
#[derive(Clone)]
struct Shown {
    at: Instant,
    status: u16,
    body: Vec<u8>,
}

tokio::task_local! {
    /// By how many milliseconds the clock of this invocation is off.
    static SKEW: i64;
}

impl Faults {
    /// So many of those that fired are known by their time.
    const RECENT: usize = 100;

    /// Faults by `plan`, decided by `rng`.
    pub fn new(plan: Plan, rng: Rng) -> Self {
        Self(Arc::new(State {
            plan: Mutex::new(plan),
            rng: Mutex::new(rng),
            fired: Default::default(),
            recent: Mutex::default(),
            down_until: Mutex::default(),
            silent: Mutex::default(),
            silence: Mutex::default(),
            shown: Mutex::default(),
        }))
    }

    /// From now on goes by another plan; connections that are lost in silence stay lost.
    pub fn change(&self, plan: Plan) {
        *lock(&self.0.plan) = plan;
        *lock(&self.0.down_until) = None;
    }

    /// How often each fault fired.
    pub fn fired(&self) -> [u64; Fault::COUNT] {
        std::array::from_fn(|index| self.0.fired[index].load(Ordering::Relaxed))
    }

    /// The last 100 faults that fired, the newest first.
    pub fn recent(&self) -> Vec<Fired> {
        lock(&self.0.recent).iter().rev().copied().collect()
    }

    /// By how many milliseconds the clock of the running invocation is off.
    pub fn skew() -> i64 {
        SKEW.try_with(|skew| *skew).unwrap_or(0)
    }

    /// Whether `fault` fires at this opportunity.
    fn fires(&self, fault: Fault) -> bool {
        let fires = self.draws(fault);
        if fires {
            self.count(fault);
        }
        fires
    }

    /// Whether `fault` is to fire at this opportunity, if it can.
    fn draws(&self, fault: Fault) -> bool {
        let chances = lock(&self.0.plan).chances(fault);
        chances > 0 && lock(&self.0.rng).u32(..10_000) < chances
    }

    /// `fault` has fired.
    fn count(&self, fault: Fault) {
        self.0.fired[fault as usize].fetch_add(1, Ordering::Relaxed);
        let mut recent = lock(&self.0.recent);
        if recent.len() == Self::RECENT {
            recent.pop_front();
        }
        recent.push_back(Fired { at: Timestamp::now(), fault });
        drop(recent);
        tracing::info!(%fault, "a fault fires");
    }

    /// A random time up to `most`.
    fn random(&self, most: Duration) -> Duration {
        let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(lock(&self.0.rng).u64(..=most))
    }

    /// The way there or back.
    async fn travel(&self) {
        let latency = lock(&self.0.plan).latency;
        if !latency.is_zero() {
            tokio::time::sleep(self.random(latency)).await;
        }
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Faults").field(&*lock(&self.0.plan)).finish()
    }
}

/// No code here panics while it holds a lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
