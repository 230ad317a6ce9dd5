//! A server in a nasty cloud, and a client that follows the protocol.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use futures::{SinkExt, StreamExt};
use local::faults::{Fault, Scenario};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::{Chat, binary};

/// What two people say to each other.
const CONVERSATION: &str = "dm:alice:bob";
/// How many messages each of them has to say.
const MESSAGES: usize = 10;
/// How long an answer may take at first before the client asks again.
const PATIENCE: Duration = Duration::from_millis(800);
/// How much longer it waits for the next answer each time it has lost a connection: on a busy machine
/// answers take longer, and nobody gets any by asking more often.
const MORE_PATIENCE: Duration = Duration::from_millis(200);

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

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Says its messages one after the other, each with one id until it is acknowledged; shows what is
/// said in order and without a gap; opens another connection when one ends or is silent.
struct Client {
    url: String,
    outbox: Vec<(String, String)>,
    sent: Option<Instant>,
    shown: Option<u64>,
    beyond: BTreeMap<u64, Value>,
    log: Vec<(u64, String)>,
    synced: Instant,
    patience: Duration,
}

impl Client {
    fn new(chat: &Chat, user: &str) -> Self {
        let message = |number| (uuid::Uuid::now_v7().to_string(), format!("{user} {number}"));
        Self {
            url: format!("{}?user_id={user}", chat.websocket_url()),
            outbox: (0..MESSAGES).map(message).collect(),
            sent: None,
            shown: None,
            beyond: BTreeMap::new(),
            log: Vec::new(),
            synced: Instant::now(),
            patience: PATIENCE,
        }
    }

    /// How long nothing may come before the client opens another connection.
    fn silence(&self) -> Duration {
        self.patience * 2
    }

    /// Chats until everything that both have to say is shown; what that is.
    async fn chats(mut self, to: &str) -> Vec<(u64, String)> {
        while !self.is_done() {
            // One that is refused may be let in by the next.
            let connecting = tokio::time::timeout(self.silence(), connect_async(&self.url)).await;
            if let Ok(Ok((socket, _))) = connecting {
                self.talks(socket, to).await;
            }
            self.patience += MORE_PATIENCE;
        }
        self.log
    }

    fn is_done(&self) -> bool {
        self.outbox.is_empty() && self.log.len() >= 2 * MESSAGES
    }

    /// Uses a connection until it ends, counts as lost, or everything is done.
    async fn talks(&mut self, mut socket: Socket, to: &str) {
        self.sent = None;
        let mut heard = Instant::now();
        let mut due = self.sync(&mut socket).await;
        while due.is_ok() && !self.is_done() && heard.elapsed() < self.silence() {
            match tokio::time::timeout(self.patience / 8, socket.next()).await {
                Ok(Some(Ok(Message::Text(frame)))) => {
                    heard = Instant::now();
                    self.takes(&serde_json::from_str(&frame).unwrap_or_default());
                }
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) | Err(_) => {}
                Ok(_) => return,
            }
            due = self.does_what_is_due(&mut socket, to).await;
        }
    }

    async fn does_what_is_due(&mut self, socket: &mut Socket, to: &str) -> Result<(), ()> {
        if self.sent.is_none_or(|sent| sent.elapsed() > self.patience)
            && let Some((id, content)) = self.outbox.first()
        {
            self.sent = Some(Instant::now());
            let frame = json!({ "action": "message", "to": to, "content": content, "id": id });
            socket.send(Message::text(frame.to_string())).await.map_err(drop)?;
        }
        // The answer is also what tells that the connection is not silent.
        if self.synced.elapsed() > self.patience { self.sync(socket).await } else { Ok(()) }
    }

    async fn sync(&mut self, socket: &mut Socket) -> Result<(), ()> {
        self.synced = Instant::now();
        let since = json!({ CONVERSATION: self.shown.unwrap_or(0) });
        let frame = json!({ "action": "sync", "since": since });
        socket.send(Message::text(frame.to_string())).await.map_err(drop)
    }

    fn takes(&mut self, frame: &Value) {
        match frame["type"].as_str() {
            Some("message") => self.accepts(frame),
            Some("history") => frame["messages"].as_array().unwrap().iter().for_each(|message| {
                self.accepts(message);
            }),
            Some("synced") => {
                let upto = frame["conversations"][CONVERSATION]["upto"].as_u64();
                if self.shown.is_none() && upto.is_some_and(|upto| upto > 0) {
                    // All of it was asked for: the first that came is where it starts.
                    self.shown = self.beyond.keys().next().map(|first| first - 1);
                }
            }
            Some("ack")
                if self.outbox.first().is_some_and(|(id, _)| frame["id"] == id.as_str()) =>
            {
                self.outbox.remove(0);
                self.sent = None;
            }
            _ => {}
        }
        while let Some(next) = self.shown.map(|shown| shown + 1)
            && let Some(message) = self.beyond.remove(&next)
        {
            self.shown = Some(next);
            self.log.push((next, message["content"].as_str().unwrap().to_owned()));
        }
    }

    fn accepts(&mut self, message: &Value) {
        let seq = message["seq"].as_u64().unwrap();
        if message["conversation"] == CONVERSATION && self.shown.is_none_or(|shown| seq > shown) {
            self.beyond.insert(seq, message.clone());
        }
    }
}

#[tokio::test]
async fn a_client_that_follows_the_protocol_loses_nothing_and_shows_nothing_twice() {
    let scenario = Scenario::parse(SCENARIO).unwrap();
    let chat = Chat::start_with(|options| options.faults = Some(scenario)).await;
    let (alice, bob) = (Client::new(&chat, "alice"), Client::new(&chat, "bob"));
    let both = async { tokio::join!(alice.chats("bob"), bob.chats("alice")) };
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
        let mut dice = fastrand::Rng::with_seed(*seed);
        dice.u32(..10_000);
        (1_000..1_500).contains(&dice.u64(..60_001))
    };
    let seed = (0..).find(is_short).unwrap();
    let scenario = json!({ "seed": seed, "latency_ms": 0, "chances": { "silence": 10000 } });
    let scenario = Scenario::parse(&scenario.to_string()).unwrap();
    let chat = Chat::start_with(|options| options.faults = Some(scenario)).await;
    let url = format!("{}?user_id=alice", chat.websocket_url());
    let (mut socket, _) = connect_async(url).await.unwrap();
    while chat.faults().fired()[Fault::Silence as usize] == 0 {
        chat.get("/health", &[]).await;
    }
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

/// Starts the program in a nasty cloud; stops it when it has begun.
async fn program(faults: &Path) -> Output {
    let mut command = Command::new(binary("local"));
    command.args(["--port", "0", "--dynamodb-port", "0", "--memory", "--faults"]).arg(faults);
    command.env_clear().stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut process = command.spawn().unwrap();
    let mut stdout = BufReader::new(process.stdout.take().unwrap());
    let mut told = String::new();
    while !told.contains("Ctrl-C") && stdout.read_line(&mut told).await.unwrap() > 0 {}
    if let Some(url) = told.split_whitespace().find(|word| word.starts_with("ws://")) {
        drop(connect_async(url).await);
    }
    if let Some(id) = process.id() {
        Command::new("kill").args(["-INT", &id.to_string()]).output().await.unwrap();
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
