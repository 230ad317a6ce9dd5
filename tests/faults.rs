//! A server with faults injected, and the client that people run.

use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use client::connection::{Command, Connection, Event as Happened, Failure, Server};
use client::{Client, Event, NewMessage, Target};
use fastrand::Rng;
use futures::{SinkExt, StreamExt};
use local::faults::{Fault, Scenario};
use protocol::Received;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command as Process;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::support::{Chat, binary, in_time};

/// What two people say to each other.
const CONVERSATION: &str = "dm:alice:bob";
/// How many messages each of them has to say.
const MESSAGES: usize = 10;
/// How often a client looks at its clocks.
const TICK: Duration = Duration::from_millis(50);

/// Much goes wrong, but little that takes long.
const SCENARIO: &str = r#"{
    "seed": 7,
    "latency_ms": 5,
    "chances": {
        "table_failed_after": 100, "answer_lost": 100, "partial_batch": 2000, "stale_read": 3000,
        "push_throttled": 500, "push_failed": 500, "push_failed_after": 500,
        "cut": 800, "silence": 300, "died": 1000, "clock_skew": 3000,
        "late_disconnect": 2000, "no_disconnect": 3000, "stream_twice": 3000
    }
}"#;

/// A server that believes whoever connects; who is refused may be let in by the next try.
#[derive(Clone)]
struct Open(String);

impl Server for Open {
    async fn handshake(&self) -> Result<Request, Failure> {
        self.0.as_str().into_client_request().map_err(|error| Failure::ForGood(error.to_string()))
    }

    async fn failure(&self, error: &Error) -> Failure {
        Failure::MayPass(error.to_string())
    }
}

/// Chats until everything that both have to say is shown; what that is.
async fn chats(url: String, user: &str, other: &str) -> Vec<(u64, String)> {
    let mut client = Client::new(user, MESSAGES, Rng::new());
    client.follow(CONVERSATION);
    for number in 0..MESSAGES {
        let (id, content) = (uuid::Uuid::now_v7().to_string(), format!("{user} {number}"));
        let target = Target::Person(other.to_owned());
        client.send(CONVERSATION, &target, NewMessage::text(id, content));
    }
    let mut connection = Connection::open(Open(format!("{url}?user_id={user}")));
    let mut log = Vec::new();
    let mut tick = tokio::time::interval(TICK);
    while client.unsent() > 0 || log.len() < 2 * MESSAGES {
        tokio::select! {
            happened = connection.events.recv() => match happened.expect("it goes on") {
                Happened::Up => client.begin(Instant::now()),
                Happened::Frame(text) => {
                    // Where there is no answer an empty text may come instead.
                    if let Some(received) = Received::read(&text) {
                        client.receive(received, Instant::now());
                    }
                }
                Happened::Down(_) => client.end(),
                other @ (Happened::Refused(_) | Happened::Closed) => panic!("{other:?}"),
            },
            _ = tick.tick() => {}
        }
        if !client.keep(Instant::now()) {
            client.end();
            connection.commands.send(Command::Replace).unwrap();
        }
        for frame in client.frames() {
            connection.commands.send(Command::Send(frame.encode())).unwrap();
        }
        while let Some(event) = client.event() {
            match event {
                Event::Message(message) => {
                    log.push((message.seq, message.body.content().unwrap().to_owned()));
                }
                Event::NotSent { reason, .. } => panic!("{reason}"),
                _ => {}
            }
        }
    }
    log
}

#[tokio::test]
async fn a_client_that_follows_the_protocol_loses_nothing_and_shows_nothing_twice() {
    let scenario = Scenario::parse(SCENARIO).unwrap();
    let chat = Chat::start_with(|options| options.faults = Some(scenario)).await;
    let url = || chat.websocket_url();
    let both = async { tokio::join!(chats(url(), "alice", "bob"), chats(url(), "bob", "alice")) };
    let both = tokio::time::timeout(Duration::from_secs(240), both).await;
    let (of_alice, of_bob) = both.expect("in time");
    assert_eq!(of_alice, of_bob);
    for user in ["alice", "bob"] {
        let said: Vec<_> = of_alice.iter().filter(|(_, said)| said.starts_with(user)).collect();
        let said: Vec<_> = said.into_iter().map(|(_, said)| said.clone()).collect();
        let expected: Vec<_> = (0..MESSAGES).map(|number| format!("{user} {number}")).collect();
        assert_eq!(said, expected);
    }
    chat.stop().await;
}

#[tokio::test]
async fn a_silent_connection_answers_nothing_until_the_cloud_ends_it() {
    // The first two throws: whether the first push begins a silence, and how long it is.
    let is_short = |seed: &u64| {
        let mut dice = Rng::with_seed(*seed);
        dice.u32(..10_000);
        (1_000..1_500).contains(&dice.u64(..60_001))
    };
    let seed = (0..).find(is_short).unwrap();
    let scenario = json!({ "seed": seed, "latency_ms": 0, "chances": { "silence": 10000 } });
    let scenario = Scenario::parse(&scenario.to_string()).unwrap();
    let chat = Chat::start_with(|options| options.faults = Some(scenario)).await;
    let url = format!("{}?user_id=alice", chat.websocket_url());
    let (mut socket, _) = connect_async(url).await.unwrap();
    in_time(async {
        while chat.faults().fired()[Fault::Silence as usize] == 0 {
            chat.get("/health", &[]).await;
        }
    })
    .await;
    // One more way there and back: what the fault set off has been done by then.
    chat.get("/health", &[]).await;
    // A busy machine may take longer to say this than the silence lasts.
    for message in [Message::Ping("anybody?".into()), Message::text(r#"{"action":"ping"}"#)] {
        drop(socket.send(message).await);
    }
    let first = tokio::time::timeout(Duration::from_secs(65), socket.next()).await.unwrap();
    assert!(matches!(first, Some(Ok(Message::Close(Some(_))))), "{first:?}");
    chat.stop().await;
}

/// Starts the program with faults injected; stops it when it has begun.
async fn program(faults: &Path) -> Output {
    let mut command = Process::new(binary("local"));
    command.args(["--port", "0", "--dynamodb-port", "0", "--memory", "--faults"]).arg(faults);
    command.env_clear().stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut process = command.spawn().unwrap();
    let mut stdout = BufReader::new(process.stdout.take().unwrap());
    let mut told = String::new();
    in_time(async {
        while !told.contains("Ctrl-C") && stdout.read_line(&mut told).await.unwrap() > 0 {}
    })
    .await;
    if let Some(url) = told.split_whitespace().find(|word| word.starts_with("ws://")) {
        drop(connect_async(url).await);
    }
    if let Some(id) = process.id() {
        Process::new("kill").args(["-INT", &id.to_string()]).output().await.unwrap();
    }
    stdout.read_to_string(&mut told).await.unwrap();
    let output = process.wait_with_output().await.unwrap();
    Output { stdout: told.into(), ..output }
}

async fn program_on(scenario: &str) -> Output {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(scenario.as_bytes()).unwrap();
    program(file.path()).await
}

#[tokio::test]
async fn the_program_tells_which_faults_are_on_and_how_often_they_fired() {
    let output = program_on(r#"{"latency_ms":1,"chances":{"clock_skew":10000,"cut":25}}"#).await;
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    let (banner, counts) = told.split_once("What went wrong:").expect("counts");
    assert!(banner.contains("FAULTS ARE ON: seed 0, up to 1 ms each way"), "{told}");
    assert!(banner.contains("cut                  0.25 %"), "{told}");
    assert!(counts.contains("clock_skew"), "{told}");
}

#[tokio::test]
async fn mistakes_in_a_scenario_are_told_before_anything_starts() {
    let unknown = program_on(r#"{"chances":{"cutt":1}}"#).await;
    let too_often = program_on(r#"{"chances":{"cut":10001}}"#).await;
    let nowhere = program(Path::new("nowhere.json")).await;
    for (output, expected) in [
        (unknown, "there is no fault \"cutt\"; there are slow, throttled"),
        (too_often, "cut has 10001 chances, but 10000 is always"),
        (nowhere, "neither a number nor a file that can be read"),
    ] {
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{told}");
        assert!(told.contains("--faults") && told.contains(expected), "{told}");
    }
}

#[test]
fn every_fault_has_its_line_in_the_readme() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../local/README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (_, section) = readme.split_once("| fault | what goes wrong |").unwrap();
    let (section, _) = section.split_once("\n\n").unwrap();
    let rows = section.lines().skip(2).map(|row| row.split('`').nth(1).unwrap().to_owned());
    let faults = Fault::ALL.iter().map(|(fault, _)| fault.to_string());
    assert_eq!(rows.collect::<Vec<_>>(), faults.collect::<Vec<_>>());
}
