//! The server that is measured, as a process of its own: started here, or somebody else's.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::target::Target;

/// Where a server keeps what it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Storage {
    /// In memory.
    Memory,
    /// In a file, in a temporary folder.
    File,
}

/// A server, and what it takes of the machine.
pub(crate) struct Server {
    pub(crate) target: Target,
    process: Option<Child>,
    program: PathBuf,
    folder: Option<TempDir>,
}

/// What a process has taken so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken {
    /// Processor time.
    pub(crate) processor: Duration,
    /// Resident memory, in bytes.
    pub(crate) memory: u64,
}

impl Server {
    /// One that runs elsewhere.
    pub(crate) fn elsewhere(target: Target) -> Self {
        Self { target, process: None, program: PathBuf::new(), folder: None }
    }

    /// Starts Confab's local server: `program` as `cargo build --release -p local` makes it.
    pub(crate) async fn confab(program: &Path, storage: Storage) -> anyhow::Result<Self> {
        let folder = match storage {
            Storage::Memory => None,
            Storage::File => Some(tempfile::tempdir()?),
        };
        let (process, target) = start(program, folder.as_ref()).await?;
        Ok(Self { target, process: Some(process), program: program.to_owned(), folder })
    }

    /// Starts the yardstick: this very program.
    pub(crate) async fn yardstick() -> anyhow::Result<Self> {
        let program = std::env::current_exe()?;
        let mut process = Command::new(&program)
            .arg("--yardstick")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = process.stdout.take().context("no output")?;
        let port = BufReader::new(stdout).lines().next_line().await?.context("it says no port")?;
        let target = Target::Broadcast { websocket: format!("ws://127.0.0.1:{port}") };
        Ok(Self { target, process: Some(process), program, folder: None })
    }

    /// Stops it and starts it again with what it has kept; how long that took until it answers.
    pub(crate) async fn restart(&mut self) -> anyhow::Result<Duration> {
        let mut process = self.process.take().context("it does not run here")?;
        process.kill().await?;
        let began = std::time::Instant::now();
        let (process, target) = start(&self.program, self.folder.as_ref()).await?;
        (self.process, self.target) = (Some(process), target);
        Ok(began.elapsed())
    }

    /// What the process has taken, where Linux tells; nothing of a server elsewhere.
    pub(crate) fn taken(&self) -> Taken {
        self.process.as_ref().and_then(Child::id).and_then(taken).unwrap_or_default()
    }
}

async fn start(program: &Path, folder: Option<&TempDir>) -> anyhow::Result<(Child, Target)> {
    let mut command = Command::new(program);
    // Nothing that is measured is to be refused.
    for limit in ["rate-limit", "notices-per-minute", "max-connections-per-user"] {
        command.arg(format!("--{limit}")).arg("0");
    }
    for limit in ["max-members-per-room", "max-rooms-per-user"] {
        command.arg(format!("--{limit}")).arg("100000");
    }
    command.args(["--port", "0", "--dynamodb-port", "0"]);
    match folder {
        None => command.arg("--memory"),
        Some(folder) => command.arg("--data").arg(folder.path()),
    };
    command.env("RUST_LOG", "error").stdout(Stdio::piped()).kill_on_drop(true);
    let shown = program.display();
    let mut process = command.spawn().with_context(|| {
        format!("cannot start {shown}; `cargo build --release -p local` makes it")
    })?;
    let stdout = process.stdout.take().context("no output")?;
    let mut lines = BufReader::new(stdout).lines();
    let (mut websocket, mut http) = (None, None);
    while let Some(line) = lines.next_line().await? {
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["WebSocket", url, ..] => {
                websocket = Some(url.split('?').next().unwrap_or_default().to_owned());
            }
            ["HTTP", url, ..] => http = Some(url.to_owned()),
            _ if line.contains("Ctrl-C") => break,
            _ => {}
        }
    }
    // Whatever it says later is not to stop it.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    let websocket = websocket.context("the server does not say its WebSocket URL")?;
    let http = http.context("the server does not say its HTTP URL")?;
    Ok((process, Target::Confab { websocket, http }))
}

/// From `/proc`, whose times are in hundredths of a second.
fn taken(process: u32) -> Option<Taken> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in brackets may have spaces.
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    let pages: u64 = fields.get(21)?.parse().ok()?;
    Some(Taken { processor: Duration::from_millis(ticks * 10), memory: pages * 4096 })
}
