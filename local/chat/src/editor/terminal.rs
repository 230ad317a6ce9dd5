//! The terminal's settings: the editor changes them while a line is edited, and whoever leaves
//! meanwhile cannot ask it to change them back.

/// The settings as they were, put back when this is dropped.
pub(crate) struct Settings {
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

#[cfg(unix)]
impl Settings {
    /// As they are now.
    pub(crate) fn remember() -> Self {
        Self { before: rustix::termios::tcgetattr(std::io::stdin()).ok() }
    }
}

#[cfg(unix)]
impl Drop for Settings {
    fn drop(&mut self) {
        use std::io::Write;

        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

        let Some(before) = &self.before else { return };
        let stdin = std::io::stdin();
        let is_edited =
            tcgetattr(&stdin).is_ok_and(|now| !now.local_modes.contains(LocalModes::ICANON));
        if is_edited {
            // What is pasted is not to be marked any more, and what comes next is not to stand behind
            // the prompt. A terminal that is gone needs nothing put back.
            let is_there = tcsetattr(&stdin, OptionalActions::Now, before).is_ok();
            drop(is_there.then(|| std::io::stdout().write_all(b"\x1b[?2004l\n")));
        }
    }
}

#[cfg(not(unix))]
impl Settings {
    /// The console puts back its own.
    pub(crate) fn remember() -> Self {
        Self {}
    }
}
