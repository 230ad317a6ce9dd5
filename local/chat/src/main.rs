//! `chat`: a client for terminals and scripts.
//!
//! - the crate `client` keeps the protocol, [`server`] says where to connect and as whom;
//! - [`http`] is the HTTP API, [`account`] who one is;
//! - [`input`] and [`editor`] are what comes from a person or a pipe, [`command`] what it means, [`mentions`] whom it calls;
//! - [`screen`] is what is shown, [`prompt`] what stands below it, [`paint`] and [`text`] how; [`names`] what people and rooms are called;
//! - [`export`] prints what one takes with one, [`why`] what became of a message;
//! - [`app`] brings them together.

mod account;
mod addresses;
mod app;
mod command;
mod editor;
mod export;
mod http;
mod input;
mod mentions;
mod names;
mod options;
mod paint;
mod prompt;
mod screen;
mod server;
mod text;
mod why;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use client::connection::Connection;
use tokio::sync::mpsc::unbounded_channel;

use crate::account::Account;
use crate::addresses::Addresses;
use crate::app::{App, Destination, HttpRequests, Mode};
use crate::editor::Settings;
use crate::http::Http;
use crate::names::Names;
use crate::options::Options;
use crate::paint::Paint;
use crate::screen::{Lines, Output, Screen};
use crate::server::Server;
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
    if options.export {
        let exported = export::print(&account, options.room.as_deref()).await;
        account.sign_out().await;
        return exported;
    }
    if let Some([conversation, seq]) = options.why.as_deref() {
        let told = why::print(&account, conversation, seq).await;
        account.sign_out().await;
        return told;
    }
    let me = account.id().await?;
    let (mode, output) = mode_of(&options);
    let destination = match (options.to, options.room) {
        (Some(user), _) => Some(Destination::Person(user)),
        (None, Some(room)) => Some(Destination::Room(room)),
        (None, None) => None,
    };
    if destination.is_none() && matches!(mode, Mode::Pipe { listens: false, .. }) {
        anyhow::bail!("say where to send it: --to or --room");
    }
    let history = options.history.unwrap_or(if mode == Mode::Terminal { HISTORY } else { 0 });

    let names = Names::new(account.clone());
    let (shows, shown) = unbounded_channel();
    let screen = Screen::new(output, Lines::new(Paint::wanted(), names.clone(), &me));
    let screen = tokio::spawn(screen.run(shown));
    let connection = Connection::open(Server::new(addresses, account.clone()));
    let asker = HttpRequests { account, names };
    let app = App::new(&me, history.into(), mode, asker, connection, shows);
    let settings = Settings::remember();
    let outcome = app.run(destination, options.create).await;
    // The screen ends with the last thing that is to be shown.
    drop(screen.await);
    drop(settings);
    outcome
}

/// How the client is used: by a person only if both ends are a terminal.
fn mode_of(options: &Options) -> (Mode, Output) {
    let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if is_terminal && !options.json {
        return (Mode::Terminal, Output::Terminal);
    }
    let timeout = Duration::from_secs(options.timeout);
    let output = if options.json { Output::Json } else { Output::Columns };
    (Mode::Pipe { timeout, listens: options.listen }, output)
}
