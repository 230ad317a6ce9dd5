//! The server as people start it: a program of its own.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::binary;

/// The real program, killed without warning when it is dropped.
pub(crate) struct Program {
    process: Child,
    websocket_url: String,
}

impl Program {
    /// The program on a folder.
    pub(crate) async fn on(folder: &Path) -> Self {
        Self::start(&[OsStr::new("--data"), folder.as_os_str()]).await
    }

    /// The program with these arguments, on free ports.
    pub(crate) async fn start(arguments: &[&OsStr]) -> Self {
        let mut command = Command::new(binary("local"));
        command.args(["--port", "0", "--dynamodb-port", "0"]).args(arguments);
        command.env_clear().stdout(Stdio::piped()).stdin(Stdio::null()).kill_on_drop(true);
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut websocket_url = None;
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some(url) = line.trim().strip_prefix("WebSocket") {
                websocket_url = url.trim().split('?').next().map(str::to_owned);
            }
            if line.starts_with("Ctrl-C") {
                break;
            }
        }
        Self { process, websocket_url: websocket_url.expect("a URL is printed") }
    }

    pub(crate) fn websocket_url(&self) -> &str {
        &self.websocket_url
    }

    /// Kills it, as `kill -9` does.
    pub(crate) async fn killed(mut self) {
        self.process.kill().await.unwrap();
    }
}
