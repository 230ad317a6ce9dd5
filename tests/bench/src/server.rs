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
    /// Where its DynamoDB answers, if it was started here.
    pub(crate) dynamodb: String,
    /// Where its management API does.
    pub(crate) management: String,
    process: Option<Child>,
    program: PathBuf,
    options: Vec<String>,
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
        let (dynamodb, management, program, options) = Default::default();
        Self { target, dynamodb, management, process: None, program, options, folder: None }
    }

    /// Starts Confab's local server with these options: `program` as `cargo build --profile server -p
    /// local` makes it.
    pub(crate) async fn confab(
        program: &Path,
        options: &[String],
        storage: Storage,
    ) -> anyhow::Result<Self> {
        let folder = match storage {
            Storage::Memory => None,
            Storage::File => Some(tempfile::tempdir()?),
        };
        let (process, target, dynamodb) = start(program, options, folder.as_ref()).await?;
        let management = match &target {
            Target::Confab { websocket, .. } => websocket.replacen("ws", "http", 1),
            _ => String::new(),
        };
        let (process, program, options) = (Some(process), program.to_owned(), options.to_owned());
        Ok(Self { target, dynamodb, management, process, program, options, folder })
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
        Ok(Self { process: Some(process), program, ..Self::elsewhere(target) })
    }

    /// Stops it and starts it again with what it has kept; how long that took until it answers.
    pub(crate) async fn restart(&mut self) -> anyhow::Result<Duration> {
        let mut process = self.process.take().context("it does not run here")?;
        process.kill().await?;
        let began = std::time::Instant::now();
        let (process, target, dynamodb) =
            start(&self.program, &self.options, self.folder.as_ref()).await?;
        (self.process, self.target, self.dynamodb) = (Some(process), target, dynamodb);
        Ok(began.elapsed())
    }

    /// What the process has taken, where Linux tells; nothing of a server elsewhere.
    pub(crate) fn taken(&self) -> Taken {
        let Some(process) = self.process.as_ref().and_then(Child::id) else {
            return Taken::default();
        };
        Taken {
            processor: processor_time(process).unwrap_or_default(),
            memory: memory(process).unwrap_or_default(),
        }
    }
}

async fn start(
    program: &Path,
    options: &[String],
    folder: Option<&TempDir>,
) -> anyhow::Result<(Child, Target, String)> {
    let mut command = Command::new(program);
    // Nothing that is measured is to be refused.
    for limit in
        ["rate-limit", "notices-per-minute", "max-connections-per-user", "backlog-messages"]
    {
        command.arg(format!("--{limit}")).arg("0");
    }
    for limit in ["max-members-per-room", "max-rooms-per-user"] {
        command.arg(format!("--{limit}")).arg("100000");
    }
    command.args(["--port", "0", "--dynamodb-port", "0"]).args(options);
    match folder {
        None => command.arg("--memory"),
        Some(folder) => command.arg("--data").arg(folder.path()),
    };
    command.env("RUST_LOG", "error").stdout(Stdio::piped()).kill_on_drop(true);
    let shown = program.display();
    let mut process = command.spawn().with_context(|| {
        format!("cannot start {shown}; `cargo build --profile server -p local` makes it")
    })?;
    let stdout = process.stdout.take().context("no output")?;
    let mut lines = BufReader::new(stdout).lines();
    let (mut websocket, mut http, mut dynamodb) = (None, None, None);
    while let Some(line) = lines.next_line().await? {
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["WebSocket", url, ..] => {
                websocket = Some(url.split('?').next().unwrap_or_default().to_owned());
            }
            ["HTTP", url, ..] => http = Some(url.to_owned()),
            ["DynamoDB", url, ..] => dynamodb = Some(url.to_owned()),
            _ if line.contains("Ctrl-C") => break,
            _ => {}
        }
    }
    // Whatever it says later is not to stop it.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    let websocket = websocket.context("the server does not say its WebSocket URL")?;
    let http = http.context("the server does not say its HTTP URL")?;
    let dynamodb = dynamodb.context("the server does not say where DynamoDB is")?;
    Ok((process, Target::Confab { websocket, http }, dynamodb))
}

/// The processor time of a process, in all its threads.
pub(crate) fn processor_time(process: u32) -> Option<Duration> {
    let mut time = Duration::ZERO;
    for thread in std::fs::read_dir(format!("/proc/{process}/task")).ok()? {
        let schedule = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        time += Duration::from_nanos(schedule.split_whitespace().next()?.parse().ok()?);
    }
    Some(time)
}

/// The resident memory of a process, in bytes.
pub(crate) fn memory(process: u32) -> Option<u64> {
    let pages = std::fs::read_to_string(format!("/proc/{process}/statm")).ok()?;
    Some(pages.split_whitespace().nth(1)?.parse::<u64>().ok()? * 4096)
}
