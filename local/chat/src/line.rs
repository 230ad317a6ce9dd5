//! The connection, made again whenever it ends.

use std::time::{Duration, Instant};

use futures::{SinkExt, StreamExt};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{
    UnboundedReceiver, UnboundedSender, WeakUnboundedSender, unbounded_channel,
};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::account::Account;
use crate::addresses::Addresses;
use crate::http::{Credential, HttpError, innermost};

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
pub(crate) enum News {
    /// It stands.
    Up,
    /// A frame came.
    Frame(Value),
    /// It has ended or could not be made; the next is tried.
    Down(String),
    /// It is refused, and trying again does not help.
    Refused(String),
    /// It was closed because that was asked for.
    Closed,
}

/// What to do with the connection.
#[derive(Debug)]
pub(crate) enum Order {
    /// Send a frame, if it stands.
    Send(Value),
    /// Give it up and make another.
    Replace,
    /// Close it.
    Close,
}

/// Both ends of the task that holds the connection.
pub(crate) struct Line {
    pub(crate) orders: UnboundedSender<Order>,
    pub(crate) news: UnboundedReceiver<News>,
}

impl Line {
    /// Connects, and stays connected until told otherwise.
    pub(crate) fn open(addresses: Addresses, account: Account) -> Self {
        let (orders, receiver) = unbounded_channel();
        let (sender, news) = unbounded_channel();
        let own_orders = orders.downgrade();
        let server = Server { addresses, account };
        let task = Task { server, orders: receiver, own_orders, news: sender };
        tokio::spawn(task.run());
        Self { orders, news }
    }
}

struct Server {
    addresses: Addresses,
    account: Account,
}

struct Task {
    server: Server,
    orders: UnboundedReceiver<Order>,
    own_orders: WeakUnboundedSender<Order>,
    news: UnboundedSender<News>,
}

/// Why there is no connection.
enum Failure {
    MayPass(String),
    ForGood(String),
}

/// Why a connection has ended.
enum End {
    Lost(String),
    Wanted,
}

impl Server {
    async fn connect(&self) -> Result<Socket, Failure> {
        let credential = match self.account.credential().await {
            Ok(credential) => credential,
            // 429 is no verdict: the server is asked too much.
            Err(error @ HttpError::Refused { status: 400..=428 | 430..500, .. }) => {
                return Err(Failure::ForGood(error.to_string()));
            }
            Err(error) => return Err(Failure::MayPass(error.to_string())),
        };
        let mut query = vec![("history", "0")];
        if let Credential::Name(user) = &credential {
            query.push(("user_id", user));
        }
        let url = self.addresses.websocket_with(&query);
        let request = url.as_str().into_client_request();
        let mut request = request.map_err(|error| Failure::ForGood(format!("--url: {error}")))?;
        if let Credential::Token(token) = &credential {
            let bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()));
            let mut bearer = bearer.map_err(|_| Failure::ForGood("that is no token".into()))?;
            bearer.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, bearer);
        }
        match tokio::time::timeout(HANDSHAKE, connect_async(request)).await {
            Ok(Ok((socket, _))) => Ok(socket),
            Ok(Err(error)) => Err(self.failure(&error).await),
            Err(_) => Err(Failure::MayPass("it does not answer".into())),
        }
    }

    async fn failure(&self, error: &Error) -> Failure {
        match error {
            Error::Http(answer) if answer.status().as_u16() == 401 => {
                if self.account.is_refused().await {
                    return Failure::MayPass("the token is not good any more".into());
                }
                Failure::ForGood("the server does not believe who you are".into())
            }
            // API Gateway forbids also what is at none of its addresses.
            Error::Http(answer) if answer.status().as_u16() == 403 => {
                let url = self.addresses.websocket();
                Failure::ForGood(format!("{url} is forbidden: check --url, and who you are"))
            }
            Error::Http(answer) if answer.status().as_u16() == 404 => {
                let url = self.addresses.websocket();
                Failure::ForGood(format!("there is no WebSocket API at {url}; is --url right?"))
            }
            Error::Http(answer) => Failure::MayPass(format!("it answers {}", answer.status())),
            Error::Url(error) => Failure::ForGood(format!("--url: {error}")),
            error => {
                let url = self.addresses.websocket();
                Failure::MayPass(format!("{url} cannot be reached: {}", innermost(error)))
            }
        }
    }
}

impl Task {
    async fn run(mut self) {
        let mut failures = 0;
        loop {
            let connection = tokio::select! {
                connection = self.server.connect() => connection,
                () = closed(&mut self.orders) => return self.tell(News::Closed),
            };
            let news = match connection {
                Ok(socket) => {
                    self.tell(News::Up);
                    let (end, heard) = self.carry(socket).await;
                    failures = if heard { 0 } else { failures };
                    match end {
                        End::Lost(reason) => News::Down(reason),
                        End::Wanted => News::Closed,
                    }
                }
                Err(Failure::MayPass(reason)) => News::Down(reason),
                Err(Failure::ForGood(reason)) => News::Refused(reason),
            };
            let is_over = matches!(news, News::Closed | News::Refused(_));
            self.tell(news);
            if is_over {
                return;
            }
            if tokio::time::timeout(pause(failures), closed(&mut self.orders)).await.is_ok() {
                return self.tell(News::Closed);
            }
            failures += 1;
        }
    }

    fn tell(&self, news: News) {
        // Nobody listens any more when the client has ended.
        drop(self.news.send(news));
    }

    /// Carries frames both ways until the connection ends; how it did, and whether anything came.
    async fn carry(&mut self, mut socket: Socket) -> (End, bool) {
        let mut heard = false;
        let mut renewal = self.server.account.stale_at().await;
        loop {
            tokio::select! {
                incoming = socket.next() => match incoming {
                    Some(Ok(Message::Text(text))) => {
                        heard = true;
                        if let Ok(frame) = serde_json::from_str(&text) {
                            self.tell(News::Frame(frame));
                        }
                    }
                    Some(Ok(Message::Close(_))) | None => {
                        return (End::Lost("the server closed it".into()), heard);
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return (End::Lost(innermost(&error)), heard),
                },
                order = self.orders.recv() => match order {
                    Some(Order::Send(frame)) => {
                        let frame = socket.send(Message::text(frame.to_string()));
                        match tokio::time::timeout(SENDING, frame).await {
                            Ok(Ok(())) => {}
                            Ok(Err(error)) => return (End::Lost(innermost(&error)), heard),
                            Err(_) => return (End::Lost("it takes nothing".into()), heard),
                        }
                    }
                    Some(Order::Replace) => return (End::Lost("it is silent".into()), heard),
                    Some(Order::Close) | None => {
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
        let stale = self.server.account.stale_at().await?;
        let now = Instant::now();
        if stale > now {
            return Some(stale);
        }
        let (account, orders) = (self.server.account.clone(), self.own_orders.clone());
        tokio::spawn(async move {
            let Ok(Credential::Token(token)) = account.credential().await else { return };
            let frame = json!({ "action": "renew", "token": token.expose_secret() });
            // The connection may have ended meanwhile; the next has the fresh token already.
            orders.upgrade().map(|orders| orders.send(Order::Send(frame)));
        });
        Some(now + LONGEST_PAUSE)
    }
}

/// Returns when the connection is wanted no more. Whatever else was to go over the last one is asked
/// for anew by its author.
async fn closed(orders: &mut UnboundedReceiver<Order>) {
    while let Some(order) = orders.recv().await {
        if matches!(order, Order::Close) {
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
    use clap::Parser;
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::*;
    use crate::http::Http;
    use crate::options::Options;

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_takes_nothing_is_given_up() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (_deaf, _) = listener.accept().await.unwrap();
        let stream = MaybeTlsStream::Plain(stream);
        let socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;

        let options = Options::parse_from(["chat", "--user", "alice"]);
        let addresses = Addresses::new(&options.url, None).unwrap();
        let account = Account::of(&options, Http::new(&addresses).unwrap()).unwrap();
        let (sender, orders) = unbounded_channel();
        let own_orders = sender.downgrade();
        let server = Server { addresses, account };
        let mut task = Task { server, orders, own_orders, news: unbounded_channel().0 };
        for _ in 0..64 {
            sender.send(Order::Send("x".repeat(1024 * 1024).into())).unwrap();
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
