//! The `chat` program, with a pipe to and from it.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, timeout_at};

use crate::support::{binary, gist};

/// How long everything that one client does may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client that runs; it is killed when it is dropped.
pub(super) struct Client {
    process: Child,
    input: Option<ChildStdin>,
    output: Option<Lines<BufReader<ChildStdout>>>,
    errors: Lines<BufReader<ChildStderr>>,
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
        Self::run(command.envs(variables.iter().copied()))
    }

    /// Starts a client in a terminal that cannot move its cursor.
    #[cfg(target_os = "linux")]
    pub(super) fn start_in_a_terminal(url: &str, arguments: &str) -> Self {
        let mut command = Command::new("script");
        let chat = format!("'{}' --url '{url}' {arguments}", binary("chat").display());
        command.args(["-qec", &chat, "/dev/null"]).env_clear();
        Self::run(command.env("TERM", "dumb"))
    }

    fn run(command: &mut Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.kill_on_drop(true).spawn().unwrap();
        let input = process.stdin.take();
        let output = Some(BufReader::new(process.stdout.take().unwrap()).lines());
        let errors = BufReader::new(process.stderr.take().unwrap()).lines();
        let deadline = Instant::now() + PATIENCE;
        Self { process, input, output, errors, said: Vec::new(), deadline }
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

    /// Closes its output.
    pub(super) fn is_read_no_more(&mut self) {
        self.output = None;
    }

    /// Asks it to stop, as other programs do.
    pub(super) async fn is_terminated(&self) {
        let id = self.process.id().expect("it runs").to_string();
        let mut kill = Command::new("sh");
        assert!(kill.args(["-c", "kill -TERM $0", &id]).status().await.unwrap().success());
    }

    /// The next line that it prints.
    pub(super) async fn prints(&mut self) -> String {
        let output = self.output.as_mut().expect("its output is open");
        let line = timeout_at(self.deadline, output.next_line()).await;
        line.expect("something is printed in time").unwrap().expect("it goes on")
    }

    /// The next line that it prints where errors go.
    pub(super) async fn complains(&mut self) -> String {
        let line = timeout_at(self.deadline, self.errors.next_line()).await;
        line.expect("something is told in time").unwrap().expect("it goes on")
    }

    /// The next frame that it prints.
    pub(super) async fn shows(&mut self) -> Value {
        let frame: Value = serde_json::from_str(&self.prints().await).unwrap();
        if frame["type"] == "message" {
            let content = gist(&frame);
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
        self.stops().await
    }

    /// How it ended by itself.
    pub(super) async fn stops(mut self) -> End {
        let mut output = String::new();
        let mut errors = String::new();
        let reading = async {
            while let Some(lines) = &mut self.output
                && let Some(line) = lines.next_line().await.unwrap()
            {
                output += &line;
                output.push('\n');
            }
            while let Some(line) = self.errors.next_line().await.unwrap() {
                errors += &line;
                errors.push('\n');
            }
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

/// Waits until it prints a line with this in it; the line.
#[cfg(target_os = "linux")]
pub(super) async fn prints(client: &mut Client, text: &str) -> String {
    loop {
        let line = client.prints().await;
        if line.contains(text) {
            return line;
        }
    }
}

/// Types a line, again if what was typed before is not acknowledged yet, and waits for what comes of it.
#[cfg(target_os = "linux")]
pub(super) async fn does(client: &mut Client, typed: &str, text: &str) {
    client.says(typed).await;
    loop {
        let line = client.prints().await;
        if line.contains(text) {
            return;
        }
        if line.contains("is not kept yet") {
            client.says(typed).await;
        }
    }
}
