//! What people type: something to say, or a command.

/// A line as it was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Nothing.
    Nothing,
    /// Say something here.
    Say(String),
    /// Say something to everybody who is online.
    Broadcast(String),
    /// Talk to somebody.
    To(String),
    /// Talk in a room.
    Join(String),
    /// Make a room and talk there.
    Create(String),
    /// Leave this room.
    Leave,
    /// Which rooms there are.
    Rooms,
    /// Who is here, and who is online.
    Who,
    /// What was said before, so many messages.
    History(u8),
    /// What can be typed.
    Help,
    /// End.
    Quit,
    /// It was not understood, and why.
    Mistake(String),
}

/// What `/help` shows.
pub(crate) const HELP: &str = "\
/join ROOM       talk in a room      /create ROOM  make a room
/to USER         talk to somebody    /leave        leave this room
/rooms           which there are     /who          who is here and online
/history [N]     N messages before   /broadcast X  tell everybody online
/help            this                /quit         end; so does Ctrl-D
A line that begins with // is said with one of them.
The prompt shows what became of your last message, … not acknowledged,
✓ kept, ✓✓ delivered, in colour read, and ✎ while somebody is typing.";

/// The commands, for completion.
pub(crate) const COMMANDS: [&str; 10] = [
    "/broadcast ",
    "/create ",
    "/help",
    "/history ",
    "/join ",
    "/leave",
    "/quit",
    "/rooms",
    "/to ",
    "/who",
];

/// How many messages `/history` shows.
const PAGE: u8 = 20;

impl Command {
    /// Understands a line.
    pub(crate) fn parse(line: &str) -> Self {
        let line = line.trim_end();
        let Some(typed) = line.strip_prefix('/') else {
            return if line.is_empty() { Self::Nothing } else { Self::Say(line.to_owned()) };
        };
        if typed.starts_with('/') {
            return Self::Say(typed.to_owned());
        }
        let (name, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
        let rest = rest.trim();
        let with = |command: fn(String) -> Self, what: &str| match rest {
            "" => Self::Mistake(format!("/{name} wants {what}")),
            rest => command(rest.to_owned()),
        };
        match name {
            "join" | "j" => with(|room| Self::Join(without(&room, '#')), "the name of a room"),
            "create" => with(|room| Self::Create(without(&room, '#')), "a name for the room"),
            "to" | "msg" => with(|user| Self::To(without(&user, '@')), "a name"),
            "broadcast" => with(Self::Broadcast, "something to say"),
            "leave" => Self::Leave,
            "rooms" => Self::Rooms,
            "who" => Self::Who,
            "history" if rest.is_empty() => Self::History(PAGE),
            "history" => match rest.parse() {
                Ok(messages @ 1..=100) => Self::History(messages),
                _ => Self::Mistake("/history wants a number from 1 to 100".into()),
            },
            "help" | "h" | "?" => Self::Help,
            "quit" | "q" | "exit" => Self::Quit,
            _ => Self::Mistake(format!("there is no /{name}; /help lists what there is")),
        }
    }
}

/// The name, as it is without the sign that it is shown with.
fn without(name: &str, sign: char) -> String {
    name.strip_prefix(sign).filter(|rest| !rest.is_empty()).unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &Command) {
        assert_eq!(&Command::parse(line), expected, "{line:?}");
    }

    #[test]
    fn what_is_no_command_is_said() {
        check("hello /join", &Command::Say("hello /join".into()));
        check("//join is a command", &Command::Say("/join is a command".into()));
        check("  ", &Command::Nothing);
    }

    #[test]
    fn commands_take_the_rest_of_the_line() {
        check("/join  tea room ", &Command::Join("tea room".into()));
        check("/join #general", &Command::Join("general".into()));
        check("/to @bob", &Command::To("bob".into()));
        check("/history 7", &Command::History(7));
        check("/history", &Command::History(PAGE));
        check("/quit", &Command::Quit);
    }

    #[test]
    fn mistakes_are_explained() {
        for line in ["/join", "/dance", "/history 0", "/history many", "/to  "] {
            assert!(matches!(Command::parse(line), Command::Mistake(_)), "{line}");
        }
    }
}
