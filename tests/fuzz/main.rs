//! Whatever strangers send: text that a fuzzer makes up, read by everything that reads.
//!
//! Every target is a test, which replays the corpus beside it (`__fuzz__/…/corpus`) and goes on with
//! random input: any, or nearly right. The corpus is what libFuzzer kept because it reached new code.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod events;
mod frames;
mod http;
mod mutation;
mod names;
#[path = "../support/schema.rs"]
mod schema;
mod world;

use std::time::Duration;

/// How long a target runs unless `BOLERO_RANDOM_TEST_TIME_MS` says so.
const TIME: Duration = Duration::from_secs(3);
