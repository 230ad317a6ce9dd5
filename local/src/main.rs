//! `cargo run -p local`: the local server.

use std::process::ExitCode;

use clap::Parser;
use local::faults::{Fault, Faults};
use local::options::{Auth, Options};
use local::server::Server;
use tracing_subscriber::EnvFilter;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// After so many turns of tasks the sockets are looked at, however busy the server is. A turn can take
/// as long as a whole message does, since the engine answers at once: with tokio's 61, a message that
/// has arrived would wait until those of many others are served.
const TURNS_BETWEEN_SOCKETS: u32 = 8;

fn main() -> ExitCode {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.enable_all().event_interval(TURNS_BETWEEN_SOCKETS).build();
    runtime.expect("the process may start threads").block_on(serve())
}

async fn serve() -> ExitCode {
    let options = Options::parse();
    // The engine warns of every refused condition, which here is how things work.
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,dynoxide=error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();

    let server = match Server::start(&options).await {
        Ok(server) => server,
        Err(error) => {
            eprintln!("{error:#}");
            return ExitCode::FAILURE;
        }
    };
    print_banner(&options, &server);
    wait_for_the_end().await;
    let faults = server.faults().cloned();
    server.stop().await;
    if let Some(faults) = faults {
        count(&faults);
    }
    ExitCode::SUCCESS
}

/// Says how often each fault fired.
#[expect(clippy::print_stdout, reason = "this is what the person at the terminal reads")]
fn count(faults: &Faults) {
    let total: u64 = faults.fired().iter().sum();
    println!("\nWhat went wrong: {total} faults fired\n");
    for ((fault, _), times) in Fault::ALL.iter().zip(faults.fired()) {
        if times > 0 {
            println!("    {:<18}{times:>7}", fault.to_string());
        }
    }
}

#[expect(clippy::print_stdout, reason = "this is what the person at the terminal reads")]
fn print_banner(options: &Options, server: &Server) {
    let (websocket, http, dynamodb) =
        (server.websocket_url(), server.http_url(), server.dynamodb_url());
    let kept = match (&options.dynamodb, options.memory) {
        (Some(_), _) => "another process".to_owned(),
        (None, true) => "memory: nothing is kept".to_owned(),
        (None, false) => format!("kept in {}", options.data.display()),
    };
    let faults = match &options.faults {
        Some(scenario) => format!("\n\n  FAULTS ARE ON: {scenario}"),
        None => String::new(),
    };
    let (mode, connect, speak, read) = introduction(options.auth, &websocket, &http);
    println!(
        "Confab is ready.

  WebSocket   {websocket}{connect}
  HTTP        {http}
  DynamoDB    {dynamodb} ({kept}, table {table})

  {mode}{faults}

Open {http}/ in a browser; {http}/_local shows what happens.

{speak}

then type in the first:

  {{\"action\":\"message\",\"to\":\"b\",\"content\":\"Hello\"}}

and read what was said:

  {read}

Ctrl-C stops the server.",
        table = options.table,
    );
}

/// How people get in: what the mode means, what a URL ends with, how two connect, how one reads.
fn introduction(
    auth: Auth,
    websocket: &str,
    http: &str,
) -> (&'static str, &'static str, String, String) {
    if auth == Auth::Open {
        return (
            "OPEN MODE: whoever names a user is believed to be them.",
            "?user_id=NAME",
            format!(
                "Or chat between two terminals:

  npx wscat -c \"{websocket}?user_id=a\"
  npx wscat -c \"{websocket}?user_id=b\""
            ),
            format!("curl \"{http}/messages?user1=a&user2=b\""),
        );
    }
    let (mode, token) = match auth {
        Auth::Oidc => ("OIDC: people show tokens of an outside issuer.", String::new()),
        Auth::Open | Auth::Accounts => (
            "ACCOUNTS: people register and show tokens.",
            format!(
                "Make two accounts, a and b, and keep their access tokens:

  curl {http}/api/register -d '{{\"username\":\"a\",\"password\":\"a good password\"}}'

"
            ),
        ),
    };
    let speak = format!(
        "{token}Chat between two terminals:

  npx wscat -c {websocket} -H \"Authorization: Bearer ACCESS_TOKEN\""
    );
    let bearer = "-H \"Authorization: Bearer ACCESS_TOKEN\"";
    (mode, "", speak, format!("curl {bearer} \"{http}/api/messages?with=b\""))
}

/// Ctrl-C, or the signal by which process managers ask to stop.
async fn wait_for_the_end() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminated =
            signal(SignalKind::terminate()).expect("the process may listen for signals");
        tokio::select! {
            _ = interrupted => {}
            _ = terminated.recv() => {}
        }
    }
    #[cfg(not(unix))]
    interrupted.await.expect("the process may listen for Ctrl-C");
}
