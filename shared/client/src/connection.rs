//! A WebSocket to a server, made again whenever it ends.

use std::time::{Duration, Instant};

use futures::{SinkExt, StreamExt};
use protocol::{ClientFrame, RenewRequest};
use secrecy::SecretString;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{
    UnboundedReceiver, UnboundedSender, WeakUnboundedSender, unbounded_channel,
};
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(15);
/// How long a frame may take to be sent: meanwhile nothing else is done.
const SENDING: Duration = Duration::from_secs(5);
/// The pauses between tries: they double from the first to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// How long a close may take to be said.
const FAREWELL: Duration = Duration::from_secs(1);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What becomes of the connection.
#[derive(Debug)]
pub enum Event {
    /// It stands.
    Up,
    /// A frame came.
    Frame(String),
    /// It has ended or could not be made; the next is tried.
    Down(String),
    /// It is refused, and trying again does not help.
    Refused(String),
    /// It was closed because that was asked for.
    Closed,
}

/// What to do with the connection.
#[derive(Debug)]
pub enum Command {
    /// Send a frame, if it stands.
    Send(String),
    /// Give it up and make another.
    Replace,
    /// Close it.
    Close,
}

/// Who the server is, and how to be let in.
pub trait Server: Clone + Send + Sync + 'static {
    /// The handshake, with what proves who one is.
    fn handshake(&self) -> impl Future<Output = Result<Request, Failure>> + Send;

    /// What a handshake that failed means.
    fn failure(&self, error: &Error) -> impl Future<Output = Failure> + Send;

    /// When to show a fresh token, if tokens end.
    fn stale_at(&self) -> impl Future<Output = Option<Instant>> + Send {
        std::future::ready(None)
    }

    /// A fresh token, if one can be had.
    fn fresh_token(&self) -> impl Future<Output = Option<SecretString>> + Send {
        std::future::ready(None)
    }
}

/// Both ends of the task that holds the connection.
#[derive(Debug)]
pub struct Connection {
    /// What it is to do.
    pub commands: UnboundedSender<Command>,
    /// What becomes of it.
    pub events: UnboundedReceiver<Event>,
}

impl Connection {
    /// Connects, and stays connected until told otherwise.
    pub fn open(server: impl Server) -> Self {
        let (commands, receiver) = unbounded_channel();
        let (sender, events) = unbounded_channel();
        let own_commands = commands.downgrade();
        let task = Task { server, commands: receiver, own_commands, events: sender };
        tokio::spawn(task.run());
        Self { commands, events }
    }
}

struct Task<S> {
    server: S,
    commands: UnboundedReceiver<Command>,
    own_commands: WeakUnboundedSender<Command>,
    events: UnboundedSender<Event>,
}

/// Why there is no connection.
#[derive(Debug)]
pub enum Failure {
    /// The next try may succeed.
    MayPass(String),
    /// No other try will.
    ForGood(String),
}

/// Why a connection has ended.
enum End {
    Lost(String),
    Wanted,
}

/// Makes a connection.
async fn connect(server: &impl Server) -> Result<Socket, Failure> {
    let handshake = server.handshake().await?;
    match tokio::time::timeout(HANDSHAKE, connect_async_with_config(handshake, None, true)).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(error)) => Err(server.failure(&error).await),
        Err(_) => Err(Failure::MayPass("it does not answer".into())),
    }
}

/// The cause that says most: the first of all.
pub fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.last().map(ToString::to_string).unwrap_or_default()
}

impl<S: Server> Task<S> {
    async fn run(mut self) {
        let mut failures = 0;
        loop {
            let connection = tokio::select! {
                connection = connect(&self.server) => connection,
                () = closed(&mut self.commands) => return self.tell(Event::Closed),
            };
            let event = match connection {
                Ok(socket) => {
                    self.tell(Event::Up);
                    let (end, heard) = self.carry(socket).await;
                    failures = if heard { 0 } else { failures };
                    match end {
                        End::Lost(reason) => Event::Down(reason),
                        End::Wanted => Event::Closed,
                    }
                }
                Err(Failure::MayPass(reason)) => Event::Down(reason),
                Err(Failure::ForGood(reason)) => Event::Refused(reason),
            };
            let is_over = matches!(event, Event::Closed | Event::Refused(_));
            self.tell(event);
            if is_over {
                return;
            }
            if tokio::time::timeout(pause(failures), closed(&mut self.commands)).await.is_ok() {
                return self.tell(Event::Closed);
            }
            failures += 1;
        }
    }

    fn tell(&self, event: Event) {
        // Nobody listens any more when the client has ended.
        drop(self.events.send(event));
    }

    /// Carries frames both ways until the connection ends; how it did, and whether anything came.
    async fn carry(&mut self, mut socket: Socket) -> (End, bool) {
        let mut heard = false;
        let mut renewal = self.server.stale_at().await;
        loop {
            tokio::select! {
                incoming = socket.next() => match incoming {
                    Some(Ok(Message::Text(text))) => {
                        heard = true;
                        self.tell(Event::Frame(text.as_str().to_owned()));
                    }
                    Some(Ok(Message::Close(_))) | None => {
                        return (End::Lost("the server closed it".into()), heard);
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return (End::Lost(innermost(&error)), heard),
                },
                command = self.commands.recv() => match command {
                    Some(Command::Send(frame)) => {
                        let frame = socket.send(Message::text(frame));
                        match tokio::time::timeout(SENDING, frame).await {
                            Ok(Ok(())) => {}
                            Ok(Err(error)) => return (End::Lost(innermost(&error)), heard),
                            Err(_) => return (End::Lost("it takes nothing".into()), heard),
                        }
                    }
                    Some(Command::Replace) => return (End::Lost("it is silent".into()), heard),
                    Some(Command::Close) | None => {
                        drop(tokio::time::timeout(FAREWELL, socket.close(None)).await);
                        return (End::Wanted, heard);
                    }
                },
                () = sleep_until(renewal) => renewal = self.renew().await,
            }
        }
    }

    /// Shows a fresh token if it is time, so that the connection outlives the old one; when to look
    /// again. If that does not work out, the connection ends with its token, and the next one shows a
    /// fresh one.
    async fn renew(&self) -> Option<Instant> {
        let stale = self.server.stale_at().await?;
        let now = Instant::now();
        if stale > now {
            return Some(stale);
        }
        let (server, commands) = (self.server.clone(), self.own_commands.clone());
        tokio::spawn(async move {
            let Some(token) = server.fresh_token().await else { return };
            let frame = ClientFrame::Renew(RenewRequest { token }).encode(None);
            // The connection may have ended meanwhile; the next has the fresh token already.
            commands.upgrade().map(|commands| commands.send(Command::Send(frame)));
        });
        Some(now + LONGEST_PAUSE)
    }
}

/// Returns when the connection is wanted no more. Whatever else was to go over the last one is asked
/// for anew by its author.
async fn closed(commands: &mut UnboundedReceiver<Command>) {
    while let Some(command) = commands.recv().await {
        if matches!(command, Command::Close) {
            return;
        }
    }
}

async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}

/// The pause after so many failures: half of it by chance, so that clients that lost a server at the
/// same time do not come back at the same time.
fn pause(failures: u32) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(1 << failures.min(10)).min(LONGEST_PAUSE);
    longest.mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::*;

    /// A server that nobody connects to.
    #[derive(Clone)]
    struct Nowhere;

    impl Server for Nowhere {
        async fn handshake(&self) -> Result<Request, Failure> {
            Err(Failure::ForGood("there is none".into()))
        }

        async fn failure(&self, error: &Error) -> Failure {
            Failure::ForGood(error.to_string())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_takes_nothing_is_given_up() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (_deaf, _) = listener.accept().await.unwrap();
        let stream = MaybeTlsStream::Plain(stream);
        let socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;

        let (sender, commands) = unbounded_channel();
        let own_commands = sender.downgrade();
        let events = unbounded_channel().0;
        let mut task = Task { server: Nowhere, commands, own_commands, events };
        for _ in 0..64 {
            sender.send(Command::Send("x".repeat(1024 * 1024))).unwrap();
        }
        let carried = tokio::time::timeout(SENDING * 100, task.carry(socket)).await;
        assert!(matches!(carried, Ok((End::Lost(_), false))));
    }

    #[test]
    fn pauses_grow_to_a_limit() {
        for failures in 0..40 {
            assert!((FIRST_PAUSE / 2..=LONGEST_PAUSE).contains(&pause(failures)));
        }
        assert!(pause(0) <= FIRST_PAUSE && pause(30) >= LONGEST_PAUSE / 2);
    }
}
