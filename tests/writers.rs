//! What many writers in one conversation cost where each is a process of its own, as on AWS: there they
//! race for every number.
//!
//! Whoever puts has seen the end of the log a round trip ago, and loses if somebody else's message was
//! stored since. That happens to one try in every `rate × round trip`, so that a message takes
//! `1 / (1 - rate × round trip)` puts. Time stands still but for the table's distance, so that the same is
//! measured on every machine.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use dynoxide::Database;
use futures::future::join_all;
use local::http_layer::wrap;
use local::in_process::InProcess;
use shared::aws::Aws;
use shared::domain::{ConversationId, Timestamp, UserId};
use shared::services::messages::append::append;
use shared::services::messages::send::{Draft, new_message};
use shared::{App, Clock};
use tokio::time::{Instant, sleep};

use crate::support::interruption::config;

/// The conversation; whom it is of does not matter here.
const ROOM: &str = "room:0192b4e0-7c00-7000-8000-000000000000";
/// A table so far away, on average, as is usual on AWS; timers count whole milliseconds.
const NEAR: Duration = Duration::from_millis(5);
/// One that is nearer.
const NEARER: Duration = Duration::from_millis(3);
/// How long the way to the table takes at most; the way back takes the rest of the round trip, and both
/// up to a millisecond more or less.
const AT_MOST_THERE: Duration = Duration::from_millis(3);

/// What is asked of the table, and how often.
#[derive(Default)]
struct Counts {
    reads: AtomicUsize,
    puts: AtomicUsize,
}

/// Who writes.
#[derive(Clone, Copy)]
enum Load {
    /// So many messages a second from as many people, at random.
    Rate(u32),
    /// So many people, each of whom says the next as soon as the last is stored.
    Writers(usize),
}

/// What came of it.
struct Figures {
    load: Load,
    stored: usize,
    lasted: Duration,
    reads: usize,
    puts: usize,
    /// How long each append took, shortest first.
    took: Vec<Duration>,
}

/// A table so far away, and processes that reach it.
struct World {
    app: App,
    counts: Arc<Counts>,
    // Lives as long as requests are answered.
    _services: InProcess,
}

impl World {
    async fn new(round_trip: Duration) -> Self {
        let services = InProcess::default();
        services.serve_dynamodb(Database::memory().unwrap());
        let counts: Arc<Counts> = Arc::default();
        let counted = Arc::clone(&counts);
        let transport = wrap(services.transport(), move |below, request| {
            let counts = Arc::clone(&counted);
            HttpConnectorFuture::new(async move {
                match request.headers().get("x-amz-target").unwrap_or_default() {
                    target if target.ends_with(".Query") => &counts.reads,
                    _ => &counts.puts,
                }
                .fetch_add(1, Ordering::Relaxed);
                // No two take the same time, or whoever wins once would win for ever.
                let [there, back] = [1..=3, 0..=2].map(fastrand::u64).map(Duration::from_millis);
                sleep(there).await;
                let answer = below.call(request).await;
                sleep(back + round_trip - AT_MOST_THERE).await;
                answer
            })
        });
        let aws = Aws::local("http://dynamodb").with_transport(transport).in_process();
        let begin = Instant::now();
        let clock = Clock::new(move || {
            let millis = i64::try_from(begin.elapsed().as_millis()).unwrap();
            Timestamp::from_millis(1_750_000_000_000 + millis)
        });
        let config = config(&[("AUTH_MODE", "open"), ("RATE_LIMIT", "0")]);
        let app = App::new(config, &aws, clock).unwrap();
        assert!(app.writer_queue.is_none(), "each has a process of its own");
        app.store.create_table().await.unwrap();
        let world = Self { app, counts, _services: services };
        // The first message of a log is a transaction.
        world.append("first").await;
        world
    }

    /// Stores a message; how long that took.
    async fn append(&self, user: &str) -> Duration {
        let began = Instant::now();
        let conversation = ConversationId::parse(ROOM).unwrap();
        let user = UserId::parse(user).unwrap();
        let new = new_message(&self.app, &user, Draft::text("hi", None)).await.unwrap();
        append(&self.app, &conversation, &new, || async { Ok(None) }).await.unwrap();
        began.elapsed()
    }

    /// So many messages under a load.
    async fn stores(&self, messages: usize, load: Load) -> Figures {
        fastrand::seed(7);
        let before = self.taken();
        let began = Instant::now();
        let mut took = match load {
            Load::Rate(rate) => self.at_a_rate(messages, rate).await,
            Load::Writers(writers) => self.one_after_the_other(messages, writers).await,
        };
        took.sort_unstable();
        let (lasted, after) = (began.elapsed(), self.taken());
        let (reads, puts) = (after.0 - before.0, after.1 - before.1);
        Figures { load, stored: took.len(), lasted, reads, puts, took }
    }

    async fn at_a_rate(&self, messages: usize, rate: u32) -> Vec<Duration> {
        let mut due = 0.0;
        let appends = (0..messages).map(|number| {
            due -= (1.0 - fastrand::f64()).ln() / f64::from(rate);
            let due = Duration::from_secs_f64(due);
            async move {
                sleep(due).await;
                self.append(&format!("p{number}")).await
            }
        });
        join_all(appends).await
    }

    async fn one_after_the_other(&self, messages: usize, writers: usize) -> Vec<Duration> {
        let begun = AtomicUsize::new(0);
        let writing = (0..writers).map(|number| {
            let begun = &begun;
            async move {
                let mut took = Vec::new();
                while begun.fetch_add(1, Ordering::Relaxed) < messages {
                    took.push(self.append(&format!("p{number}")).await);
                }
                took
            }
        });
        join_all(writing).await.concat()
    }

    fn taken(&self) -> (usize, usize) {
        let Counts { reads, puts } = &*self.counts;
        (reads.load(Ordering::Relaxed), puts.load(Ordering::Relaxed))
    }
}

impl Figures {
    fn puts_each(&self) -> f64 {
        self.puts as f64 / self.stored as f64
    }

    fn percentile(&self, percent: usize) -> u128 {
        self.took[(self.took.len() * percent / 100).min(self.took.len() - 1)].as_millis()
    }
}

impl fmt::Display for Figures {
    /// A row of the table in `bench/README.md`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.load {
            Load::Rate(rate) => write!(f, "| {rate} messages a second")?,
            Load::Writers(writers) => write!(f, "| {writers} writers without a pause")?,
        }
        let (rate, puts) = (self.stored as f64 / self.lasted.as_secs_f64(), self.puts_each());
        let reads = self.reads as f64 / self.stored as f64;
        let (p50, p99) = (self.percentile(50), self.percentile(99));
        write!(f, " | {rate:.0} | {puts:.2} | {reads:.2} | {p50}, {p99} |")
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_takes_a_put_and_a_half_where_one_comes_every_three_round_trips() {
    for (round_trip, rate, most) in [(NEAR, 60, 1.5), (NEARER, 100, 1.5), (NEAR, 100, 2.1)] {
        let world = World::new(round_trip).await;
        let figures = world.stores(400, Load::Rate(rate)).await;
        assert!(figures.puts_each() <= most, "{figures}");
    }
}

#[tokio::test(start_paused = true)]
async fn somebody_who_writes_alone_pays_one_put_and_one_read() {
    let world = World::new(NEAR).await;
    let figures = world.stores(20, Load::Writers(1)).await;
    assert_eq!((figures.puts, figures.reads), (20, 20));
    assert!(figures.lasted.as_millis().abs_diff(200) < 40, "{figures}");
}

#[tokio::test(start_paused = true)]
async fn in_a_crowd_nobody_is_left_behind() {
    // With `CONFAB_TEST_WRITERS=2000` so many messages a row are measured, and the rows are shown.
    let shown = std::env::var("CONFAB_TEST_WRITERS").ok().map(|it| it.parse::<usize>().unwrap());
    let rates = [10, 50, 60, 100, 150, 200].map(Load::Rate);
    let writers = [1, 2, 5, 10, 20, 50, 100].map(Load::Writers);
    let loads = shown.map_or(vec![Load::Writers(20)], |_| [&rates[..], &writers].concat());
    for load in loads {
        let world = World::new(NEAR).await;
        let figures = world.stores(shown.unwrap_or(200), load).await;
        if shown.is_some() {
            eprintln!("{figures}");
        }
        assert!(figures.percentile(100) < 5_000, "somebody waits too long: {figures}");
    }
}
