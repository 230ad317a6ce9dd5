//! Colours, where they are wanted.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::IsTerminal;

/// What people's names are painted with: colours that can be read on black and on white.
const NAMES: [u8; 6] = [31, 32, 33, 34, 35, 36];

/// Whether to paint, and whether the terminal can move its cursor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    colours: bool,
    moves: bool,
}

impl Paint {
    /// As the standard output and the environment want it: <https://no-color.org>.
    pub(crate) fn wanted() -> Self {
        let is_dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        let moves = std::io::stdout().is_terminal() && !is_dumb;
        let colours = moves && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
        Self { colours, moves }
    }

    /// No colours.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Self { colours: false, moves: false }
    }

    /// All colours.
    #[cfg(test)]
    pub(crate) fn all() -> Self {
        Self { colours: true, moves: true }
    }

    /// Whether the cursor can be moved.
    pub(crate) fn moves(self) -> bool {
        self.moves
    }

    /// A person's name, for each person in a colour of their own.
    pub(crate) fn name(self, name: &str) -> String {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let index = usize::try_from(hasher.finish() % 6).unwrap_or_default();
        self.with(&format!("1;{}", NAMES[index]), name)
    }

    /// What matters less.
    pub(crate) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    /// What matters more.
    pub(crate) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    /// Where one is called.
    pub(crate) fn called(self, text: &str) -> String {
        self.with("1;7", text)
    }

    /// What is well.
    pub(crate) fn good(self, text: &str) -> String {
        self.with("1;36", text)
    }

    /// What went wrong.
    pub(crate) fn bad(self, text: &str) -> String {
        self.with("31", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.colours && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}
