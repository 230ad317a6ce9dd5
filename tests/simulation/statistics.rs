//! Many worlds, on all processors, and what came of them.

use std::fmt;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use local::faults::Fault;

use crate::broken::Broken;
use crate::check;
use crate::outcome::Outcome;
use crate::record::{What, lock};
use crate::sabotage::Sabotage;
use crate::settings::FaultInjection;
use crate::world;

/// How many broken worlds are told in full.
const TOLD: usize = 10;

/// What came of many worlds.
#[derive(Default)]
pub(crate) struct Statistics {
    worlds: u64,
    sabotaged: u64,
    messages: u64,
    acks: u64,
    repeats: u64,
    requests: u64,
    lost: u64,
    skips: u64,
    by_stream: u64,
    fired: [u64; Fault::ALL.len()],
    broken: Vec<(u64, String)>,
}

/// Runs the worlds of `seeds`; until the first that is broken, if `once`.
pub(crate) fn count(
    seeds: Range<u64>,
    faults: FaultInjection,
    broken: Option<Broken>,
    once: bool,
) -> Statistics {
    let (next, enough) = (AtomicU64::new(seeds.start), AtomicBool::new(false));
    let statistics = Mutex::new(Statistics::default());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !enough.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let outcome = world::run(seed, faults, Sabotage::of(broken));
                    let found = check::broken(&outcome);
                    // What is wrong without it is no sign of it, but a mistake.
                    let blameless = broken.is_some() && !outcome.sabotaged;
                    assert!(
                        !blameless || found.is_empty(),
                        "seed {seed}, not sabotaged: {found:?}"
                    );
                    enough.fetch_or(once && !found.is_empty(), Ordering::Relaxed);
                    lock(&statistics).add(seed, &outcome, found);
                }
            });
        }
    });
    statistics.into_inner().unwrap()
}

impl Statistics {
    pub(crate) fn is_clean(&self) -> bool {
        self.broken.is_empty()
    }

    /// In how many worlds the mechanism that was to be missing was missed.
    pub(crate) fn sabotaged(&self) -> u64 {
        self.sabotaged
    }

    /// The first seed that broke something, and what.
    pub(crate) fn first(&self) -> Option<&(u64, String)> {
        self.broken.iter().min()
    }

    fn add(&mut self, seed: u64, outcome: &Outcome, broken: Vec<String>) {
        self.worlds += 1;
        self.sabotaged += u64::from(outcome.sabotaged);
        self.messages += outcome.logs.len() as u64;
        self.by_stream += outcome.record.by_stream().len() as u64;
        self.requests += outcome.record.requests().values().sum::<u64>();
        for event in outcome.record.events() {
            match event.what {
                What::Acked { duplicate, .. } => {
                    self.acks += 1;
                    self.repeats += u64::from(duplicate);
                }
                What::Lost { .. } => self.lost += 1,
                What::Skipped { .. } => self.skips += 1,
                _ => {}
            }
        }
        for (sum, fired) in self.fired.iter_mut().zip(&outcome.fired) {
            *sum += fired;
        }
        if self.broken.len() < TOLD || !broken.is_empty() {
            self.broken.extend(broken.into_iter().map(|words| (seed, words)));
        }
    }
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (seed, words) in self.broken.iter().take(TOLD) {
            writeln!(f, "seed {seed}: {words}")?;
        }
        let mut seeds: Vec<_> = self.broken.iter().map(|(seed, _)| seed).collect();
        seeds.dedup();
        writeln!(
            f,
            "{} worlds, {} of them broken: {} messages ({} by the stream), {} acks ({} of repeats), {} requests, \
             {} messages lost in silence, {} skips",
            self.worlds,
            seeds.len(),
            self.messages,
            self.by_stream,
            self.acks,
            self.repeats,
            self.requests,
            self.lost,
            self.skips,
        )?;
        write!(f, "faults:")?;
        for ((fault, _), fired) in Fault::ALL.iter().zip(self.fired) {
            write!(f, " {fault:?} {fired}")?;
        }
        Ok(())
    }
}
