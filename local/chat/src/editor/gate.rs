//! Who may write to the terminal: the editor and the screen take turns, or one would wipe away what
//! the other has written.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long the screen waits for the editor; longer, and it writes all the same.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the editor is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Nothing: what is shown is written directly.
    #[default]
    Resting,
    /// It draws its prompt, or takes away a line that was typed: nothing is to be written.
    Drawing,
    /// It reads: what is shown is handed to it, and it writes that above the line.
    Reading,
}

#[derive(Debug, Default)]
struct State {
    phase: Phase,
    printed: u64,
}

/// The gate that editor and screen share.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

impl Gate {
    /// The next line may be read, and the editor is to draw its prompt first.
    pub(super) fn begin(&self) {
        self.enter(Phase::Drawing);
    }

    /// The prompt is drawn.
    pub(super) fn drawn(&self) {
        self.enter(Phase::Reading);
    }

    /// A line is accepted; how much was printed up to now.
    pub(super) fn accept(&self) -> u64 {
        self.enter(Phase::Drawing);
        self.lock().printed
    }

    /// How much was printed up to now.
    pub(super) fn printed(&self) -> u64 {
        self.lock().printed
    }

    /// The editor has done with the line.
    pub(super) fn rest(&self) {
        self.enter(Phase::Resting);
    }

    /// Waits until something may be printed, and counts it.
    pub(super) fn pass(&self) {
        let is_drawing = |state: &mut State| state.phase == Phase::Drawing;
        let passed = self.changed.wait_timeout_while(self.lock(), PATIENCE, is_drawing);
        passed.unwrap_or_else(PoisonError::into_inner).0.printed += 1;
    }

    fn enter(&self, phase: Phase) {
        self.lock().phase = phase;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
