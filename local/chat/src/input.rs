//! What comes from the person, or from a pipe.

use std::io::BufRead;
use std::thread;

use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How many lines may wait to be read: a pipe is read no faster than it is sent.
const AHEAD: usize = 16;

/// Something that came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// A line.
    Line(String),
    /// The line is being changed.
    Typing,
    /// Somebody is being called in it.
    Calling,
    /// There is no more.
    End,
    /// The person wants to leave at once.
    Interrupted,
    /// What came cannot be read.
    Unreadable(String),
}

/// Both ends of the way that input takes.
pub(crate) fn way() -> (Sender<Input>, Receiver<Input>) {
    channel(AHEAD)
}

/// Reads lines as they are, in a thread of its own because nothing can interrupt that.
pub(crate) fn read_lines(inputs: Sender<Input>) {
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let input = match line {
                Ok(line) => Input::Line(line),
                Err(error) => Input::Unreadable(error.to_string()),
            };
            if inputs.blocking_send(input).is_err() {
                return;
            }
        }
        // Nobody waits for it if the client has ended.
        drop(inputs.blocking_send(Input::End));
    });
}
