//! Many worlds, on all processors, and what came of them.

use std::fmt;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use local::faults::Fault;

use crate::broken::Broken;
use crate::check;
use crate::record::{What, lock};
use crate::remains::Remains;
use crate::sabotage::Sabotage;
use crate::settings::Weather;
use crate::world;

/// How many broken worlds are told in full.
const TOLD: usize = 10;

/// What came of many worlds.
#[derive(Default)]
pub(crate) struct Tally {
    worlds: u64,
    sabotaged: u64,
    messages: u64,
    acks: u64,
    repeats: u64,
    requests: u64,
    lost: u64,
    fired: [u64; Fault::ALL.len()],
    broken: Vec<(u64, String)>,
}

/// Runs the worlds of `seeds`; until the first that is broken, if `once`.
pub(crate) fn count(
    seeds: Range<u64>,
    weather: Weather,
    broken: Option<Broken>,
    once: bool,
) -> Tally {
    let (next, enough) = (AtomicU64::new(seeds.start), AtomicBool::new(false));
    let tally = Mutex::new(Tally::default());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !enough.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let remains = world::run(seed, weather, Sabotage::of(broken));
                    let found = check::broken(&remains);
                    // What is wrong without it is no sign of it, but a mistake.
                    let blameless = broken.is_some() && !remains.sabotaged;
                    assert!(
                        !blameless || found.is_empty(),
                        "seed {seed}, not sabotaged: {found:?}"
                    );
                    enough.fetch_or(once && !found.is_empty(), Ordering::Relaxed);
                    lock(&tally).add(seed, &remains, found);
                }
            });
        }
    });
    tally.into_inner().unwrap()
}

impl Tally {
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

    fn add(&mut self, seed: u64, remains: &Remains, broken: Vec<String>) {
        self.worlds += 1;
        self.sabotaged += u64::from(remains.sabotaged);
        self.messages += remains.logs.len() as u64;
        self.requests += remains.record.requests().values().sum::<u64>();
        for event in remains.record.events() {
            match event.what {
                What::Acked { duplicate, .. } => {
                    self.acks += 1;
                    self.repeats += u64::from(duplicate);
                }
                What::Lost { .. } => self.lost += 1,
                _ => {}
            }
        }
        for (sum, fired) in self.fired.iter_mut().zip(&remains.fired) {
            *sum += fired;
        }
        if self.broken.len() < TOLD || !broken.is_empty() {
            self.broken.extend(broken.into_iter().map(|words| (seed, words)));
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (seed, words) in self.broken.iter().take(TOLD) {
            writeln!(f, "seed {seed}: {words}")?;
        }
        let mut seeds: Vec<_> = self.broken.iter().map(|(seed, _)| seed).collect();
        seeds.dedup();
        writeln!(
            f,
            "{} worlds, {} of them broken: {} messages, {} acks ({} of repeats), {} requests, \
             {} pushes lost in silence",
            self.worlds,
            seeds.len(),
            self.messages,
            self.acks,
            self.repeats,
            self.requests,
            self.lost,
        )?;
        write!(f, "faults:")?;
        for ((fault, _), fired) in Fault::ALL.iter().zip(self.fired) {
            write!(f, " {fault:?} {fired}")?;
        }
        Ok(())
    }
}
