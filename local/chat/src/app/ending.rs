//! How a client ends, and whether that is well.

use std::time::{Duration, Instant};

use anyhow::bail;
use client::connection;

use super::event_loop::{App, Mode};
use crate::input::Input;

/// How long the connection may take to close.
const FAREWELL: Duration = Duration::from_secs(2);

impl App {
    /// Ends because of something that cannot be mended.
    pub(super) fn fail(&mut self, reason: &str) {
        self.end.get_or_insert(Err(anyhow::anyhow!("{reason}")));
    }

    /// Leaves when everything is acknowledged, or at that time.
    pub(super) fn leave_by(&mut self, time: Instant) {
        self.leaves_by = Some(self.leaves_by.map_or(time, |before| before.min(time)));
    }

    /// Leaves at once, because nobody reads what is shown.
    pub(super) fn end_unread(&mut self) -> anyhow::Result<()> {
        self.leave_by(Instant::now());
        self.trouble = Some("nobody reads the output".into());
        self.outcome()
    }

    pub(super) fn is_done(&self, now: Instant) -> bool {
        let is_quiet = self.unsent() == 0;
        if let Some(by) = self.leaves_by {
            return is_quiet || now >= by;
        }
        let Mode::Pipe { timeout, listens } = self.mode else { return false };
        let is_there = self.destination.is_none() && self.going.is_none();
        let waits = !is_quiet || !is_there;
        (!waits && self.input_has_ended && !listens) || (waits && now - self.progressed >= timeout)
    }

    /// How much has no ack yet.
    fn unsent(&self) -> usize {
        self.client.unsent() + self.held.len()
    }

    /// Whether everything that was to be said is kept.
    pub(super) fn outcome(&mut self) -> anyhow::Result<()> {
        let waiting = self.unsent();
        let why = self.trouble.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        if waiting > 0 {
            let messages = if waiting == 1 { "message was" } else { "messages were" };
            bail!("{waiting} {messages} not acknowledged{why}");
        }
        let Mode::Pipe { listens, .. } = self.mode else { return Ok(()) };
        if self.destination.is_some() && self.leaves_by.is_none() {
            bail!("no answer in time{why}");
        }
        if !self.input_has_ended && (!listens || self.has_unsaid_lines()) {
            bail!("the input was not sent to its end{why}");
        }
        if self.has_failed {
            bail!("not everything was sent");
        }
        Ok(())
    }

    fn has_unsaid_lines(&mut self) -> bool {
        let mut inputs = std::iter::from_fn(|| self.inputs.try_recv().ok());
        inputs.any(|input| matches!(input, Input::Line(line) if !line.is_empty()))
    }

    pub(super) async fn hang_up(&mut self) {
        self.command(connection::Command::Close);
        let closed = async {
            while let Some(event) = self.connection.events.recv().await {
                if matches!(event, connection::Event::Closed) {
                    break;
                }
            }
        };
        // Whoever reads nothing any more does not hear that either.
        drop(tokio::time::timeout(FAREWELL, closed).await);
        self.asker.account.sign_out().await;
    }
}
