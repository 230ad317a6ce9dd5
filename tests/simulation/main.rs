//! The promises, tried under faults: thousands of small worlds, each decided by one seed.
//!
//! A world has a few people, the real handlers behind the SDK's real clients, the embedded DynamoDB,
//! and some virtual seconds in which things go wrong, followed by some in which nothing does. Then
//! [`check`] goes over everything that happened. The same seed makes the same world:
//! `cargo test --workspace --test simulation -- --seed 7` shows one in full.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "this is what it is run for")]

mod broken;
mod budget;
mod check;
mod conforming;
mod crowd;
mod expiry;
mod gateway;
mod leaver;
mod naive;
mod outcome;
mod outsider;
mod people;
mod record;
mod sabotage;
mod settings;
mod statistics;
mod stream;
mod timing;
mod wire;
mod world;

use std::process::ExitCode;

use clap::Parser;

/// A world allocates most of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use crate::broken::Broken;
use crate::sabotage::Sabotage;
use crate::settings::FaultInjection;
use crate::statistics::Statistics;

/// Tries the promises under faults.
#[derive(Debug, Parser)]
struct Options {
    /// How many worlds
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// The seed of the first; 0, or with --sabotage the first that noticed a mechanism missing before
    #[arg(long)]
    from: Option<u64>,
    /// Show everything that happens in one world
    #[arg(long)]
    seed: Option<u64>,
    /// Worlds in which nothing goes wrong
    #[arg(long)]
    calm: bool,
    /// Break every mechanism of the protocol in turn, and see that it is noticed within so many seeds
    #[arg(long, value_name = "SEEDS")]
    sabotage: Option<u64>,
    /// Only this mechanism
    #[arg(long, value_enum)]
    only: Option<Broken>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let faults = if options.calm { FaultInjection::Off } else { FaultInjection::On };
    if std::env::var("RUST_LOG").is_ok() {
        tracing_subscriber::fmt::init();
    }
    if let Some(seed) = options.seed {
        return show(seed, faults, options.only);
    }
    if let Some(seeds) = options.sabotage {
        return sabotage(seeds, options.from, options.only);
    }
    let started = std::time::Instant::now();
    let from = options.from.unwrap_or_default();
    let statistics = statistics::count(from..from + options.seeds, faults, None, false);
    println!("{statistics}\nin {:.1} s", started.elapsed().as_secs_f64());
    is_decided_by(from, faults, None);
    if statistics.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One world, event by event, lived twice to see that the seed decides everything.
fn show(seed: u64, faults: FaultInjection, broken: Option<Broken>) -> ExitCode {
    let outcome = world::run(seed, faults, Sabotage::of(broken));
    println!("{}", outcome.story().join("\n"));
    println!("{:?}\n{:?}", outcome.plan, outcome.record.requests());
    is_decided_by(seed, faults, broken);
    let broken = check::broken(&outcome);
    println!("{broken:#?}");
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Lives the world of `seed` twice: everything that happens is decided by the seed.
fn is_decided_by(seed: u64, faults: FaultInjection, broken: Option<Broken>) {
    let [one, other] = [(), ()].map(|()| world::run(seed, faults, Sabotage::of(broken)).story());
    for (one, other) in one.iter().zip(&other) {
        assert_eq!(one, other, "the same seed made another world");
    }
    assert_eq!(one.len(), other.len(), "the same seed made another world");
}

/// Breaks the mechanisms one after the other.
fn sabotage(seeds: u64, from: Option<u64>, only: Option<Broken>) -> ExitCode {
    let is_known = |broken| Broken::ALL.iter().any(|(known, _)| *known == broken);
    if let Some(unknown) = only.filter(|only| !is_known(*only)) {
        println!("{unknown:?}: no world is known that notices it");
        return ExitCode::FAILURE;
    }
    let mut unnoticed = 0;
    for (broken, noticed) in Broken::ALL {
        if only.is_some_and(|only| only != broken) {
            continue;
        }
        // What a request too many costs is held where nothing goes wrong.
        let calm = broken == Broken::ReadTwice;
        let faults = if calm { FaultInjection::Off } else { FaultInjection::On };
        let from = from.unwrap_or(noticed);
        let statistics: Statistics =
            statistics::count(from..from + seeds, faults, Some(broken), true);
        match statistics.first() {
            Some((seed, words)) => {
                println!(
                    "{broken:?}: noticed after {} worlds, in {seed}: {words}",
                    statistics.sabotaged()
                )
            }
            None => {
                unnoticed += 1;
                let sabotaged = statistics.sabotaged();
                println!("{broken:?}: NOT NOTICED in {seeds} worlds, missing in {sabotaged}");
            }
        }
    }
    if unnoticed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
