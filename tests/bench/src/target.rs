//! What is measured: a Confab server, one that sends every text to everybody, or one that speaks
//! Socket.IO.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// tungstenite clears the whole of its buffer before every read: the 128 KB it has by itself would take
/// a fifth of the generator's time from the server.
const BUFFER_BYTES: usize = 16 * 1024;

/// How long a handshake may take, and its welcome.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is measured, and where it is.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// A Confab server in open mode, or one deployed so.
    Confab {
        /// Such as `ws://127.0.0.1:8080/ws`.
        websocket: String,
        /// Such as `http://127.0.0.1:8080`.
        http: String,
    },
    /// A server that sends each text to every connection, that of its sender among them.
    Broadcast {
        /// Where it is.
        websocket: String,
    },
    /// A Socket.IO server that emits each `message` to every connection, that of its sender among them
    /// (<https://socket.io/docs/v4/socket-io-protocol/>).
    SocketIo {
        /// Its URL, without `/socket.io/`.
        websocket: String,
    },
}

/// To whom something is said.
#[derive(Clone, Debug)]
pub(crate) enum Destination {
    /// One person.
    User(String),
    /// A room, by id.
    Room(String),
    /// Everybody.
    Everybody,
}

/// What came over a connection.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// Somebody said this.
    Message(String),
    /// What was said last is kept.
    Ack,
    /// The server failed, or refused something.
    Failure(String),
    /// Something else, by its type.
    Other(String),
}

/// The half of a connection that sends.
#[derive(Clone)]
pub(crate) struct Writer {
    kind: Kind,
    sink: Arc<Mutex<SplitSink<Socket, Message>>>,
}

/// The half that receives.
pub(crate) struct Reader {
    kind: Kind,
    sink: Arc<Mutex<SplitSink<Socket, Message>>>,
    stream: SplitStream<Socket>,
    /// How many frames came in which somebody said something.
    pub(crate) frames: u64,
    /// What came with others in one frame.
    unread: VecDeque<Incoming>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Confab,
    Broadcast,
    SocketIo,
}

/// As much of a frame as counts here.
#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "kind")]
    of_message: Option<Cow<'a, str>>,
    #[serde(borrow)]
    content: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    messages: Vec<Self>,
    #[serde(default)]
    message: serde_json::Value,
    #[serde(default)]
    reason: serde_json::Value,
}

impl Target {
    fn kind(&self) -> Kind {
        match self {
            Self::Confab { .. } => Kind::Confab,
            Self::Broadcast { .. } => Kind::Broadcast,
            Self::SocketIo { .. } => Kind::SocketIo,
        }
    }

    /// Whether what is said is acknowledged; otherwise its sender hears it come back.
    pub(crate) fn acknowledges(&self) -> bool {
        self.kind() == Kind::Confab
    }

    /// Connects somebody, and waits until they are welcome.
    pub(crate) async fn connect(&self, user: &str) -> anyhow::Result<(Writer, Reader)> {
        tokio::time::timeout(PATIENCE, self.connected(user)).await.context("not in time")?
    }

    async fn connected(&self, user: &str) -> anyhow::Result<(Writer, Reader)> {
        let url = match self {
            Self::Confab { websocket, .. } => format!("{websocket}?user_id={user}&history=0"),
            Self::Broadcast { websocket } => websocket.clone(),
            Self::SocketIo { websocket } => {
                format!("{websocket}/socket.io/?EIO=4&transport=websocket")
            }
        };
        let config = WebSocketConfig::default().read_buffer_size(BUFFER_BYTES);
        let (socket, _) = connect_async_with_config(url, Some(config), true).await?;
        let (sink, stream) = socket.split();
        let (kind, sink) = (self.kind(), Arc::new(Mutex::new(sink)));
        let unread = VecDeque::new();
        let mut reader = Reader { kind, sink: Arc::clone(&sink), stream, frames: 0, unread };
        match kind {
            Kind::Confab => reader.receive_type("welcome").await?,
            Kind::Broadcast => {}
            Kind::SocketIo => {
                reader.receive_type("open").await?;
                sink.lock().await.send(Message::text("40")).await?;
                reader.receive_type("connected").await?;
            }
        }
        Ok((Writer { kind, sink }, reader))
    }
}

impl Writer {
    /// Says something.
    pub(crate) async fn send(&self, to: &Destination, content: &str) -> anyhow::Result<()> {
        let text = match self.kind {
            Kind::Confab => match to {
                Destination::User(user) => {
                    json!({ "action": "message", "to": user, "content": content }).to_string()
                }
                Destination::Room(room) => {
                    json!({ "action": "message", "room": room, "content": content }).to_string()
                }
                Destination::Everybody => {
                    json!({ "action": "broadcast", "content": content }).to_string()
                }
            },
            Kind::Broadcast => content.to_owned(),
            Kind::SocketIo => format!("42{}", json!(["message", content])),
        };
        Ok(self.sink.lock().await.send(Message::text(text)).await?)
    }
}

impl Reader {
    /// What comes next; `None` when the connection has ended.
    pub(crate) async fn receive(&mut self) -> anyhow::Result<Option<Incoming>> {
        loop {
            if let Some(incoming) = self.unread.pop_front() {
                return Ok(Some(incoming));
            }
            let Some(message) = self.stream.next().await.transpose()? else { return Ok(None) };
            match message {
                Message::Text(text) => self.read(&text).await?,
                Message::Close(_) => return Ok(None),
                _ => {}
            }
        }
    }

    /// Reads a frame when all before it were looked at.
    async fn read(&mut self, text: &Utf8Bytes) -> anyhow::Result<()> {
        match self.kind {
            Kind::Broadcast => {
                self.unread.push_back(Incoming::Message(text.as_str().to_owned()));
            }
            Kind::Confab => self.unread.extend(said(text)),
            Kind::SocketIo if text.as_str() == "2" => {
                self.sink.lock().await.send(Message::text("3")).await?;
            }
            Kind::SocketIo => self.unread.extend(emitted(text)),
        }
        let says_something = self.unread.iter().any(|it| matches!(it, Incoming::Message(_)));
        self.frames += u64::from(says_something);
        Ok(())
    }

    /// Waits for something of this type.
    pub(crate) async fn receive_type(&mut self, kind: &str) -> anyhow::Result<()> {
        loop {
            match self.receive().await? {
                Some(Incoming::Other(other)) if other == kind => return Ok(()),
                Some(Incoming::Failure(reason)) => bail!("{reason}"),
                Some(_) => {}
                None => bail!("the connection ended before its {kind}"),
            }
        }
    }
}

/// What a frame of Confab's says: in `messages` each of them.
fn said(text: &str) -> Vec<Incoming> {
    // Where there is no answer an empty text may come.
    let Ok(frame) = serde_json::from_str::<Frame<'_>>(text) else { return Vec::new() };
    if frame.kind.as_deref() == Some("messages") {
        return frame.messages.into_iter().filter_map(one).collect();
    }
    one(frame).into_iter().collect()
}

fn one(frame: Frame<'_>) -> Option<Incoming> {
    // Those in `messages` have no type of their own.
    let in_others = frame.of_message.is_some().then_some("message");
    Some(match frame.kind.as_deref().or(in_others) {
        Some("message") if frame.of_message.as_deref() == Some("message") => {
            Incoming::Message(frame.content?.into_owned())
        }
        Some("ack") => Incoming::Ack,
        Some("error") => Incoming::Failure(frame.reason.to_string()),
        Some(kind) => Incoming::Other(kind.to_owned()),
        None => Incoming::Failure(frame.message.to_string()),
    })
}

/// What a packet of Socket.IO says.
fn emitted(text: &str) -> Option<Incoming> {
    match text.split_at_checked(2) {
        Some(("42", event)) => {
            let (name, content): (String, String) = serde_json::from_str(event).ok()?;
            (name == "message").then_some(Incoming::Message(content))
        }
        Some(("40", _)) => Some(Incoming::Other("connected".to_owned())),
        Some(("44", reason)) => Some(Incoming::Failure(reason.to_owned())),
        _ if text.starts_with('0') => Some(Incoming::Other("open".to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_say_what_they_are() {
        let shown = |text: &str| format!("{:?}", said(text));
        let message = r#"{"type":"message","kind":"message","content":"a \"b\""}"#;
        assert_eq!(shown(message), r#"[Message("a \"b\"")]"#);
        let messages = r#"{"type":"messages","messages":[{"kind":"message","content":"a"},
            {"kind":"message","content":"b"}]}"#;
        assert_eq!(shown(messages), r#"[Message("a"), Message("b")]"#);
        assert_eq!(shown(r#"{"type":"ack","seq":1}"#), "[Ack]");
        assert_eq!(shown(r#"{"type":"message","kind":"joined"}"#), r#"[Other("message")]"#);
        let failure = r#"{"message":"Internal server error"}"#;
        assert_eq!(shown(failure), r#"[Failure("\"Internal server error\"")]"#);
        assert_eq!(shown(""), "[]");
    }

    #[test]
    fn packets_of_socket_io_say_what_they_are() {
        let shown = |text: &str| format!("{:?}", emitted(text));
        assert_eq!(shown(r#"42["message","hello"]"#), r#"Some(Message("hello"))"#);
        assert_eq!(shown(r#"40{"sid":"x"}"#), r#"Some(Other("connected"))"#);
        assert_eq!(shown(r#"0{"sid":"x"}"#), r#"Some(Other("open"))"#);
    }
}
