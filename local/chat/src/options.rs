//! What can be said on the command line.

use clap::{ArgGroup, Parser};
use secrecy::SecretString;

/// Chat from a terminal, or from a script through pipes.
///
/// In a terminal, type /help to see what can be done. Without one, every line that comes is sent,
/// and the program ends when all of them are acknowledged.
#[derive(Debug, Parser)]
#[command(name = "chat", version)]
#[command(group = ArgGroup::new("who").required(true).multiple(true))]
pub(crate) struct Options {
    /// Who you are, on a server that believes any name
    #[arg(long, value_name = "NAME", group = "who")]
    pub(crate) user: Option<String>,
    /// Sign in with this username; the password is asked for, or taken from CONFAB_PASSWORD
    #[arg(long, value_name = "USERNAME", group = "who", conflicts_with = "user")]
    pub(crate) login: Option<String>,
    /// An access token; others on this machine can see it here, so rather use the variable
    #[arg(long, env = "CONFAB_TOKEN", hide_env_values = true, group = "who")]
    pub(crate) token: Option<SecretString>,
    /// Talk to this person
    #[arg(long, value_name = "USER", conflicts_with = "room")]
    pub(crate) to: Option<String>,
    /// Talk in this room, and join it if need be
    #[arg(long, value_name = "ROOM")]
    pub(crate) room: Option<String>,
    /// Make the room if there is none of that name
    #[arg(long, requires = "room")]
    pub(crate) create: bool,
    /// The WebSocket API
    #[arg(long, env = "CONFAB_URL", default_value = "ws://127.0.0.1:8080/ws")]
    pub(crate) url: String,
    /// The HTTP API, if it is not on the same host: on AWS it is another
    #[arg(long, env = "CONFAB_HTTP", value_name = "URL")]
    pub(crate) http: Option<String>,
    /// Print every frame as a line of JSON; messages, also one's own, in order and once
    #[arg(long)]
    pub(crate) json: bool,
    /// How many messages to show of what was said before; 20 in a terminal, else none
    #[arg(long, value_name = "MESSAGES", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) history: Option<u8>,
    /// Go on listening when the input has ended
    #[arg(long)]
    pub(crate) listen: bool,
    /// Print all that is kept of oneself, or with --room of that room, as lines of JSON, and end
    #[arg(long, conflicts_with_all = ["to", "create", "listen", "history"])]
    pub(crate) export: bool,
    /// Print why a message was delivered or was not, and end: for operators of the local server
    #[arg(long, num_args = 2, value_names = ["CONVERSATION", "SEQ"],
        conflicts_with_all = ["to", "room", "create", "listen", "history", "export"])]
    pub(crate) why: Option<Vec<String>>,
    /// How many seconds to try without success before giving up; in a terminal for ever
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub(crate) timeout: u64,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Options::command().debug_assert();
    }
}
