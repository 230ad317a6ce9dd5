//! What is measured, kind by kind.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use futures::future::try_join_all;
use futures::stream::{self, StreamExt, TryStreamExt};
use hdrhistogram::Histogram;
use reqwest::Client;
use serde_json::json;

use crate::heard::record;
use crate::load::{Outcome, Person, Talk, talk};
use crate::payload;
use crate::report::{Latency, Row};
use crate::server::{Server, Taken};
use crate::target::{Destination, Incoming, Target};

/// How long each kind of talk is warmed up.
const WARM_UP: Duration = Duration::from_secs(1);
/// How many people connect at once.
const CONNECTING: usize = 20;
/// How many messages one person sends before it waits for an ack, when a log is filled.
const FILLERS: usize = 16;

/// What all kinds have in common.
pub(crate) struct Bench {
    /// How long each kind is measured.
    pub(crate) lasting: Duration,
    /// How long a message is.
    pub(crate) bytes: usize,
    /// The number of the run, so that nobody and nothing of another is met.
    run: u32,
}

impl Bench {
    pub(crate) fn new(lasting: Duration, bytes: usize) -> Self {
        Self { lasting, bytes, run: 0 }
    }

    fn next_run(&mut self) -> u32 {
        self.run += 1;
        self.run
    }

    /// Direct messages of so many pairs.
    pub(crate) async fn direct(
        &mut self,
        server: &Server,
        pairs: usize,
        rate: Option<f64>,
    ) -> anyhow::Result<Row> {
        let run = self.next_run();
        let mut people = connect(&server.target, run, 2 * pairs).await?;
        for pair in 0..pairs {
            let other = Destination::User(name(run, pairs + pair));
            people[pair].sends_to = Some(other);
            people[pairs + pair].hears.push(u32::try_from(pair)?);
        }
        self.talk(server, people, rate, &format!("dm {pairs}")).await
    }

    /// A room of so many, some of whom send.
    pub(crate) async fn room(
        &mut self,
        server: &Server,
        (connections, senders): (usize, usize),
        rate: Option<f64>,
    ) -> anyhow::Result<Row> {
        let run = self.next_run();
        let to = match &server.target {
            Target::Confab { http, .. } => {
                Destination::Room(make_room(http, run, connections).await?)
            }
            Target::Broadcast { .. } | Target::SocketIo { .. } => Destination::Everybody,
        };
        self.shared(server, (connections, senders), &to, rate, "room", run).await
    }

    /// Everybody, some of whom broadcast.
    pub(crate) async fn lobby(
        &mut self,
        server: &Server,
        people: (usize, usize),
        rate: Option<f64>,
    ) -> anyhow::Result<Row> {
        let run = self.next_run();
        self.shared(server, people, &Destination::Everybody, rate, "lobby", run).await
    }

    async fn shared(
        &mut self,
        server: &Server,
        (connections, senders): (usize, usize),
        to: &Destination,
        rate: Option<f64>,
        kind: &str,
        run: u32,
    ) -> anyhow::Result<Row> {
        let mut people = connect(&server.target, run, connections).await?;
        for (number, person) in people.iter_mut().enumerate() {
            person.sends_to = (number < senders).then(|| to.clone());
            person.hears = (0..u32::try_from(senders)?).collect();
        }
        self.talk(server, people, rate, &format!("{kind} {connections}×{senders}")).await
    }

    async fn talk(
        &mut self,
        server: &Server,
        people: Vec<Person>,
        rate: Option<f64>,
        kind: &str,
    ) -> anyhow::Result<Row> {
        let warm_up = Talk { lasting: WARM_UP, rate, bytes: self.bytes, run: self.next_run() };
        let (people, _) = talk(&server.target, people, warm_up).await?;
        let measured = Talk { lasting: self.lasting, run: self.next_run(), ..warm_up };
        let before = server.taken();
        let (_people, outcome) = talk(&server.target, people, measured).await?;
        let mode = rate.map_or("closed loop".to_owned(), |rate| format!("{rate} sent/s"));
        Ok(row(server, kind, mode, &outcome, before))
    }

    /// People come and go as fast as they can, so many at a time.
    pub(crate) async fn connects(
        &mut self,
        server: &Server,
        at_once: usize,
    ) -> anyhow::Result<Row> {
        let run = self.next_run();
        let (before, began) = (server.taken(), Instant::now());
        let lasting = self.lasting;
        let coming = (0..at_once).map(|one| {
            let target = server.target.clone();
            async move {
                let mut latency = histogram();
                for time in 0.. {
                    if began.elapsed() > lasting {
                        break;
                    }
                    let asked = Instant::now();
                    let person = Person::connect(&target, &format!("c{run}-{one}-{time}")).await?;
                    record(&mut latency, asked.elapsed());
                    drop(person);
                }
                anyhow::Ok(latency)
            }
        });
        let mut all = histogram();
        for latency in try_join_all(coming).await? {
            all.add(&latency)?;
        }
        Ok(timed(
            server,
            &format!("connect {at_once}"),
            "connects",
            (&all, began.elapsed()),
            before,
        ))
    }

    /// So many connections that say nothing: how much memory each takes.
    pub(crate) async fn idle(
        &mut self,
        server: &Server,
        connections: usize,
    ) -> anyhow::Result<Row> {
        let run = self.next_run();
        let (before, began) = (server.taken(), Instant::now());
        let people = connect(&server.target, run, connections).await?;
        let elapsed = began.elapsed();
        // What connecting took for a moment is given back.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let memory = server.taken().memory.saturating_sub(before.memory);
        let mut row = timed(
            server,
            &format!("idle {connections}"),
            "connects",
            (&histogram(), elapsed),
            before,
        );
        row.per_second = people.len() as f64 / elapsed.as_secs_f64();
        row.note = format!("({:.1} KB each)", memory as f64 / 1024.0 / connections as f64);
        Ok(row)
    }

    /// Pages of 50 of a conversation of so many messages.
    pub(crate) async fn history(
        &mut self,
        server: &Server,
        messages: u64,
        at_once: usize,
    ) -> anyhow::Result<Row> {
        let Target::Confab { http, .. } = &server.target else {
            bail!("only Confab keeps a history")
        };
        let run = self.next_run();
        self.fill(server, messages, run).await?;
        let client = Client::new();
        let url = format!("{http}/messages?user1={}&user2={}&limit=50", name(run, 0), name(run, 1));
        let (before, began) = (server.taken(), Instant::now());
        let lasting = self.lasting;
        let reading = (0..at_once).map(|_| async {
            let mut latency = histogram();
            while began.elapsed() < lasting {
                let asked = Instant::now();
                let page = client.get(&url).send().await?.error_for_status()?.bytes().await?;
                anyhow::ensure!(page.len() > 50, "an empty page");
                record(&mut latency, asked.elapsed());
            }
            anyhow::Ok(latency)
        });
        let mut all = histogram();
        for latency in try_join_all(reading).await? {
            all.add(&latency)?;
        }
        let kind = format!("history of {messages}, {at_once} at once");
        Ok(timed(server, &kind, "pages", (&all, began.elapsed()), before))
    }

    /// Somebody connects for whom so many messages of one conversation wait.
    pub(crate) async fn backlog(&mut self, server: &Server, messages: u64) -> anyhow::Result<Row> {
        let run = self.next_run();
        self.fill(server, messages, run).await?;
        let (before, began) = (server.taken(), Instant::now());
        let (_mouth, mut reader) = server.target.connect(&name(run, 1)).await?;
        let (mut heard, mut latency) = (0, histogram());
        while heard < messages {
            match reader.receive().await?.context("the connection ended")? {
                Incoming::Message(_) => {
                    heard += 1;
                    record(&mut latency, began.elapsed());
                }
                Incoming::Ack | Incoming::Failure(_) | Incoming::Other(_) => {}
            }
        }
        let kind = format!("backlog of {messages}");
        Ok(timed(server, &kind, "messages", (&latency, began.elapsed()), before))
    }

    /// Stores so many messages from the first person of a run to the second, who is away.
    pub(crate) async fn fill(
        &mut self,
        server: &Server,
        messages: u64,
        run: u32,
    ) -> anyhow::Result<()> {
        let Target::Confab { .. } = &server.target else { bail!("only Confab keeps messages") };
        let (writer, mut reader) = server.target.connect(&name(run, 0)).await?;
        let to = Destination::User(name(run, 1));
        let (mut sent, mut answered) = (0, 0);
        while answered < messages {
            while sent < messages && sent - answered < FILLERS as u64 {
                let due = payload::now();
                let payload = payload::Payload { run, sender: 0, number: sent, due };
                writer.send(&to, &payload.text(self.bytes)).await?;
                sent += 1;
            }
            match reader.receive().await?.context("the connection ended")? {
                Incoming::Ack => answered += 1,
                Incoming::Failure(reason) => bail!("{reason}"),
                Incoming::Message(_) | Incoming::Other(_) => {}
            }
        }
        Ok(())
    }

    /// Stores so many messages of nobody who is met again, in as many conversations as connections.
    pub(crate) async fn grow(&mut self, server: &Server, messages: u64) -> anyhow::Result<()> {
        let conversations = 10;
        let runs: Vec<_> = (0..conversations).map(|_| self.next_run()).collect();
        for run in runs {
            self.fill(server, messages / conversations, run).await?;
        }
        Ok(())
    }
}

/// The name of a person of a run.
fn name(run: u32, number: usize) -> String {
    format!("p{run}-{number}")
}

async fn connect(target: &Target, run: u32, people: usize) -> anyhow::Result<Vec<Person>> {
    let names: Vec<_> = (0..people).map(|number| name(run, number)).collect();
    let connecting = names.iter().map(|name| Person::connect(target, name));
    stream::iter(connecting).buffered(CONNECTING).try_collect().await
}

/// A room of the first people of a run; its id.
async fn make_room(http: &str, run: u32, members: usize) -> anyhow::Result<String> {
    let client = Client::new();
    let body = json!({ "name": format!("room {run}"), "user_id": name(run, 0) });
    let made = client.post(format!("{http}/api/rooms")).json(&body).send().await?;
    let room: protocol::RoomView = made.error_for_status()?.json().await?;
    let joining = (1..members).map(|number| {
        let (client, room) = (client.clone(), room.id.clone());
        async move {
            let body = json!({ "user_id": name(run, number) });
            let url = format!("{http}/api/rooms/{room}/join");
            client.post(url).json(&body).send().await?.error_for_status()?;
            anyhow::Ok(())
        }
    });
    // One after the other: all of them change the room's count.
    for join in joining {
        join.await?;
    }
    Ok(room.id)
}

fn row(server: &Server, kind: &str, mode: String, outcome: &Outcome, before: Taken) -> Row {
    let Outcome { sent, heard, lost, failures: (failures, failure), elapsed } = outcome;
    let after = server.taken();
    let note =
        failure.as_ref().map_or_else(String::new, |failure| format!("(first failure: {failure})"));
    Row {
        kind: format!("{kind}, {:.0} sent/s", *sent as f64 / elapsed.as_secs_f64()),
        mode,
        unit: "deliveries",
        per_second: heard.count as f64 / elapsed.as_secs_f64(),
        latency_ms: Latency::of(&heard.latency),
        ack_ms: Latency::of(&heard.acks),
        frames_each: Some(heard.frames as f64 / heard.count as f64),
        lost: *lost,
        duplicates: heard.duplicates,
        out_of_order: heard.out_of_order,
        failures: *failures,
        note,
        ..taken(before, after, heard.count)
    }
}

fn timed(
    server: &Server,
    kind: &str,
    unit: &'static str,
    (latency, elapsed): (&Histogram<u64>, Duration),
    before: Taken,
) -> Row {
    let count = latency.len();
    Row {
        kind: kind.to_owned(),
        unit,
        per_second: count as f64 / elapsed.as_secs_f64(),
        latency_ms: Latency::of(latency),
        ..taken(before, server.taken(), count)
    }
}

/// What the server took between two moments, for each of so many.
fn taken(before: Taken, after: Taken, count: u64) -> Row {
    let processor = after.processor.saturating_sub(before.processor).as_secs_f64() * 1e6;
    let known = after.memory > 0;
    Row {
        processor_us: (known && count > 0).then(|| processor / count as f64),
        memory_mb: known.then(|| after.memory as f64 / 1024.0 / 1024.0),
        ..Row::default()
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 600_000_000, 3).expect("bounds that are valid")
}
