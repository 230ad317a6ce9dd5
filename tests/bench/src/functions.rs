//! The functions as they are deployed: how large each is, how soon it is ready, and what it takes to
//! send a direct message to somebody who is away. Each runs against Lambda's Runtime API
//! (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>) and a local server's DynamoDB.

use std::collections::VecDeque;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde::Serialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::server::{Server, memory, processor_time};

/// How many invocations are measured.
const INVOCATIONS: usize = 500;
/// How many are counted instruction by instruction, after as many that are not.
const COUNTED: usize = 20;
/// How long a function may take for all of them.
const PATIENCE: Duration = Duration::from_secs(300);

/// What is known of one function.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    name: String,
    /// The binary packed as `sam build` packs it, in kilobytes.
    packed_kb: f64,
    /// From its start until it first asks for an event.
    first_poll_ms: f64,
    /// Its memory at that moment.
    memory_mb: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    invocations: Option<Invocations>,
}

/// What the invocations of one function took.
#[derive(Debug, Serialize)]
struct Invocations {
    first_ms: f64,
    first_processor_ms: f64,
    /// The median of the later ones.
    later_ms: f64,
    /// Of all later ones together, for each.
    later_processor_ms: f64,
    memory_mb: f64,
    /// For each of the later ones, by Valgrind; nothing if there is none on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<u64>,
}

/// Measures every function whose binary is in `folder`.
pub(crate) async fn measure(folder: &Path, server: &Server) -> anyhow::Result<Vec<Figures>> {
    let mut names = Vec::new();
    for function in std::fs::read_dir("functions").context("run this where functions/ is")? {
        let function = function?;
        if function.file_type()?.is_dir() {
            names.push(function.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    let mut figures = Vec::new();
    for name in names {
        eprintln!("{name} …");
        let program = folder.join(&name);
        let events = if name == "message" { INVOCATIONS } else { 0 };
        let run = Run::of(&program, server, events, false).await?;
        let invocations = match name.as_str() {
            "message" => Some(run.invocations(instructions(&program, server).await?)?),
            _ => None,
        };
        figures.push(Figures {
            packed_kb: packed(&program)? as f64 / 1_000.0,
            first_poll_ms: millis(run.first_poll),
            memory_mb: run.memory_at_first as f64 / 1e6,
            name,
            invocations,
        });
    }
    Ok(figures)
}

/// How many instructions a direct message takes; fails unless they are `expected`, give or take five of
/// a hundred.
pub(crate) async fn check(folder: &Path, server: &Server, expected: u64) -> anyhow::Result<u64> {
    let counted = instructions(&folder.join("message"), server).await?.context("no Valgrind")?;
    let range = expected / 100 * 95..=expected / 100 * 105;
    ensure!(
        range.contains(&counted),
        "a direct message takes {counted} instructions, not {expected}"
    );
    Ok(counted)
}

/// The figures, as Markdown.
pub(crate) fn table(figures: &[Figures]) -> String {
    let mut text =
        "| function | zipped (MB) | first poll (ms) | memory (MB) |\n|---|---|---|---|\n"
            .to_owned();
    for Figures { name, packed_kb, first_poll_ms, memory_mb, .. } in figures {
        let packed = packed_kb / 1_000.0;
        text += &format!("| {name} | {packed:.2} | {first_poll_ms:.1} | {memory_mb:.1} |\n");
    }
    for Figures { name, invocations, .. } in figures {
        let Some(it) = invocations else { continue };
        text += &format!(
            "\n{name}, a direct message to somebody who is away: the first takes {:.1} ms ({:.1} ms of processor), a later one {:.2} ms ({:.2} ms of processor{}); {:.1} MB afterwards\n",
            it.first_ms,
            it.first_processor_ms,
            it.later_ms,
            it.later_processor_ms,
            it.instructions.map_or_else(String::new, |count| format!(", {count} instructions")),
            it.memory_mb,
        );
    }
    text
}

/// One function, from its start to its last answer.
struct Run {
    first_poll: Duration,
    memory_at_first: u64,
    memory: u64,
    /// How long each invocation took, and how much of the processor.
    took: Vec<(Duration, Duration)>,
    /// What it said at its end.
    said: String,
}

impl Run {
    async fn of(
        program: &Path,
        server: &Server,
        events: usize,
        count: bool,
    ) -> anyhow::Result<Self> {
        let events = (0..events).map(|number| direct_message(number).to_string());
        let runtime = Runtime::new(events.collect());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        tokio::spawn(axum::serve(listener, runtime.routes()).into_future());
        let (mut process, began) = start(program, server, &address, count)?;
        let id = process.id().context("it has ended")?;
        runtime.begins(id);
        let mut done = runtime.done.subscribe();
        let ended = tokio::select! {
            ended = tokio::time::timeout(PATIENCE, done.wait_for(|done| *done)) => ended.is_ok(),
            _ = process.wait() => false,
        };
        let memory = memory(id).unwrap_or_default();
        // Whatever counts says so when it is asked to end.
        Command::new("kill").arg(id.to_string()).status().await?;
        let said = process.wait_with_output().await?;
        let said = String::from_utf8_lossy(&said.stderr).into_owned();
        if !ended {
            bail!("{} does not answer: {said}", program.display());
        }
        let log = runtime.log();
        ensure!(log.failures.is_empty(), "{}: {:?}", program.display(), log.failures.first());
        let (first, memory_at_first) = log.first_poll.context("it never asked for an event")?;
        Ok(Self {
            first_poll: first - began,
            memory_at_first,
            memory,
            took: log.took.clone(),
            said,
        })
    }

    fn invocations(&self, instructions: Option<u64>) -> anyhow::Result<Invocations> {
        let (first, later) = self.took.split_first().context("nothing was invoked")?;
        let mut walls: Vec<_> = later.iter().map(|(wall, _)| *wall).collect();
        walls.sort();
        let processor: Duration = later.iter().map(|(_, processor)| *processor).sum();
        Ok(Invocations {
            first_ms: millis(first.0),
            first_processor_ms: millis(first.1),
            later_ms: millis(walls[walls.len() / 2]),
            later_processor_ms: millis(processor) / later.len() as f64,
            memory_mb: self.memory as f64 / 1e6,
            instructions,
        })
    }
}

/// How many instructions a later invocation takes; nothing without Valgrind.
async fn instructions(program: &Path, server: &Server) -> anyhow::Result<Option<u64>> {
    if Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().await.is_err() {
        return Ok(None);
    }
    // From here on the conversation has begun, and its end is as long as one that is read.
    Run::of(program, server, COUNTED, false).await?;
    let some = counted(&Run::of(program, server, COUNTED, true).await?)?;
    let more = counted(&Run::of(program, server, 2 * COUNTED, true).await?)?;
    Ok(Some(more.saturating_sub(some) / COUNTED as u64))
}

/// What Callgrind has counted in all.
fn counted(run: &Run) -> anyhow::Result<u64> {
    let line = run.said.lines().find_map(|line| line.split_once("Collected : "));
    let (_, count) = line.with_context(|| format!("no count: {}", run.said))?;
    Ok(count.trim().parse()?)
}

/// Starts a function with the environment that the template gives it in open mode, counted or not.
fn start(
    program: &Path,
    server: &Server,
    runtime: &str,
    count: bool,
) -> anyhow::Result<(Child, Instant)> {
    let program = program.canonicalize().with_context(|| format!("no {}", program.display()))?;
    let mut command = Command::new(if count { PathBuf::from("valgrind") } else { program.clone() });
    if count {
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(&program);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("RUST_LOG", "error");
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &server.dynamodb),
        ("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", &server.management),
        ("AWS_LAMBDA_RUNTIME_API", runtime),
        ("AWS_LAMBDA_FUNCTION_NAME", "confab"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "confab"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "1"),
        ("AUTH_MODE", "open"),
        ("TABLE_NAME", "confab"),
        ("RETENTION_DAYS", "0"),
        ("MAX_CONTENT_BYTES", "4096"),
        ("RATE_LIMIT", "0"),
        ("MAX_ROOMS_PER_USER", "200"),
        ("MAX_MEMBERS_PER_ROOM", "1000"),
        ("PRESENCE_ROOM_SIZE", "50"),
    ] {
        command.env(name, value);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let began = Instant::now();
    Ok((command.spawn()?, began))
}

/// What API Gateway invokes `message` with, when somebody writes to somebody who is away.
fn direct_message(number: usize) -> serde_json::Value {
    let body = json!({ "action": "message", "to": "away", "content": format!("Hello {number}") });
    json!({
        "requestContext": {
            "routeKey": "$default",
            "eventType": "MESSAGE",
            "messageDirection": "IN",
            "requestTimeEpoch": 0,
            "connectedAt": 0,
            "connectionId": "c0nnection=",
            "identity": { "sourceIp": "127.0.0.1" },
            "domainName": "localhost",
            "stage": "ws",
            "apiId": "local",
            "authorizer": { "user": "here", "mode": "open" },
        },
        "body": body.to_string(),
        "isBase64Encoded": false,
    })
}

/// Lambda's side of the Runtime API, which has some events.
#[derive(Clone)]
struct Runtime {
    log: Arc<Mutex<Log>>,
    done: watch::Sender<bool>,
}

/// What has happened so far.
#[derive(Default)]
struct Log {
    events: VecDeque<String>,
    process: Option<u32>,
    first_poll: Option<(Instant, u64)>,
    /// When the present invocation began, and what the process had taken.
    began: Option<(Instant, Duration)>,
    took: Vec<(Duration, Duration)>,
    failures: Vec<String>,
}

impl Runtime {
    fn new(events: VecDeque<String>) -> Self {
        let log = Arc::new(Mutex::new(Log { events, ..Log::default() }));
        Self { log, done: watch::Sender::new(false) }
    }

    fn routes(&self) -> Router {
        Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answer))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failure))
            .with_state(self.clone())
    }

    fn begins(&self, process: u32) {
        self.log().process = Some(process);
    }

    fn log(&self) -> std::sync::MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next event, if there is one.
    fn event(&self) -> Option<String> {
        let mut log = self.log();
        let now = Instant::now();
        let taken = log.process.and_then(processor_time).unwrap_or_default();
        if log.first_poll.is_none() {
            let memory = log.process.and_then(memory).unwrap_or_default();
            log.first_poll = Some((now, memory));
        }
        if let Some((began, before)) = log.began.take() {
            log.took.push((now - began, taken.saturating_sub(before)));
        }
        let event = log.events.pop_front()?;
        log.began = Some((Instant::now(), taken));
        Some(event)
    }
}

async fn next(State(runtime): State<Runtime>) -> Response {
    let Some(event) = runtime.event() else {
        runtime.done.send_replace(true);
        return std::future::pending().await;
    };
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        ("lambda-runtime-deadline-ms", "99999999999999"),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:0:function:confab"),
    ];
    (headers, event).into_response()
}

async fn answer(State(runtime): State<Runtime>, body: String) -> StatusCode {
    if !body.contains(r#"\"type\":\"ack\""#) {
        runtime.log().failures.push(body);
    }
    StatusCode::ACCEPTED
}

async fn failure(State(runtime): State<Runtime>, body: String) -> StatusCode {
    runtime.log().failures.push(body);
    StatusCode::ACCEPTED
}

/// How large a file is when it is packed, in bytes.
fn packed(file: &Path) -> anyhow::Result<usize> {
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::default());
    packed.write_all(&std::fs::read(file)?)?;
    Ok(packed.finish()?.len())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
