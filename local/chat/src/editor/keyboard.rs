//! Reads what is typed, with recall and completion.

use std::borrow::Cow;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender as Resume, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{ColorMode, Config, Context, Editor, ExternalPrinter, Helper};
use tokio::sync::mpsc::Sender;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::gate::Gate;
use crate::command::COMMANDS;
use crate::input::Input;
use crate::mentions::{completions, may_call};
use crate::paint::Paint;
use crate::prompt::Prompt;

/// What the prompt shows; it changes while a line is edited.
pub(crate) type SharedPrompt = Arc<Mutex<Prompt>>;

/// Who can be called where one is, as far as that is known.
pub(crate) type SharedNames = Arc<Mutex<Vec<String>>>;

/// The person's side of a terminal.
pub(crate) struct Keyboard {
    gate: Arc<Gate>,
    resume: Resume<()>,
}

/// What prints above the line that is edited.
pub(crate) struct Printer {
    gate: Arc<Gate>,
    printer: Box<dyn ExternalPrinter + Send>,
}

impl Keyboard {
    /// Gets ready to read, and to print meanwhile.
    pub(crate) fn start(
        prompt: SharedPrompt,
        names: SharedNames,
        paint: Paint,
        inputs: Sender<Input>,
    ) -> anyhow::Result<(Self, Printer)> {
        // What the prompt tells is told without colours too.
        let config = Config::builder().color_mode(ColorMode::Forced).build();
        let mut editor: Editor<Person, DefaultHistory> = Editor::with_config(config)?;
        let gate = Arc::<Gate>::default();
        let person = Person {
            prompt: prompt.clone(),
            names,
            paint,
            inputs: inputs.clone(),
            gate: gate.clone(),
            printed: AtomicU64::new(0),
        };
        editor.set_helper(Some(person));
        let printer = Box::new(editor.create_external_printer()?);
        let (resume, resumed) = channel();
        let typist = Typist { editor, prompt, inputs, gate: gate.clone() };
        thread::spawn(move || typist.run(&resumed));
        Ok((Self { gate: gate.clone(), resume }, Printer { gate, printer }))
    }

    /// Reads the next line: the last one has been dealt with, and what came of it is shown.
    pub(crate) fn resume(&self) {
        self.gate.begin();
        if self.resume.send(()).is_err() {
            // The thread has ended, because there is no more to read.
            self.gate.rest();
        }
    }
}

impl Printer {
    /// Prints above the line that is edited, if one is.
    pub(crate) fn print(&mut self, text: &str) -> std::io::Result<()> {
        self.gate.pass();
        self.printer.print(text.to_owned()).map_err(std::io::Error::other)
    }
}

struct Typist {
    editor: Editor<Person, DefaultHistory>,
    prompt: SharedPrompt,
    inputs: Sender<Input>,
    gate: Arc<Gate>,
}

impl Typist {
    fn run(mut self, resumed: &Receiver<()>) {
        while resumed.recv().is_ok() {
            let prompt = lock(&self.prompt).plain();
            let input = match self.editor.readline(&prompt) {
                Ok(line) => {
                    self.wipe(&prompt, &line);
                    // To recall a line is a convenience; a full memory is no reason to end.
                    drop(self.editor.add_history_entry(&line));
                    Input::Line(line)
                }
                Err(ReadlineError::Eof) => Input::End,
                Err(ReadlineError::Interrupted) => Input::Interrupted,
                Err(error) => Input::Unreadable(error.to_string()),
            };
            self.gate.rest();
            if self.inputs.blocking_send(input).is_err() {
                return;
            }
        }
    }

    /// Takes the typed line off the screen, because what becomes of it is shown in its place; but not
    /// if something has been written below it.
    fn wipe(&mut self, prompt: &str, line: &str) {
        let before = self.editor.helper().map(|person| person.printed.load(Ordering::SeqCst));
        let Some((columns, _)) = self.editor.dimensions() else { return };
        if before != Some(self.gate.printed()) {
            return;
        }
        let rows = rows(prompt, line, columns.into());
        let mut stdout = std::io::stdout();
        // A terminal that is gone is noticed by whoever prints next.
        drop(write!(stdout, "\x1b[{rows}A\r\x1b[J").and_then(|()| stdout.flush()));
    }
}

/// How many rows of the screen a typed line takes.
fn rows(prompt: &str, line: &str, columns: usize) -> usize {
    let (mut rows, mut column) = (1, 0);
    for character in prompt.graphemes(true).chain(line.graphemes(true)) {
        let is_new_line = character == "\n";
        let width = if is_new_line { 0 } else { character.width() };
        if is_new_line || column + width > columns {
            (rows, column) = (rows + 1, 0);
        }
        column += width;
    }
    // The cursor stands behind the last character, which may be in the next row.
    if column == columns { rows + 1 } else { rows }
}

/// What the editor asks about the person and the line.
struct Person {
    prompt: SharedPrompt,
    names: SharedNames,
    paint: Paint,
    inputs: Sender<Input>,
    gate: Arc<Gate>,
    /// How much was printed when the last line was accepted.
    printed: AtomicU64,
}

impl Helper for Person {}

impl Validator for Person {
    fn validate(&self, _: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        self.printed.store(self.gate.accept(), Ordering::SeqCst);
        Ok(ValidationResult::Valid(None))
    }
}

impl Highlighter for Person {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        self.gate.drawn();
        let now = lock(&self.prompt).painted(self.paint);
        // The editor has measured the prompt when the line began.
        if lock(&self.prompt).plain().width() == prompt.width() {
            now.into()
        } else {
            prompt.into()
        }
    }
}

impl Hinter for Person {
    type Hint = String;

    fn hint(&self, line: &str, _: usize, _: &Context<'_>) -> Option<String> {
        if !line.is_empty() && !line.starts_with('/') {
            // One that does not fit is one of many.
            drop(self.inputs.try_send(Input::Typing));
        }
        if may_call(line) {
            drop(self.inputs.try_send(Input::Calling));
        }
        None
    }
}

impl Completer for Person {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let typed = &line[..position];
        let known = lock(&self.names);
        let (start, names) = completions(typed, &known);
        if !names.is_empty() {
            let call = |name: &str| {
                let display = format!("@{name}");
                Pair { replacement: format!("{display} "), display }
            };
            return Ok((start, names.into_iter().map(call).collect()));
        }
        let fitting = COMMANDS.iter().filter(|it| typed.starts_with('/') && it.starts_with(typed));
        let pair = |it: &&str| Pair { display: it.trim_end().into(), replacement: (*it).into() };
        Ok((0, fitting.map(pair).collect()))
    }
}

/// What is shared, whatever became of whoever changed it last.
pub(crate) fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_takes_the_rows_it_is_shown_in() {
        assert_eq!(rows("b › ", "hello", 10), 1);
        assert_eq!(rows("b › ", "hello!", 10), 2);
        assert_eq!(rows("b › ", "hello\nyou", 10), 2);
        // Half of a wide character does not stay behind.
        assert_eq!(rows("b › ", "漢漢漢漢漢", 9), 2);
        assert_eq!(rows("b › ", "漢漢漢漢漢漢漢", 9), 3);
        assert_eq!(rows("b › ", "👩‍👩‍👧👩‍👩‍👧", 9), 1);
    }
}
