//! What an operator may set, and what holds if nobody does. The functions' variables, the local server's
//! flags and `--help` follow from this table; a test holds the parameters of `template.yaml` to it.

use std::num::{IntErrorKind, ParseIntError};

use super::InvalidConfig;

/// A setting with a default.
#[derive(Debug)]
pub struct Setting {
    /// The functions' variable, such as `RATE_LIMIT`; `template.yaml` calls its parameter `RateLimit`,
    /// the local server its flag `--rate-limit`.
    pub variable: &'static str,
    /// What holds if nobody sets it.
    pub default: &'static str,
    /// What it may be set to.
    pub values: Values,
    /// What stands for the value in `--help`.
    pub value_name: &'static str,
    /// What it decides.
    pub help: &'static str,
}

/// What a setting may be set to.
#[derive(Clone, Copy, Debug)]
pub enum Values {
    /// Any text.
    Text,
    /// A whole number.
    Number {
        /// The smallest.
        least: u32,
        /// The largest, if there is one.
        most: Option<u32>,
    },
    /// One of these.
    Choice(&'static [&'static str]),
}

const ANY_NUMBER: Values = Values::Number { least: 0, most: None };
const SWITCH: Values = Values::Choice(&["true", "false"]);
const AT_LEAST_ONE: Values = Values::Number { least: 1, most: None };

/// Every setting with a default, by name.
pub const SETTINGS: [Setting; 21] = [
    Setting {
        variable: "BACKLOG_MESSAGES",
        default: "1000",
        values: ANY_NUMBER,
        value_name: "MESSAGES",
        help: "How many messages of one conversation are delivered one after another to somebody who was \
               away; of more only the newest come, the rest is in the history; 0 for any number",
    },
    Setting {
        variable: "BROADCASTERS",
        default: "everybody",
        values: Values::Text,
        value_name: "WHO",
        help: "Who may broadcast: everybody, nobody, or ids and usernames with commas between them",
    },
    Setting {
        variable: "EDIT_SECONDS",
        default: "0",
        values: ANY_NUMBER,
        value_name: "SECONDS",
        help: "For how many seconds people may edit what they said; 0 for ever",
    },
    Setting {
        variable: "EDIT_VERSIONS",
        default: "0",
        values: Values::Number { least: 0, most: Some(10) },
        value_name: "VERSIONS",
        help: "How many of the wordings that a message had before are kept when it is edited, for whoever may \
               read it, until it is deleted",
    },
    Setting {
        variable: "FAN_OUT_MEMBERS",
        default: "200",
        values: ANY_NUMBER,
        value_name: "PEOPLE",
        help: "In rooms of so many people messages are brought to them by the table's stream, and acknowledged \
               before that; 0 for none",
    },
    Setting {
        variable: "FAN_OUT_RATE",
        default: "5",
        values: ANY_NUMBER,
        value_name: "MESSAGES",
        help: "In rooms of 20 people or more the same, while so many messages come in one second; 0 for never",
    },
    Setting {
        variable: "LOBBY_MODERATORS",
        default: "nobody",
        values: Values::Text,
        value_name: "WHO",
        help: "Who may delete and pin what others said to everybody, and call everybody: nobody, or ids and \
               usernames with commas between them",
    },
    Setting {
        variable: "MAX_CONNECTIONS_PER_USER",
        default: "20",
        values: ANY_NUMBER,
        value_name: "CONNECTIONS",
        help: "How many connections one user may have; 0 for any number",
    },
    // By default most messages cost one write unit. Beyond, a hundred messages are less than the 1 MB
    // that DynamoDB reads at once: whatever is looked for at the end of a log is looked for among them.
    Setting {
        variable: "MAX_CONTENT_BYTES",
        default: "4096",
        values: Values::Number { least: 1, most: Some(10_000) },
        value_name: "BYTES",
        help: "The longest text of a message, in bytes of UTF-8",
    },
    Setting {
        variable: "MAX_MEMBERS_PER_ROOM",
        default: "1000",
        values: AT_LEAST_ONE,
        value_name: "PEOPLE",
        help: "How many people one room may have",
    },
    Setting {
        variable: "MAX_ROOMS_PER_USER",
        default: "200",
        values: AT_LEAST_ONE,
        value_name: "ROOMS",
        help: "How many rooms one user may be in",
    },
    Setting {
        variable: "NOTICES_PER_MINUTE",
        default: "20",
        values: ANY_NUMBER,
        value_name: "NOTICES",
        help: "How many notices one person may cause in a room in one minute, counted by each process; \
               0 for any number",
    },
    Setting {
        variable: "OPERATORS",
        default: "nobody",
        values: Values::Text,
        value_name: "WHO",
        help: "Who may make keys for backends, and see what became of anybody's message, though not what it \
               says: nobody, or ids and usernames with commas between them",
    },
    Setting {
        variable: "PRESENCE_ROOM_SIZE",
        default: "50",
        values: ANY_NUMBER,
        value_name: "PEOPLE",
        help: "In rooms of at most so many people members see each other come, go and type; 0 for none",
    },
    // The highest is what can be told from the end of a log.
    Setting {
        variable: "RATE_LIMIT",
        default: "20",
        values: Values::Number { least: 0, most: Some(100) },
        value_name: "MESSAGES",
        help: "How many messages one person may say in one second: in a conversation, and over all of \
               them by each process; 0 for any number",
    },
    Setting {
        variable: "RECEIPT_ROOM_SIZE",
        default: "50",
        values: ANY_NUMBER,
        value_name: "PEOPLE",
        help: "In rooms of at most so many people members see how far each other have read; 0 for none",
    },
    Setting {
        variable: "RELEASED_NAME_DAYS",
        default: "7",
        values: ANY_NUMBER,
        value_name: "DAYS",
        help: "How many days a username rests that was given up before somebody else may take it; 0 \
               for none",
    },
    Setting {
        variable: "RESERVED_NAMES",
        default: "admin,administrator,root,sysadmin,system,server,support,help,staff,moderator,\
                  official,security,confab,lobby,everyone,everybody,all,here,anonymous,nobody",
        values: Values::Text,
        value_name: "NAMES",
        help: "Usernames that nobody may take, nor such as look like them, between commas",
    },
    Setting {
        variable: "RETENTION_DAYS",
        default: "0",
        values: ANY_NUMBER,
        value_name: "DAYS",
        help: "How many days messages are kept; 0 keeps them for ever",
    },
    Setting {
        variable: "SIGN_INS_PER_ADDRESS",
        default: "100",
        values: ANY_NUMBER,
        value_name: "TIMES",
        help: "How often one address may register or sign in within a quarter of an hour; 0 for any \
               number",
    },
    Setting {
        variable: "TRACE_DELIVERIES",
        default: "true",
        values: SWITCH,
        value_name: "SWITCH",
        help: "Whether it is noted what becomes of each message on its way",
    },
];

impl Setting {
    /// Refuses what the setting may not be set to, with the reason.
    pub fn check(&self, value: &str) -> Result<(), String> {
        let (least, most) = match self.values {
            Values::Text => return Ok(()),
            Values::Choice(choices) if choices.contains(&value) => return Ok(()),
            Values::Choice(choices) => {
                return Err(format!("is {value:?}, not {}", choices.join(" or ")));
            }
            Values::Number { least, most } => (least, most),
        };
        let number: u32 = value.parse().map_err(|error: ParseIntError| match error.kind() {
            IntErrorKind::PosOverflow => format!("is {value}, which is too large"),
            _ => format!("is {value:?}, not a whole number"),
        })?;
        if number < least || most.is_some_and(|most| number > most) {
            let range = match most {
                Some(most) => format!("{least} to {most}"),
                None => format!("{least} or more"),
            };
            return Err(format!("is {number}, not {range}"));
        }
        Ok(())
    }
}

/// The settings as they were set.
pub(super) struct Reader<Get>(pub(super) Get);

impl<Get: Fn(&str) -> Option<String>> Reader<Get> {
    /// A setting's value, or its default.
    pub(super) fn text(&self, variable: &'static str) -> Result<String, InvalidConfig> {
        let setting = SETTINGS.iter().find(|setting| setting.variable == variable);
        let setting = setting.unwrap_or_else(|| unreachable!("{variable} is no setting"));
        let value = (self.0)(variable).unwrap_or_else(|| setting.default.to_owned());
        setting.check(&value).map_err(|reason| InvalidConfig { variable, reason })?;
        Ok(value)
    }

    /// The same of what is on or off.
    pub(super) fn switch(&self, variable: &'static str) -> Result<bool, InvalidConfig> {
        Ok(self.text(variable)? == "true")
    }

    /// The same of a number.
    pub(super) fn number(&self, variable: &'static str) -> Result<u32, InvalidConfig> {
        let value = self.text(variable)?;
        value.parse().map_err(|_| InvalidConfig { variable, reason: "is not a number".into() })
    }

    /// The same of a number of things.
    pub(super) fn count(&self, variable: &'static str) -> Result<usize, InvalidConfig> {
        Ok(usize::try_from(self.number(variable)?).unwrap_or(usize::MAX))
    }
}
