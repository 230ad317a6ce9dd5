//! `cargo run --profile server -p bench`: how fast a chat server is, beside a yardstick that keeps nothing.
//!
//! - [`kinds`] is what is measured; [`load`] lets people talk and listens; [`heard`] counts what came,
//!   what is missing, and how late it is.
//! - [`target`] is how a server is spoken to; [`server`] starts one and tells what it takes of the
//!   machine; [`yardstick`] is the one to compare with.
//! - [`report`] shows it.
//! - [`functions`] measures the Lambda binaries.
//! - What AWS would charge is for [`local::cost`] to say.

mod functions;
mod heard;
mod kinds;
mod load;
mod payload;
mod report;
mod server;
mod target;
mod yardstick;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::bail;
use clap::{Parser, ValueEnum};

use kinds::Bench;
use report::Row;
use server::{Server, Storage};
use target::Target;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures a chat server.
#[derive(Debug, Parser)]
struct Options {
    /// What to measure; everything but what it costs if it is left out
    #[arg(value_enum)]
    kinds: Vec<Kind>,
    /// How many seconds each
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// How long a message is, in bytes
    #[arg(long, default_value_t = 100)]
    bytes: usize,
    /// Messages a second, of all senders together; without it each message follows the answer to the
    /// one before
    #[arg(long)]
    rate: Option<f64>,
    /// How many people a room, the lobby or an idle crowd has
    #[arg(long)]
    connections: Option<usize>,
    /// How many of them send
    #[arg(long)]
    senders: Option<usize>,
    /// How many messages wait or are read back
    #[arg(long, default_value_t = 1_000)]
    messages: u64,
    /// Where the server that is started keeps what it is told
    #[arg(long, value_enum, default_value = "memory")]
    storage: Storage,
    /// The server's program
    #[arg(long, default_value = "target/server/local")]
    server: PathBuf,
    /// Measures the functions' binaries in this folder instead: their size, start and memory, and what a
    /// direct message takes
    #[arg(long, value_name = "FOLDER", conflicts_with = "kinds")]
    functions: Option<PathBuf>,
    /// Only counts how many instructions a direct message takes; it is a failure if they are more or
    /// fewer than this by five of a hundred
    #[arg(long, requires = "functions")]
    instructions: Option<u64>,
    /// A Confab server that runs already: its HTTP URL
    #[arg(long, requires = "websocket")]
    http: Option<String>,
    /// The WebSocket URL of a server that runs already: of Confab with --http, else of one that sends
    /// each text to everybody
    #[arg(long)]
    websocket: Option<String>,
    /// A Socket.IO server that emits each `message` to everybody, such as `ws://127.0.0.1:3000`
    #[arg(long, conflicts_with = "websocket")]
    socket_io: Option<String>,
    /// Prints JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Runs the yardstick alone, and says on which port
    #[arg(long)]
    yardstick: bool,
    /// Options for the server that is started, such as `--stream-interval 250`
    #[arg(last = true, value_name = "OPTIONS")]
    server_options: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Direct messages, one sender and fifty
    Dm,
    /// Rooms of twenty and a hundred
    Room,
    /// Broadcasts
    Lobby,
    /// People who come and go
    Connect,
    /// Connections that say nothing
    Idle,
    /// Pages over HTTP
    History,
    /// Somebody comes back for whom messages wait
    Backlog,
    /// Direct messages again, with 1,000, 10,000 and 100,000 stored, and after a restart
    Growth,
    /// What AWS would charge, which is computed, not measured: by itself
    Cost,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    if options.yardstick {
        return yardstick::serve().await;
    }
    if let Some(folder) = &options.functions {
        return measure_functions(folder, &options).await;
    }
    let kinds: Vec<_> = match &options.kinds[..] {
        [Kind::Cost] => {
            say(local::cost::tables::all().trim_end());
            return Ok(());
        }
        [] => Kind::value_variants().iter().copied().filter(|kind| *kind != Kind::Cost).collect(),
        some if some.contains(&Kind::Cost) => bail!("`cost` goes by itself: it measures nothing"),
        some => some.to_vec(),
    };
    let mut bench = Bench::new(Duration::from_secs_f64(options.seconds), options.bytes);
    let mut server = match elsewhere(&options)? {
        Some(target) => Server::elsewhere(target),
        None => Server::confab(&options.server, &options.server_options, options.storage).await?,
    };
    let yardstick = Server::yardstick().await?;
    let mut rows = Vec::new();
    for kind in kinds {
        eprintln!("{kind:?} …");
        let measured = measure(kind, &options, &mut bench, &mut server, &yardstick).await?;
        rows.extend(measured);
    }
    let shown = if options.json { serde_json::to_string(&rows)? } else { report::table(&rows) };
    say(&shown);
    Ok(())
}

/// The functions' binaries, with DynamoDB in memory beside them.
async fn measure_functions(folder: &Path, options: &Options) -> anyhow::Result<()> {
    let server = Server::confab(&options.server, &options.server_options, Storage::Memory).await?;
    if let Some(expected) = options.instructions {
        let counted = functions::check(folder, &server, expected).await?;
        say(&format!(
            "a direct message takes {counted} instructions, about {expected} as it should"
        ));
        return Ok(());
    }
    let figures = functions::measure(folder, &server).await?;
    let json = || serde_json::to_string(&figures);
    say(&if options.json { json()? } else { functions::table(&figures) });
    Ok(())
}

/// The server that runs already, if the options name one.
fn elsewhere(options: &Options) -> anyhow::Result<Option<Target>> {
    Ok(match (&options.http, &options.websocket, &options.socket_io) {
        (Some(http), Some(websocket), _) => {
            Some(Target::Confab { websocket: websocket.clone(), http: http.clone() })
        }
        (None, Some(websocket), _) => Some(Target::Broadcast { websocket: websocket.clone() }),
        (None, None, Some(websocket)) => Some(Target::SocketIo { websocket: websocket.clone() }),
        (None, None, None) => None,
        (Some(_), None, _) => bail!("--http needs --websocket"),
    })
}

/// One kind, as often as it has sizes.
async fn measure(
    kind: Kind,
    options: &Options,
    bench: &mut Bench,
    server: &mut Server,
    yardstick: &Server,
) -> anyhow::Result<Vec<Row>> {
    let mut rows = match kind {
        Kind::Dm => {
            let mut rows = Vec::new();
            for pairs in options.senders.map_or(vec![1, 50], |senders| vec![senders]) {
                let row = bench.direct(server, pairs, options.rate).await?;
                if pairs > 1 {
                    // With the yardstick, each would hear what all of them say.
                    rows.push(row);
                    continue;
                }
                let bare = bench.lobby(yardstick, (2, 1), options.rate).await?;
                let [bare, row] = compared(bare, row);
                // There the sender hears it, too.
                let of_yardstick = row.of_yardstick.map(|part| 2.0 * part);
                rows.extend([bare, Row { of_yardstick, ..row }]);
            }
            rows
        }
        Kind::Room | Kind::Lobby => beside(kind, options, bench, server, yardstick).await?,
        Kind::Connect => {
            let at_once = options.connections.unwrap_or(20);
            let bare = bench.connects(yardstick, at_once).await?;
            compared(bare, bench.connects(server, at_once).await?).into()
        }
        Kind::Idle => {
            let connections = options.connections.unwrap_or(1_000);
            let bare = bench.idle(yardstick, connections).await?;
            compared(bare, bench.idle(server, connections).await?).into()
        }
        Kind::History => vec![bench.history(server, options.messages, 10).await?],
        Kind::Backlog => vec![bench.backlog(server, options.messages).await?],
        Kind::Growth => growth(options, bench, server).await?,
        // It is printed before anything is started.
        Kind::Cost => Vec::new(),
    };
    for row in rows.iter_mut().filter(|row| row.target.is_empty()) {
        row.target = match options.storage {
            _ if options.websocket.is_some() || options.socket_io.is_some() => "elsewhere".into(),
            Storage::Memory => "in memory".into(),
            Storage::File => "in a file".into(),
        };
    }
    Ok(rows)
}

/// What many hear, beside the yardstick, which does the same.
async fn beside(
    kind: Kind,
    options: &Options,
    bench: &mut Bench,
    server: &Server,
    yardstick: &Server,
) -> anyhow::Result<Vec<Row>> {
    let sizes = match (options.connections, options.senders) {
        (None, None) => vec![(20, 1), (20, 2), (100, 2), (100, 20)],
        (connections, senders) => {
            let connections = connections.unwrap_or(20);
            vec![(connections, senders.unwrap_or(1).min(connections))]
        }
    };
    let mut rows = Vec::new();
    for size in sizes {
        let bare = bench.lobby(yardstick, size, options.rate).await?;
        let row = match kind {
            Kind::Room => bench.room(server, size, options.rate).await?,
            _ => bench.lobby(server, size, options.rate).await?,
        };
        rows.extend(compared(bare, row));
    }
    Ok(rows)
}

/// What the yardstick did, and what was measured beside it.
fn compared(bare: Row, row: Row) -> [Row; 2] {
    let of_yardstick = Some(row.per_second / bare.per_second);
    [Row { target: "yardstick".into(), ..bare }, Row { of_yardstick, ..row }]
}

/// Direct messages again and again, while more and more is stored.
async fn growth(
    options: &Options,
    bench: &mut Bench,
    server: &mut Server,
) -> anyhow::Result<Vec<Row>> {
    let (mut rows, mut stored) = (Vec::new(), 0);
    for messages in [0, 1_000, 10_000, 100_000] {
        bench.grow(server, messages - stored).await?;
        stored = messages;
        let mut row = bench.direct(server, 50, options.rate).await?;
        row.note = format!("{} (with {messages} stored)", row.note);
        rows.push(row);
    }
    if options.storage == Storage::File {
        let took = server.restart().await?;
        let mut row = bench.direct(server, 50, options.rate).await?;
        row.note = format!("{} (after a restart of {took:.2?})", row.note);
        rows.push(row);
    }
    Ok(rows)
}

/// Prints what was asked for.
#[expect(clippy::print_stdout, reason = "this is what it is run for")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}
