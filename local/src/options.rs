//! What can be said on the command line, each also by an environment variable.

use std::net::IpAddr;
use std::path::PathBuf;

use axum::http::HeaderValue;
use clap::{Parser, ValueEnum};

use crate::faults::Scenario;
use crate::settings::Settings;

/// Confab on this machine: the functions behind an emulated API Gateway, with DynamoDB inside.
#[derive(Clone, Debug, Parser)]
#[command(version)]
pub struct Options {
    /// The address to listen on; everybody who reaches it can connect, in open mode by its number or
    /// a name that --cors-origins has
    #[arg(long, env = "CONFAB_HOST", default_value = "127.0.0.1")]
    pub host: IpAddr,
    /// The port for WebSocket, HTTP and management API; 0 picks a free one
    #[arg(long, env = "CONFAB_PORT", default_value_t = 8080)]
    pub port: u16,
    /// The folder that the embedded DynamoDB keeps its data in
    #[arg(long, env = "CONFAB_DATA", default_value = ".confab", value_name = "FOLDER")]
    pub data: PathBuf,
    /// Keep nothing: the embedded DynamoDB lives in memory
    #[arg(long, env = "CONFAB_MEMORY", conflicts_with = "dynamodb")]
    pub memory: bool,
    /// Use this DynamoDB instead of the embedded one, such as DynamoDB Local at
    /// <http://localhost:8000>; AWS itself gets the credentials of the environment
    #[arg(long, env = "CONFAB_DYNAMODB", value_name = "URL")]
    pub dynamodb: Option<String>,
    /// The port on which the embedded DynamoDB can be looked into; 0 picks a free one
    #[arg(long, env = "CONFAB_DYNAMODB_PORT", default_value_t = 8000)]
    pub dynamodb_port: u16,
    /// The name of the table, which is created if it does not exist
    #[arg(long, env = "CONFAB_TABLE", default_value = "confab", value_name = "NAME")]
    pub table: String,
    /// Read the table's stream every so many milliseconds, as Lambda does every 250, instead of as soon
    /// as there is something
    #[arg(long, env = "CONFAB_STREAM_INTERVAL", value_name = "MILLISECONDS",
        value_parser = clap::value_parser!(u32).range(1..))]
    pub stream_interval: Option<u32>,
    /// How callers prove who they are
    #[arg(long, env = "CONFAB_AUTH", value_enum, default_value_t = Auth::Open)]
    pub auth: Auth,
    /// Who issues tokens, with `--auth oidc`: what they have in `iss`, to the letter
    #[arg(long, env = "CONFAB_OIDC_ISSUER", value_name = "URL", required_if_eq("auth", "oidc"))]
    pub oidc_issuer: Option<String>,
    /// For whom tokens are to be, with `--auth oidc`
    #[arg(long, env = "CONFAB_OIDC_AUDIENCE", value_name = "ID", required_if_eq("auth", "oidc"))]
    pub oidc_audience: Option<String>,
    /// The web origins, such as <https://chat.example.com>, whose pages may call the HTTP API; in
    /// open mode other pages of elsewhere are refused, and this server by any name but localhost, a
    /// number, and those of the origins
    #[arg(long, env = "CONFAB_CORS_ORIGINS", value_name = "ORIGINS", value_delimiter = ',')]
    pub cors_origins: Vec<HeaderValue>,
    /// The folder that messages go to when they have expired, and are read from again; without it they
    /// are gone
    #[arg(long, env = "CONFAB_ARCHIVE", value_name = "FOLDER")]
    pub archive: Option<String>,
    /// Let things go wrong as they do on AWS now and then: what this number turns on, or what a JSON
    /// file names, such as {"seed":7,"latency_ms":50,"chances":{"cut":300}} with chances in 10,000
    #[arg(long, env = "CONFAB_FAULTS", value_name = "SEED|FILE")]
    pub faults: Option<Scenario>,
    /// What the functions are set to.
    #[command(flatten)]
    pub settings: Settings,
}

/// How callers prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Auth {
    /// Not at all: whoever names a user is believed to be them
    Open,
    /// By accounts: people register and show tokens
    Accounts,
    /// By tokens of an outside issuer
    Oidc,
}

impl Options {
    /// The options nobody has set, with the environment left out: everything in memory, on free
    /// ports of this machine, and senders may hurry.
    pub fn ephemeral() -> Self {
        Self {
            host: IpAddr::from([127, 0, 0, 1]),
            port: 0,
            data: PathBuf::new(),
            memory: true,
            dynamodb: None,
            dynamodb_port: 0,
            table: "confab".into(),
            stream_interval: None,
            auth: Auth::Open,
            oidc_issuer: None,
            oidc_audience: None,
            cors_origins: Vec::new(),
            archive: None,
            faults: None,
            settings: without_rate_limits(),
        }
    }
}

/// The settings nobody has set, but that nothing is done too often.
fn without_rate_limits() -> Settings {
    let mut settings = Settings::default();
    for limit in ["RATE_LIMIT", "NOTICES_PER_MINUTE", "SIGN_INS_PER_ADDRESS"] {
        settings.set(limit, "0");
    }
    settings
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Options::command().debug_assert();
    }

    #[test]
    fn every_option_has_an_environment_variable_and_help() {
        for argument in Options::command().get_arguments() {
            let name = argument.get_id().as_str();
            if ["help", "version"].contains(&name) {
                continue;
            }
            let variable = format!("CONFAB_{}", name.to_uppercase());
            assert_eq!(argument.get_env(), Some(variable.as_ref()), "{name}");
            assert!(argument.get_help().is_some(), "{name}");
        }
    }
}
