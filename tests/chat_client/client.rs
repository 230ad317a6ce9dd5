//! The `chat` program, with a pipe to and from it.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, timeout_at};

use crate::support::binary;

/// How long everything that one client does may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client that runs; it is killed when it is dropped.
pub(super) struct Client {
    process: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    /// The messages that it has shown as JSON: their numbers and contents.
    pub(super) said: Vec<(u64, String)>,
    deadline: Instant,
}

/// How a client ended.
#[derive(Debug)]
pub(super) struct End {
    pub(super) code: Option<i32>,
    pub(super) output: String,
    pub(super) errors: String,
}

impl Client {
    /// Starts a client of this server, with `arguments` that blanks separate.
    pub(super) fn start(url: &str, arguments: &str) -> Self {
        Self::start_with(url, arguments, &[])
    }

    /// The same, with these variables in its environment.
    pub(super) fn start_with(url: &str, arguments: &str, variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(binary("chat"));
        command.args(["--url", url]).args(arguments.split(' ')).env_clear();
        command.envs(variables.iter().copied()).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().unwrap()).lines();
        let deadline = Instant::now() + PATIENCE;
        Self { process, input, output, said: Vec::new(), deadline }
    }

    /// Writes a line into its pipe.
    pub(super) async fn says(&mut self, line: &str) {
        let input = self.input.as_mut().expect("its input is open");
        input.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    /// Closes its input.
    pub(super) fn says_no_more(&mut self) {
        self.input = None;
    }

    /// The next line that it prints.
    pub(super) async fn prints(&mut self) -> String {
        let line = timeout_at(self.deadline, self.output.next_line()).await;
        line.expect("something is printed in time").unwrap().expect("it goes on")
    }

    /// The next frame that it prints.
    pub(super) async fn shows(&mut self) -> Value {
        let frame: Value = serde_json::from_str(&self.prints().await).unwrap();
        if frame["type"] == "message" {
            let content = frame["content"].as_str().unwrap().to_owned();
            self.said.push((frame["seq"].as_u64().unwrap(), content));
        }
        frame
    }

    /// The next frame of this type that it prints.
    pub(super) async fn shows_a(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.shows().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// Waits until it has shown a message with this content.
    pub(super) async fn hears(&mut self, content: &str) {
        while !self.said.iter().any(|(_, said)| said == content) {
            self.shows().await;
        }
    }

    /// Closes its input; how it ended.
    pub(super) async fn ends(mut self) -> End {
        self.says_no_more();
        let mut output = String::new();
        let mut errors = String::new();
        let mut stderr = self.process.stderr.take().unwrap();
        let reading = async {
            while let Some(line) = self.output.next_line().await.unwrap() {
                output += &line;
                output.push('\n');
            }
            stderr.read_to_string(&mut errors).await.unwrap();
            self.process.wait().await.unwrap().code()
        };
        let code = timeout_at(self.deadline, reading).await.expect("it ends in time");
        End { code, output, errors }
    }

    /// Closes its input, after which it is to end well and quietly.
    pub(super) async fn ends_well(self) {
        let end = self.ends().await;
        assert!(end.code == Some(0) && end.errors.is_empty(), "{end:?}");
    }
}

impl End {
    /// It failed, told why, and printed no data.
    #[track_caller]
    pub(super) fn told(&self, why: &str) {
        let is_told = self.errors.starts_with("chat: ") && self.errors.contains(why);
        assert!(self.code == Some(1) && self.output.is_empty() && is_told, "{why}: {self:?}");
    }
}

/// What a client does that is given these lines.
pub(super) async fn pipe(url: &str, arguments: &str, lines: &[&str]) -> End {
    let mut client = Client::start(url, arguments);
    for line in lines {
        client.says(line).await;
    }
    client.ends().await
}
