//! People who say things at a rate, or as fast as they are answered, and everybody who hears them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::{join_all, try_join_all};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep, sleep_until};

use crate::heard::Heard;
use crate::payload::{self, Payload};
use crate::target::{Destination, Incoming, Reader, Target, Writer};

/// How long nothing may come before what is missing counts as lost.
const SILENCE: Duration = Duration::from_secs(5);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Somebody with a connection.
pub(crate) struct Person {
    writer: Writer,
    reader: Reader,
    /// Whom they say something to, if they are a sender.
    pub(crate) sends_to: Option<Destination>,
    /// Which senders they are to hear.
    pub(crate) hears: Vec<u32>,
}

/// How people talk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Talk {
    /// For how long.
    pub(crate) lasting: Duration,
    /// How many messages a second all senders together send; `None` for as many as are answered, each
    /// after the answer to the one before.
    pub(crate) rate: Option<f64>,
    /// How long each message is.
    pub(crate) bytes: usize,
    /// Which run it is.
    pub(crate) run: u32,
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) sent: u64,
    pub(crate) heard: Heard,
    pub(crate) lost: u64,
    /// How often the server failed or refused, and what it said first.
    pub(crate) failures: (u64, Option<String>),
    /// From the first message to the last that was heard.
    pub(crate) elapsed: Duration,
}

/// What senders and listeners share.
struct Shared {
    /// Which sender may go on.
    turns: Vec<Semaphore>,
    /// When the messages of each sender were due that are not answered yet.
    unanswered: Vec<Mutex<VecDeque<Duration>>>,
    heard: AtomicU64,
    failures: AtomicU64,
}

impl Shared {
    /// Of so many senders.
    fn of(senders: usize) -> Self {
        Self {
            turns: (0..senders).map(|_| Semaphore::new(1)).collect(),
            unanswered: (0..senders).map(|_| Mutex::default()).collect(),
            heard: AtomicU64::default(),
            failures: AtomicU64::default(),
        }
    }

    fn unanswered(&self, sender: usize) -> MutexGuard<'_, VecDeque<Duration>> {
        self.unanswered[sender].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all_answered(&self) -> bool {
        (0..self.turns.len()).all(|sender| self.unanswered(sender).is_empty())
    }

    /// Waits until so much was heard and everything is answered, or nothing comes any more.
    async fn has_heard(&self, expected: u64) {
        let mut before = (0, Instant::now());
        loop {
            let heard = self.heard.load(Ordering::Relaxed);
            if heard > before.0 {
                before = (heard, Instant::now());
            }
            if (heard >= expected && self.all_answered()) || before.1.elapsed() > SILENCE {
                return;
            }
            sleep(LOOK).await;
        }
    }
}

impl Person {
    /// Connects somebody.
    pub(crate) async fn connect(target: &Target, user: &str) -> anyhow::Result<Self> {
        let (writer, reader) = target.connect(user).await?;
        Ok(Self { writer, reader, sends_to: None, hears: Vec::new() })
    }
}

/// Lets people talk; they are given back. Senders are numbered in the order of `people`.
pub(crate) async fn talk(
    target: &Target,
    people: Vec<Person>,
    talk: Talk,
) -> anyhow::Result<(Vec<Person>, Outcome)> {
    let writers: Vec<_> = people
        .iter()
        .filter_map(|person| Some((person.writer.clone(), person.sends_to.clone()?)))
        .collect();
    let hears: Vec<_> = people.iter().map(|person| person.hears.clone()).collect();
    let shared = Arc::new(Shared::of(writers.len()));
    let (stop, stopped) = watch::channel(false);
    let mut number = 0;
    let listening = people.into_iter().map(|person| {
        let sender = person.sends_to.is_some().then(|| {
            number += 1;
            number - 1
        });
        let listener = Listener {
            sender,
            acknowledges: target.acknowledges(),
            shared: Arc::clone(&shared),
            run: talk.run,
        };
        tokio::spawn(listener.listens(person, stopped.clone()))
    });
    let listening: Vec<_> = listening.collect();

    let began = payload::now();
    let start = Instant::now();
    let speaking = writers.into_iter().enumerate().map(|(sender, (writer, to))| {
        let shared = Arc::clone(&shared);
        tokio::spawn(speaks(sender, writer, to, talk, start, shared))
    });
    let speaking: Vec<_> = speaking.collect();
    let mut sent = Vec::new();
    for speaker in join_all(speaking).await {
        sent.push(speaker??);
    }
    let to_hear = |of: &[u32]| -> u64 { of.iter().map(|sender| sent[*sender as usize]).sum() };
    let expected: u64 = hears.iter().map(|of| to_hear(of)).sum();
    shared.has_heard(expected).await;
    stop.send_replace(true);

    let (mut people, mut all) = (Vec::new(), Heard::new(talk.run));
    let (mut lost, mut first, mut last) = (0, None, began);
    for (person, heard, failure) in try_join_all(listening).await? {
        lost += to_hear(&person.hears).saturating_sub(heard.count);
        last = last.max(heard.last);
        all.add(&heard);
        first = first.or(failure);
        people.push(person);
    }
    let outcome = Outcome {
        sent: sent.iter().sum(),
        heard: all,
        lost,
        failures: (shared.failures.load(Ordering::Relaxed), first),
        elapsed: last.saturating_sub(began),
    };
    Ok((people, outcome))
}

/// Says things until it is time to stop; how many.
async fn speaks(
    sender: usize,
    writer: Writer,
    to: Destination,
    talk: Talk,
    start: Instant,
    shared: Arc<Shared>,
) -> anyhow::Result<u64> {
    let senders = f64::from(u32::try_from(shared.turns.len())?);
    let every = talk.rate.map(|rate| Duration::from_secs_f64(senders / rate));
    // Not all at the same moment.
    let part = f64::from(u32::try_from(sender)?) / senders;
    let first = every.map_or(Duration::ZERO, |every| every.mul_f64(part));
    for number in 0.. {
        let due = match every {
            Some(every) => {
                let due = start + first + every * u32::try_from(number)?;
                if due.duration_since(start) >= talk.lasting {
                    return Ok(number);
                }
                sleep_until(due).await;
                // What is late because the server is counts as late: it was due then.
                payload::now().saturating_sub(due.elapsed())
            }
            None => {
                shared.turns[sender].acquire().await?.forget();
                if start.elapsed() >= talk.lasting {
                    return Ok(number);
                }
                payload::now()
            }
        };
        let payload = Payload { run: talk.run, sender: u32::try_from(sender)?, number, due };
        shared.unanswered(sender).push_back(due);
        writer.send(&to, &payload.text(talk.bytes)).await?;
    }
    Ok(0)
}

/// What somebody does who listens.
struct Listener {
    /// Their number among the senders, if they are one.
    sender: Option<usize>,
    /// Whether the server acknowledges what is said.
    acknowledges: bool,
    shared: Arc<Shared>,
    run: u32,
}

impl Listener {
    /// Listens until it is time to stop; what was heard, and how the server failed first.
    async fn listens(
        self,
        mut person: Person,
        mut stopped: watch::Receiver<bool>,
    ) -> (Person, Heard, Option<String>) {
        let (mut heard, mut failure) = (Heard::new(self.run), None);
        let before = person.reader.frames;
        loop {
            let incoming = tokio::select! {
                incoming = person.reader.receive() => incoming,
                _ = stopped.wait_for(|stopped| *stopped) => break,
            };
            match incoming {
                Ok(Some(Incoming::Message(text))) => {
                    let Some(from) = heard.note(&text) else { continue };
                    self.shared.heard.fetch_add(1, Ordering::Relaxed);
                    let own = self.sender.is_some_and(|own| own == from as usize);
                    if self.acknowledges || !own {
                        continue;
                    }
                }
                Ok(Some(Incoming::Ack)) => {}
                Ok(Some(Incoming::Failure(reason))) => {
                    self.is_answered();
                    self.shared.failures.fetch_add(1, Ordering::Relaxed);
                    failure.get_or_insert(reason);
                    continue;
                }
                Ok(Some(Incoming::Other(_))) => continue,
                ended => {
                    let error = ended.err().map(|error| error.to_string());
                    failure.get_or_insert(error.unwrap_or_else(|| "the connection ended".into()));
                    break;
                }
            }
            if let Some(due) = self.is_answered() {
                heard.note_ack(due);
            }
        }
        heard.frames = person.reader.frames - before;
        (person, heard, failure)
    }

    /// Lets the sender go on; when the message was due that is answered now: what one connection says is
    /// answered in its order.
    fn is_answered(&self) -> Option<Duration> {
        let sender = self.sender?;
        self.shared.turns[sender].add_permits(1);
        self.shared.unanswered(sender).pop_front()
    }
}
