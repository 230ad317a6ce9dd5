//! `chat`: a client for terminals and scripts.
//!
//! - [`session`] is the protocol, without any I/O;
//! - [`line`] is the connection, [`http`] the HTTP API, [`account`] who one is;
//! - [`input`] and [`editor`] are what comes from a person or a pipe, [`command`] what it means;
//! - [`screen`] is what is shown, [`prompt`] what stands below it, [`paint`] and [`text`] how; [`names`] what people and rooms are called;
//! - [`client`] brings them together.

mod account;
mod addresses;
mod client;
mod command;
mod editor;
mod frames;
mod http;
mod input;
mod line;
mod names;
mod options;
mod paint;
mod prompt;
mod screen;
mod session;
mod text;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::sync::mpsc::unbounded_channel;

use crate::account::Account;
use crate::addresses::Addresses;
use crate::client::{Asker, Client, Goal, Manner};
use crate::editor::Settings;
use crate::http::Http;
use crate::line::Line;
use crate::names::Names;
use crate::options::Options;
use crate::paint::Paint;
use crate::screen::{Lines, Output, Screen};
use crate::text::visible;

/// How many messages a person sees of what was said before.
const HISTORY: u8 = 20;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    match chat(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told when this fails.
            drop(writeln!(std::io::stderr(), "chat: {}", visible(&format!("{error:#}"))));
            ExitCode::FAILURE
        }
    }
}

async fn chat(options: Options) -> anyhow::Result<()> {
    let addresses = Addresses::new(&options.url, options.http.as_deref())?;
    let account = Account::of(&options, Http::new(&addresses)?)?;
    let me = account.id().await?;
    let (manner, output) = manner(&options);
    let goal = match (options.to, options.room) {
        (Some(user), _) => Some(Goal::Person(user)),
        (None, Some(room)) => Some(Goal::Room(room)),
        (None, None) => None,
    };
    if goal.is_none() && matches!(manner, Manner::Pipe { listens: false, .. }) {
        anyhow::bail!("say where to send it: --to or --room");
    }
    let history = options.history.unwrap_or(if manner == Manner::Terminal { HISTORY } else { 0 });

    let names = Names::new(account.clone());
    let (shows, shown) = unbounded_channel();
    let screen = Screen::new(output, Lines::new(Paint::wanted(), names.clone(), &me));
    let screen = tokio::spawn(screen.run(shown));
    let line = Line::open(addresses, account.clone());
    let asker = Asker { account, names };
    let client = Client::new(&me, history.into(), manner, asker, line, shows);
    let settings = Settings::remember();
    let outcome = client.run(goal, options.create).await;
    // The screen ends with the last thing that is to be shown.
    drop(screen.await);
    drop(settings);
    outcome
}

/// How the client is used: by a person only if both ends are a terminal.
fn manner(options: &Options) -> (Manner, Output) {
    let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if is_terminal && !options.json {
        return (Manner::Terminal, Output::Terminal);
    }
    let timeout = Duration::from_secs(options.timeout);
    let output = if options.json { Output::Json } else { Output::Columns };
    (Manner::Pipe { timeout, listens: options.listen }, output)
}
