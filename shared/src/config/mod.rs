//! Every setting a function takes, read once at the start.

mod archive;
mod settings;

use std::time::Duration;

use secrecy::SecretString;

use crate::domain::AuthMode;
use crate::domain::name::Reserved;
use crate::limits::{self, Limits, millis};

pub use archive::ArchiveLocation;
pub use settings::{SETTINGS, Setting, Values};

use settings::Reader;

/// The variables besides the [`SETTINGS`] that every function reads; `template.yaml` sets each of them.
pub const VARIABLES: [&str; 7] =
    [TABLE_NAME, AUTH_MODE, MANAGEMENT_ENDPOINT, OIDC_ISSUER, OIDC_AUDIENCE, STACK_NAME, LOG_LEVEL];

/// The table.
pub const TABLE_NAME: &str = "TABLE_NAME";
/// How people prove who they are.
pub const AUTH_MODE: &str = "AUTH_MODE";
/// Who issues tokens in the mode `oidc`.
pub const OIDC_ISSUER: &str = "OIDC_ISSUER";
/// For whom they are to be.
pub const OIDC_AUDIENCE: &str = "OIDC_AUDIENCE";

/// What metrics are told apart by.
pub const STACK_NAME: &str = "STACK_NAME";
/// The least severe lines that a function logs.
pub const LOG_LEVEL: &str = "LOG_LEVEL";

/// The key that signs access tokens: a secret, so nowhere by default, and only given to the functions
/// that sign or check them.
pub const TOKEN_KEY: &str = "TOKEN_KEY";

/// The key that signed before: what it signed is good until the next change.
pub const TOKEN_KEY_PREVIOUS: &str = "TOKEN_KEY_PREVIOUS";

/// Where messages go that have expired: only the functions that write and read them there have it.
pub const ARCHIVE: &str = "ARCHIVE";

/// Where browsers connect: only the function that serves the page has it.
pub const WEBSOCKET_URL: &str = "WEBSOCKET_URL";

/// The AWS SDKs' own variable for the management API's endpoint
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>).
pub const MANAGEMENT_ENDPOINT: &str = "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI";

/// How people prove who they are, with what the server needs to check it.
#[derive(Clone, Debug)]
pub enum Authentication {
    /// Whoever names a user is believed to be them: for trials only.
    Open,
    /// People register here, and show tokens.
    Accounts {
        /// `TOKEN_KEY`, and `TOKEN_KEY_PREVIOUS` while what that signed is to be good: only the functions
        /// that sign or check tokens have them.
        keys: Option<TokenKeys>,
    },
    /// People show tokens of an outside issuer.
    Oidc {
        /// `OIDC_ISSUER`: its URL.
        issuer: String,
        /// `OIDC_AUDIENCE`: for whom its tokens are to be.
        audience: String,
    },
}

impl Authentication {
    /// The mode, without what it needs.
    pub fn mode(&self) -> AuthMode {
        match self {
            Self::Open => AuthMode::Open,
            Self::Accounts { .. } => AuthMode::Accounts,
            Self::Oidc { .. } => AuthMode::Oidc,
        }
    }
}

/// The secrets that sign access tokens.
#[derive(Clone, Debug)]
pub struct TokenKeys {
    /// What signs now.
    pub current: SecretString,
    /// What signed before.
    pub previous: Option<SecretString>,
}

/// Who may say something to everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broadcasters {
    /// Whoever may connect.
    Everybody,
    /// Nobody at all.
    Nobody,
    /// Those of these ids or usernames.
    These(Vec<String>),
}

impl Broadcasters {
    /// Reads what [`Config::broadcasters`] tells.
    fn parse(setting: &str) -> Self {
        match setting {
            "everybody" => Self::Everybody,
            "nobody" => Self::Nobody,
            names => Self::These(listed(names)),
        }
    }
}

/// Ids or usernames with commas between them.
fn listed(names: &str) -> Vec<String> {
    let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

/// The same, where `nobody` is nobody.
fn people(names: &str) -> Vec<String> {
    listed(names).into_iter().filter(|name| name != "nobody").collect()
}

/// The least severe lines that a function logs: no finer ones, which would show what people say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Whatever happens.
    Info,
    /// What should not happen.
    Warn,
    /// What fails.
    Error,
}

impl LogLevel {
    /// Reads `LOG_LEVEL`, by default `INFO`.
    pub fn from_variable(get: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidConfig> {
        match get(LOG_LEVEL).as_deref() {
            None | Some("" | "INFO") => Ok(Self::Info),
            Some("WARN") => Ok(Self::Warn),
            Some("ERROR") => Ok(Self::Error),
            Some(other) => {
                let reason = format!("is {other:?}, not \"INFO\", \"WARN\" or \"ERROR\"");
                Err(InvalidConfig { variable: LOG_LEVEL, reason })
            }
        }
    }
}

/// The settings of a function; the local server fills them in from its own flags.
#[derive(Clone, Debug)]
pub struct Config {
    /// `TABLE_NAME`: the DynamoDB table.
    pub table_name: String,
    /// `AUTH_MODE`, `open`, `accounts` or `oidc`, of which there is no default; and what the mode needs.
    pub authentication: Authentication,
    /// `AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI`: where frames for connections are posted.
    pub management_endpoint: String,
    /// `RETENTION_DAYS`: how long messages are kept; 0, the default, for ever.
    pub retention: Option<Duration>,
    /// `ARCHIVE`: where messages go that have expired, a folder or `s3://bucket`; by default nowhere.
    pub archive: Option<ArchiveLocation>,
    /// `BACKLOG_MESSAGES`: how many messages of one conversation are delivered one after another to
    /// somebody who was away, by default 1,000; of more only the newest page comes. 0 for any number.
    pub backlog_messages: usize,
    /// `FAN_OUT_MEMBERS`: in rooms of so many people, by default 200, the table's stream brings messages to
    /// them; 0 for none.
    pub fan_out_members: usize,
    /// `FAN_OUT_RATE`: the same in rooms that are not small while so many messages come in one second, by
    /// default 5; 0 for never.
    pub fan_out_rate: usize,
    /// In smaller rooms messages go directly however many come: so few people are soon served. Not a setting:
    /// only tests lower it.
    pub fan_out_least: usize,
    /// `MAX_CONTENT_BYTES`: the longest message text in bytes of UTF-8, by default 4,096.
    pub max_content_bytes: usize,
    /// `RATE_LIMIT`: how many messages one person may say in one second, however they are sent, by
    /// default 20, at most 100; 0 for any number. Within one conversation it is counted in the log;
    /// over all conversations by each process, on AWS by each execution environment: a counter in the
    /// table would cost a write for every message.
    pub messages_per_second: usize,
    /// `NOTICES_PER_MINUTE`: how often one person may make a room tell something of theirs in one
    /// minute, such as that they joined, by default 20, counted by each process; 0 for any number.
    pub notices_per_minute: usize,
    /// `MAX_CONNECTIONS_PER_USER`: how many connections one user may have, by default 20; 0 for any
    /// number.
    pub max_connections_per_user: usize,
    /// `MAX_ROOMS_PER_USER`: how many rooms one user may be in, by default 200.
    pub max_rooms_per_user: usize,
    /// `MAX_MEMBERS_PER_ROOM`: how many people one room may have, by default 1,000.
    pub max_members_per_room: usize,
    /// `PRESENCE_ROOM_SIZE`: in rooms of at most so many people, by default 50, members see each
    /// other come and go, and type.
    pub presence_room_size: usize,
    /// `RECEIPT_ROOM_SIZE`: in rooms of at most so many people, by default 50, members see how far each
    /// other have read as soon as it moves; 0 for none.
    pub receipt_room_size: usize,
    /// `SIGN_INS_PER_ADDRESS`: how often one address may register or sign in within a quarter of an
    /// hour, by default 100; 0 for any number.
    pub sign_ins_per_address: u64,
    /// `BROADCASTERS`: who may say something to everybody: `everybody`, the default, `nobody`, or ids
    /// and usernames with commas between them.
    pub broadcasters: Broadcasters,
    /// `EDIT_SECONDS`: for how long people may edit what they said; 0, the default, for ever.
    pub edit_window: Option<Duration>,
    /// `EDIT_VERSIONS`: how many wordings that a message had before are kept, by default none.
    pub edit_versions: usize,
    /// `LOBBY_MODERATORS`: who may delete and pin what others said in the lobby, and call everybody there:
    /// `nobody`, the default, or ids and usernames with commas between them.
    pub lobby_moderators: Vec<String>,
    /// `OPERATORS`: who may make keys for backends, and see what became of anybody's message: `nobody`, the
    /// default, or ids and usernames with commas between them.
    pub operators: Vec<String>,
    /// `TRACE_DELIVERIES`: whether it is noted what becomes of messages, by default it is.
    pub trace_deliveries: bool,
    /// How many bytes an inbox may take for what waits and who is blocked, of the 400 KB of an item
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>). Not a
    /// setting: it follows from DynamoDB's limit, and only tests lower it.
    pub most_listed_bytes: usize,
    /// `RESERVED_NAMES`: usernames that nobody may take, nor such as look like them, between commas; by
    /// default such as would pass for somebody in charge, or for everybody.
    pub reserved_names: Reserved,
    /// `RELEASED_NAME_DAYS`: how many days a username rests that was given up before somebody else may
    /// take it, by default 7; 0 for none.
    pub name_rest: Duration,
    /// `WEBSOCKET_URL`: where the page connects, by default `/ws` on the page's own host.
    pub websocket_url: String,
    /// `STACK_NAME`: whose metrics these are, by default those of `confab`.
    pub stack_name: String,
}

impl Config {
    /// What is left of an item has room for two hundred people to be blocked, and for connections and
    /// sessions, so that the owner of a full inbox always gets in.
    const MOST_LISTED_BYTES: usize = 240_000;
    const FAN_OUT_LEAST: usize = 20;
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    /// Reads the variables that `get` knows; the error says which one is missing or wrong.
    pub fn from_variables(get: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidConfig> {
        let settings = Reader(&get);
        let kept = settings.number("RETENTION_DAYS")?;
        let edited = settings.number("EDIT_SECONDS")?;
        Ok(Self {
            table_name: required(&get, TABLE_NAME)?,
            authentication: authentication(&get)?,
            management_endpoint: required(&get, MANAGEMENT_ENDPOINT)?,
            retention: (kept > 0).then(|| Self::DAY * kept),
            archive: ArchiveLocation::parse(ARCHIVE, &get(ARCHIVE).unwrap_or_default())?,
            backlog_messages: settings.count("BACKLOG_MESSAGES")?,
            fan_out_members: settings.count("FAN_OUT_MEMBERS")?,
            fan_out_rate: settings.count("FAN_OUT_RATE")?,
            fan_out_least: Self::FAN_OUT_LEAST,
            max_content_bytes: settings.count("MAX_CONTENT_BYTES")?,
            messages_per_second: settings.count("RATE_LIMIT")?,
            notices_per_minute: settings.count("NOTICES_PER_MINUTE")?,
            max_connections_per_user: settings.count("MAX_CONNECTIONS_PER_USER")?,
            max_rooms_per_user: settings.count("MAX_ROOMS_PER_USER")?,
            max_members_per_room: settings.count("MAX_MEMBERS_PER_ROOM")?,
            presence_room_size: settings.count("PRESENCE_ROOM_SIZE")?,
            receipt_room_size: settings.count("RECEIPT_ROOM_SIZE")?,
            sign_ins_per_address: settings.number("SIGN_INS_PER_ADDRESS")?.into(),
            broadcasters: Broadcasters::parse(&settings.text("BROADCASTERS")?),
            edit_window: (edited > 0).then(|| Duration::from_secs(edited.into())),
            edit_versions: settings.count("EDIT_VERSIONS")?,
            lobby_moderators: people(&settings.text("LOBBY_MODERATORS")?),
            operators: people(&settings.text("OPERATORS")?),
            trace_deliveries: settings.switch("TRACE_DELIVERIES")?,
            most_listed_bytes: Self::MOST_LISTED_BYTES,
            reserved_names: Reserved::parse(&settings.text("RESERVED_NAMES")?),
            name_rest: Self::DAY * settings.number("RELEASED_NAME_DAYS")?,
            websocket_url: get(WEBSOCKET_URL).unwrap_or_else(|| "/ws".to_owned()),
            stack_name: get(STACK_NAME)
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| "confab".to_owned()),
        })
    }

    /// What the server accepts by these settings, and by those that every server has.
    pub fn limits(&self) -> Limits {
        Limits {
            content_bytes: self.max_content_bytes,
            frame_bytes: limits::FRAME_BYTES,
            history_page: limits::HISTORY_PAGE,
            backlog_messages: self.backlog_messages,
            conversations_per_sync: limits::CONVERSATIONS_PER_SYNC,
            messages_per_second: self.messages_per_second,
            notices_per_minute: self.notices_per_minute,
            connections_per_user: self.max_connections_per_user,
            rooms_per_user: self.max_rooms_per_user,
            members_per_room: self.max_members_per_room,
            id_chars: limits::ID_CHARS,
            id_ahead_ms: millis(limits::ID_AHEAD),
            repeats_among: limits::REPEATS_AMONG,
            typing_every_ms: millis(limits::TYPING_EVERY),
            user_id_chars: limits::USER_ID_CHARS,
            username_chars: limits::USERNAME_CHARS,
            display_name_chars: limits::DISPLAY_NAME_CHARS,
            room_name_chars: limits::ROOM_NAME_CHARS,
            topic_chars: limits::TOPIC_CHARS,
            metadata_bytes: limits::METADATA_BYTES,
            data_bytes: limits::DATA_BYTES,
            draft_bytes: limits::DRAFT_BYTES,
            mentions: limits::MENTIONS,
            reactions: limits::REACTIONS,
            reaction_chars: limits::REACTION_CHARS,
            pins: limits::PINS,
            edit_window_ms: self.edit_window.map_or(0, millis),
        }
    }

    /// Whether people have accounts here, their own or those of an outside issuer; in open mode there
    /// are only names.
    pub fn has_accounts(&self) -> bool {
        !matches!(self.authentication, Authentication::Open)
    }
}

fn required(
    get: &impl Fn(&str) -> Option<String>,
    variable: &'static str,
) -> Result<String, InvalidConfig> {
    let set = get(variable).filter(|value| !value.is_empty());
    set.ok_or_else(|| InvalidConfig { variable, reason: "is not set".into() })
}

/// How people prove who they are; the mode has no default, so that nobody gets one by leaving it out.
fn authentication(get: &impl Fn(&str) -> Option<String>) -> Result<Authentication, InvalidConfig> {
    let mode = required(get, AUTH_MODE)?;
    match AuthMode::parse(&mode) {
        Some(AuthMode::Open) => Ok(Authentication::Open),
        Some(AuthMode::Accounts) => Ok(Authentication::Accounts { keys: token_keys(get) }),
        Some(AuthMode::Oidc) => Ok(Authentication::Oidc {
            issuer: required(get, OIDC_ISSUER)?,
            audience: required(get, OIDC_AUDIENCE)?,
        }),
        None => {
            let reason = format!("is {mode:?}, not \"open\", \"accounts\" or \"oidc\"");
            Err(InvalidConfig { variable: AUTH_MODE, reason })
        }
    }
}

fn token_keys(get: &impl Fn(&str) -> Option<String>) -> Option<TokenKeys> {
    let previous = get(TOKEN_KEY_PREVIOUS).filter(|key| !key.is_empty()).map(SecretString::from);
    Some(TokenKeys { current: get(TOKEN_KEY)?.into(), previous })
}

/// A variable that stops the start.
#[derive(Debug, thiserror::Error)]
#[error("{variable} {reason}")]
pub struct InvalidConfig {
    pub(crate) variable: &'static str,
    pub(crate) reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(changes: &[(&str, &str)]) -> Result<Config, String> {
        let read = Config::from_variables(|name| {
            if let Some((_, value)) = changes.iter().find(|(changed, _)| *changed == name) {
                return (!value.is_empty()).then(|| (*value).to_owned());
            }
            match name {
                "TABLE_NAME" => Some("confab".into()),
                "AUTH_MODE" => Some("open".into()),
                MANAGEMENT_ENDPOINT => Some("http://127.0.0.1:8080/dev".into()),
                _ => None,
            }
        });
        read.map_err(|invalid| invalid.to_string())
    }

    #[test]
    fn messages_are_kept_for_ever_unless_asked_otherwise() {
        assert_eq!(read(&[]).unwrap().retention, None);
        let kept = read(&[("RETENTION_DAYS", "2")]).unwrap().retention;
        assert_eq!(kept, Some(Duration::from_secs(172_800)));
    }

    #[test]
    fn nobody_gets_open_mode_by_leaving_it_out() {
        assert_eq!(read(&[("AUTH_MODE", "")]).unwrap_err(), "AUTH_MODE is not set");
        assert!(read(&[("AUTH_MODE", "opne")]).unwrap_err().starts_with("AUTH_MODE is \"opne\""));
    }

    #[test]
    fn no_log_level_shows_what_people_say() {
        let level = |value: &str| LogLevel::from_variable(|_| Some(value.to_owned()));
        assert_eq!(level("WARN").ok(), Some(LogLevel::Warn));
        let refused = level("DEBUG").unwrap_err().to_string();
        assert_eq!(refused, "LOG_LEVEL is \"DEBUG\", not \"INFO\", \"WARN\" or \"ERROR\"");
    }

    #[test]
    fn a_wrong_value_is_named() {
        for (name, value) in
            [("TABLE_NAME", ""), ("MAX_CONTENT_BYTES", "many"), ("MAX_CONTENT_BYTES", "0")]
        {
            assert!(read(&[(name, value)]).unwrap_err().starts_with(name), "{name}={value}");
        }
    }
}
