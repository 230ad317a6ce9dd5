//! What people type: something to say, or a command.

use std::time::Duration;

use protocol::Muting;

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
    /// Say something else than one did.
    Edit(Option<usize>, String),
    /// Take back what one said, or what somebody else did.
    Delete(Option<usize>),
    /// Answer a message.
    Reply(Option<usize>, String),
    /// React to a message, or not any more.
    React(Option<usize>, String),
    /// Pin a message of a room.
    Pin(Option<usize>),
    /// Pin it no more.
    Unpin(Option<usize>),
    /// Which messages are pinned.
    Pins,
    /// Decide something about this conversation, for oneself alone.
    Decide(Setting),
    /// Count a message and what came after it as unread.
    Unread(Option<usize>),
    /// Who has read a message.
    Readers(Option<usize>),
    /// Which conversations one has.
    Chats(Listed),
    /// What can be typed.
    Help,
    /// End.
    Quit,
    /// It was not understood, and why.
    Mistake(String),
}

/// What one decides about a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// One is not told of this while one is elsewhere; for so long, or for good.
    Muted(Muting, Option<Duration>),
    /// One is told of everything.
    Unmuted,
    /// Whether it comes before others.
    Pinned(bool),
    /// Whether lists leave it out.
    Hidden(bool),
}

/// Which of one's conversations are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listed {
    /// Those that are not hidden.
    Shown,
    /// Also those.
    All,
    /// Those where something is unread.
    Unread,
}

/// What `/help` shows.
pub(crate) const HELP: &str = "\
/join ROOM       talk in a room      /create ROOM  make a room
/to USER         talk to somebody    /leave        leave this room
/rooms           which there are     /who          who is here and online
/history [N]     N messages before   /broadcast X  tell everybody online
/reply [^N] X    answer a message    /edit [^N] X  say X instead
/react [^N] KEY  react, or no more   /delete [^N]  take it back
/pin [^N]        pin in a room       /unpin [^N]   no more; /pins lists them
/unread [^N]     read it later       /readers [^N] who has read it
/chats [all]     where you talk      /chats unread where something is unread
/mute [mentions] [8h]  while you are elsewhere, tell nothing of what is said
                 here, or only what calls you; for so long (30m, 8h, 2d)
/unmute          tell all of it      /pin-chat     in /chats, first; /unpin-chat
/hide            not in /chats till something is said here; /unhide
/help            this                /quit         end; so does Ctrl-D
^N is the Nth message of this place from the end, for /edit of your own; without
it /edit, /delete and /readers mean your own last, /pin the last of all, /unpin
the last that is pinned, /reply, /react and /unread the last of others. Owners
and moderators of a room may /delete ^N what others said, and pin.
@NAME calls somebody who is here, @everyone all of a room; Tab completes it.
A line that begins with // is said with one of them.
The prompt shows what became of your last message, … not acknowledged,
✓ kept, ✓✓ delivered, in colour read, and ✎ while somebody is typing.";

/// The commands, for completion.
pub(crate) const COMMANDS: [&str; 26] = [
    "/broadcast ",
    "/chats",
    "/create ",
    "/delete",
    "/edit ",
    "/help",
    "/hide",
    "/history ",
    "/join ",
    "/leave",
    "/mute",
    "/pin",
    "/pin-chat",
    "/pins",
    "/quit",
    "/react ",
    "/readers",
    "/reply ",
    "/rooms",
    "/to ",
    "/unhide",
    "/unmute",
    "/unpin",
    "/unpin-chat",
    "/unread",
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
            "pins" => Self::Pins,
            "who" => Self::Who,
            "history" if rest.is_empty() => Self::History(PAGE),
            "history" => match rest.parse() {
                Ok(messages @ 1..=100) => Self::History(messages),
                _ => Self::Mistake("/history wants a number from 1 to 100".into()),
            },
            "edit" | "reply" | "react" | "delete" | "pin" | "unpin" | "unread" | "readers" => {
                Self::about_a_message(name, rest)
            }
            "mute" | "unmute" | "pin-chat" | "unpin-chat" | "hide" | "unhide" | "chats" => {
                Self::about_a_conversation(name, rest)
            }
            "help" | "h" | "?" => Self::Help,
            "quit" | "q" | "exit" => Self::Quit,
            _ => Self::Mistake(format!("there is no /{name}; /help lists what there is")),
        }
    }
}

impl Command {
    /// Understands what is to be done to a message, which may be named by how far it is from the end.
    fn about_a_message(name: &str, rest: &str) -> Self {
        let (which, rest) = match rest.strip_prefix('^') {
            Some(rest) => {
                let (number, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                match number.parse() {
                    Ok(number @ 1..) => (Some(number), rest.trim()),
                    _ => {
                        let reason =
                            format!("/{name} counts messages from the end: ^1 is the last");
                        return Self::Mistake(reason);
                    }
                }
            }
            None => (None, rest),
        };
        match (name, rest) {
            ("delete", "") => Self::Delete(which),
            ("unread", "") => Self::Unread(which),
            ("readers", "") => Self::Readers(which),
            ("pin", "") => Self::Pin(which),
            ("unpin", "") => Self::Unpin(which),
            ("delete" | "pin" | "unpin" | "unread" | "readers", _) => {
                Self::Mistake(format!("/{name} wants nothing, or ^N"))
            }
            ("react", "") => Self::Mistake("/react wants an emoji or a short name".into()),
            (_, "") => Self::Mistake(format!("/{name} wants something to say")),
            ("edit", text) => Self::Edit(which, text.to_owned()),
            ("react", key) => Self::React(which, key.to_owned()),
            (_, text) => Self::Reply(which, text.to_owned()),
        }
    }
}

impl Command {
    /// Understands what is to be done with a conversation, or with all of them.
    fn about_a_conversation(name: &str, rest: &str) -> Self {
        match (name, rest) {
            ("mute", rest) => muted(rest).map_or_else(
                || {
                    Self::Mistake(
                        "/mute wants nothing, mentions, or for how long: 30m, 8h, 2d".into(),
                    )
                },
                Self::Decide,
            ),
            ("unmute", "") => Self::Decide(Setting::Unmuted),
            ("pin-chat", "") => Self::Decide(Setting::Pinned(true)),
            ("unpin-chat", "") => Self::Decide(Setting::Pinned(false)),
            ("hide", "") => Self::Decide(Setting::Hidden(true)),
            ("unhide", "") => Self::Decide(Setting::Hidden(false)),
            ("chats", "") => Self::Chats(Listed::Shown),
            ("chats", "all") => Self::Chats(Listed::All),
            ("chats", "unread") => Self::Chats(Listed::Unread),
            ("chats", _) => Self::Mistake("/chats wants nothing, all or unread".into()),
            _ => Self::Mistake(format!("/{name} is about where you are, and wants nothing")),
        }
    }
}

/// What is muted, and for how long.
fn muted(words: &str) -> Option<Setting> {
    let (mut muting, mut lasts) = (Muting::All, None);
    for word in words.split_whitespace() {
        match duration(word) {
            None if word == "mentions" && muting == Muting::All => muting = Muting::Mentions,
            Some(duration) if lasts.is_none() => lasts = Some(duration),
            _ => return None,
        }
    }
    Some(Setting::Muted(muting, lasts))
}

/// How long something lasts: a number of minutes, hours or days, of a year at most.
fn duration(word: &str) -> Option<Duration> {
    let (number, seconds) = match word.char_indices().next_back()? {
        (end, 'm') => (&word[..end], 60),
        (end, 'h') => (&word[..end], 60 * 60),
        (end, 'd') => (&word[..end], 24 * 60 * 60),
        _ => return None,
    };
    let seconds = number.parse::<u64>().ok()?.checked_mul(seconds)?;
    (1..=365 * 24 * 60 * 60).contains(&seconds).then(|| Duration::from_secs(seconds))
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
    fn a_message_is_named_by_how_far_it_is_from_the_end() {
        check("/edit 2 o'clock ", &Command::Edit(None, "2 o'clock".into()));
        check("/edit ^2  at 3", &Command::Edit(Some(2), "at 3".into()));
        check("/delete", &Command::Delete(None));
        check("/delete ^12", &Command::Delete(Some(12)));
        check("/reply ^1 yes", &Command::Reply(Some(1), "yes".into()));
        check("/react +1", &Command::React(None, "+1".into()));
        check("/pin ^2", &Command::Pin(Some(2)));
        check("/unpin", &Command::Unpin(None));
        check("/pins", &Command::Pins);
    }

    #[test]
    fn a_conversation_is_muted_for_a_while_or_for_good() {
        let muted = |muting, lasts: Option<u64>| {
            Command::Decide(Setting::Muted(muting, lasts.map(Duration::from_secs)))
        };
        check("/mute", &muted(Muting::All, None));
        check("/mute 30m", &muted(Muting::All, Some(1800)));
        check("/mute mentions", &muted(Muting::Mentions, None));
        check("/mute mentions 2d", &muted(Muting::Mentions, Some(172_800)));
        check("/mute 8h mentions", &muted(Muting::Mentions, Some(28_800)));
        check("/unmute", &Command::Decide(Setting::Unmuted));
        for line in ["/mute 8", "/mute h", "/mute 0h", "/mute 400d", "/mute -1h", "/mute 1h 2h"] {
            assert!(matches!(Command::parse(line), Command::Mistake(_)), "{line}");
        }
        for line in ["/mute bob", "/unmute bob", "/mute mentions mentions", "/mute 1ä"] {
            assert!(matches!(Command::parse(line), Command::Mistake(_)), "{line}");
        }
    }

    #[test]
    fn conversations_are_listed_and_put_where_they_belong() {
        check("/chats", &Command::Chats(Listed::Shown));
        check("/chats all", &Command::Chats(Listed::All));
        check("/chats unread ", &Command::Chats(Listed::Unread));
        check("/pin-chat", &Command::Decide(Setting::Pinned(true)));
        check("/unhide", &Command::Decide(Setting::Hidden(false)));
        check("/unread ^3", &Command::Unread(Some(3)));
        check("/readers", &Command::Readers(None));
        for line in ["/chats some", "/hide it", "/unread 3", "/readers it"] {
            assert!(matches!(Command::parse(line), Command::Mistake(_)), "{line}");
        }
    }

    #[test]
    fn every_command_that_is_completed_is_one_and_is_told_of() {
        assert!(COMMANDS.is_sorted());
        for command in COMMANDS {
            assert!(HELP.contains(command.trim_end()), "{command}");
            let parsed = Command::parse(command);
            let is_unknown = matches!(&parsed, Command::Mistake(it) if it.contains("there is no"));
            assert!(!is_unknown, "{command}");
        }
    }

    #[test]
    fn mistakes_are_explained() {
        for line in ["/edit", "/edit ^2", "/delete ^0", "/delete it", "/reply ^x y", "/pin it"] {
            assert!(matches!(Command::parse(line), Command::Mistake(_)), "{line}");
        }
        for line in ["/join", "/dance", "/history 0", "/history many", "/to  "] {
            assert!(matches!(Command::parse(line), Command::Mistake(_)), "{line}");
        }
    }
}
