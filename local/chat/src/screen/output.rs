//! The standard output, shared by everything that is shown, in order.

use std::io::{self, Write};

use client::Event;
use protocol::MessageView;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;

use super::Lines;
use super::lines::not_said;
use crate::editor::{Keyboard, Printer};
use crate::text::json;
use crate::text::visible;

/// Redraws the prompt: a printer that is given a line puts it above the prompt, and this is none.
const NOTHING: &str = "\x1b[A\n";

/// How things are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// As lines, for a person.
    Terminal,
    /// Messages only, as fields with tabs between them.
    Columns,
    /// Every frame, as JSON.
    Json,
}

/// Something to show.
pub(crate) enum Show {
    /// A frame that came.
    Frame(Value),
    /// What a frame meant.
    Event(Event),
    /// Something to know.
    Notice(String),
    /// Something that went wrong.
    Trouble(String),
    /// Lines that somebody asked for.
    Text(String),
    /// Messages that somebody asked for, and what they are.
    Page(&'static str, Vec<MessageView>),
    /// The person looks at another conversation.
    Here(Option<String>),
    /// Lines are edited from now on; this prints above them.
    Editor(Keyboard, Printer),
    /// Everything that the last line asked for has been shown: the next may be edited.
    Resume,
    /// The prompt has changed.
    Prompt,
}

/// Shows things.
pub(crate) struct Screen {
    output: Output,
    lines: Lines,
    editor: Option<(Keyboard, Printer)>,
}

impl Screen {
    /// A screen of this kind.
    pub(crate) fn new(output: Output, lines: Lines) -> Self {
        Self { output, lines, editor: None }
    }

    /// Shows everything that comes, until nobody reads it any more.
    pub(crate) async fn run(mut self, mut shows: UnboundedReceiver<Show>) {
        while let Some(show) = shows.recv().await {
            let shown = match self.output {
                Output::Terminal => self.show_person(show).await,
                Output::Columns => self.show_columns(show).await,
                Output::Json => Self::show_json(show),
            };
            if shown.is_err() {
                return;
            }
        }
    }

    async fn show_person(&mut self, show: Show) -> io::Result<()> {
        let line = match show {
            Show::Event(event) => match self.lines.event(event).await {
                Some(line) => line,
                None => return Ok(()),
            },
            Show::Notice(text) => self.lines.notice(&visible(&text)),
            Show::Trouble(text) => self.lines.trouble(&text),
            Show::Text(text) => text,
            Show::Page(what, messages) => self.page(what, messages).await,
            Show::Here(conversation) => {
                self.lines.go(conversation);
                return Ok(());
            }
            Show::Editor(keyboard, printer) => {
                self.editor = Some((keyboard, printer));
                return Ok(());
            }
            Show::Resume => {
                if let Some((keyboard, _)) = &self.editor {
                    keyboard.resume();
                }
                return Ok(());
            }
            Show::Prompt if self.editor.is_some() => return self.print(NOTHING),
            Show::Prompt | Show::Frame(_) => return Ok(()),
        };
        self.print(&format!("{line}\n"))
    }

    async fn page(&mut self, what: &str, messages: Vec<MessageView>) -> String {
        let mut lines = vec![self.lines.notice(what)];
        for message in &messages {
            lines.push(self.lines.said(message).await);
        }
        lines.push(self.lines.notice("so far"));
        lines.join("\n")
    }

    fn print(&mut self, text: &str) -> io::Result<()> {
        match &mut self.editor {
            // It may wait for the editor.
            Some((_, printer)) => tokio::task::block_in_place(|| printer.print(text)),
            None => write(text),
        }
    }

    /// What one has just said oneself is known to whoever said it.
    async fn show_columns(&mut self, show: Show) -> io::Result<()> {
        match show {
            Show::Event(Event::Message(message))
                if is_said(&message) && message.status.is_none() =>
            {
                write(&format!("{}\n", self.lines.fields(&message).await))
            }
            other => complain(other),
        }
    }

    fn show_json(show: Show) -> io::Result<()> {
        let values = match show {
            Show::Frame(frame) => {
                let mut values = events_of(&frame);
                values.extend(without_messages(frame));
                values
            }
            Show::Event(Event::Message(message)) => as_frame(&message).into_iter().collect(),
            other => return complain(other),
        };
        for value in values {
            write(&format!("{}\n", json(&value.to_string())))?;
        }
        Ok(())
    }
}

/// Tells of what people may want to know where nothing but data goes to the standard output.
fn complain(show: Show) -> io::Result<()> {
    let text = match show {
        Show::Notice(text)
        | Show::Trouble(text)
        | Show::Event(Event::Complaint { reason: text }) => text,
        Show::Event(Event::NotSent { content, reason, .. }) => not_said(&content, &reason),
        _ => return Ok(()),
    };
    writeln!(io::stderr(), "chat: {}", visible(&text))
}

/// Whether somebody said it and it is not deleted.
fn is_said(message: &MessageView) -> bool {
    message.body.said().is_some_and(|said| said.deleted_at.is_none())
}

/// What became of messages comes as it came, each a frame of its own: whoever reads it knows by the numbers
/// what to do with it.
fn events_of(frame: &Value) -> Vec<Value> {
    let is_event = |entry: &&Value| {
        let kind = entry["kind"].as_str();
        matches!(kind, Some("edited" | "deleted" | "reacted" | "pinned"))
    };
    if frame["type"] == "message" {
        return Some(frame).filter(is_event).into_iter().cloned().collect();
    }
    let messages = frame["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let events = messages.iter().filter(is_event).cloned();
    let as_frame = |mut event: Value| {
        event["type"] = "message".into();
        event
    };
    events.map(as_frame).collect()
}

/// Messages come in order and once, not with the frames that bring them.
fn without_messages(mut frame: Value) -> Option<Value> {
    let is_more = frame.get("more").is_some();
    if frame["type"] == "message" || (frame["type"] == "messages" && !is_more) {
        return None;
    }
    if let Some(messages) = frame.get_mut("messages") {
        *messages = Value::Array(Vec::new());
    }
    Some(frame)
}

fn as_frame(message: &MessageView) -> Option<Value> {
    let mut frame = serde_json::to_value(message).ok()?;
    frame["type"] = "message".into();
    Some(frame)
}

fn write(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
