//! Somebody with a chat client: says what is typed, shows what comes, and does nothing by itself.

use std::collections::VecDeque;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{Chat, schema};

/// How long a person waits for something that must come.
const PATIENCE: Duration = Duration::from_secs(40);

/// Waits for what must come, but not for ever.
pub(crate) async fn in_time<T>(awaited: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, awaited).await.expect("in time")
}

/// A person at a client.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) name: String,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) connection: String,
    /// Frames that come by the way, and that a person looks at only when told to.
    overlooked: Vec<&'static str>,
    /// What came in one `messages` frame, and is looked at as if each had come by itself.
    unfolded: VecDeque<Value>,
}

/// A person who has not been made welcome yet.
pub(crate) struct Connecting(Person);

impl Person {
    /// Opens a connection as `name`.
    pub(crate) async fn connects(url: &str, name: &str) -> Connecting {
        let query = reqwest::Url::parse_with_params(url, [("user_id", name)]).unwrap();
        Self::opens(query.as_str(), name).await
    }

    /// Opens a connection whose URL says who `name` is.
    pub(crate) async fn opens(url: &str, name: &str) -> Connecting {
        let (socket, _) = connect_async(url).await.unwrap();
        let overlooked = vec!["presence", "receipt"];
        Connecting(Self {
            name: name.to_owned(),
            socket,
            connection: String::new(),
            overlooked,
            unfolded: VecDeque::new(),
        })
    }

    /// The status of a handshake that must be refused.
    pub(crate) async fn is_refused(url: &str) -> u16 {
        match connect_async(url).await {
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
                response.status().as_u16()
            }
            other => panic!("not refused: {other:?}"),
        }
    }

    /// From now on looks at frames of this type too, and goes on overlooking the others.
    pub(crate) fn attentive_to(mut self, kind: &str) -> Self {
        assert!(self.overlooked.contains(&kind), "{kind} is not overlooked");
        self.overlooked.retain(|overlooked| *overlooked != kind);
        self
    }

    /// Types a line.
    pub(crate) async fn types(&mut self, line: impl Into<String>) {
        self.socket.send(Message::text(line.into())).await.unwrap();
    }

    /// Sends a frame.
    pub(crate) async fn sends(&mut self, frame: &Value) {
        self.types(frame.to_string()).await;
    }

    /// The next frame, whatever it is.
    pub(crate) async fn sees(&mut self) -> Value {
        loop {
            let frame = self.sees_anything().await;
            if !self.overlooked.iter().any(|kind| frame["type"] == *kind) {
                return frame;
            }
        }
    }

    /// The next frame, also one that is overlooked.
    pub(crate) async fn sees_now(&mut self) -> Value {
        self.sees_anything().await
    }

    /// Everything that has come before the answer to a ping.
    pub(crate) async fn catches_up(&mut self) -> Vec<Value> {
        self.sends(&json!({ "action": "ping" })).await;
        let mut frames = Vec::new();
        loop {
            match self.sees_anything().await {
                pong if pong["type"] == "pong" => return frames,
                frame => frames.push(frame),
            }
        }
    }

    async fn sees_anything(&mut self) -> Value {
        if let Some(message) = self.unfolded.pop_front() {
            return message;
        }
        let frame = self.sees_unfolded().await;
        if frame["type"] != "messages" {
            return frame;
        }
        for mut message in frame["messages"].as_array().unwrap().iter().cloned() {
            message["type"] = "message".into();
            self.unfolded.push_back(message);
        }
        self.unfolded.pop_front().expect("a message")
    }

    /// The next frame as it comes, several messages at once, too.
    pub(crate) async fn sees_unfolded(&mut self) -> Value {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            let message = message.unwrap_or_else(|_| panic!("{} sees nothing", self.name));
            match message.expect("the connection stands").unwrap() {
                // What answers without a body.
                Message::Text(text) if text.is_empty() => {}
                Message::Text(text) => {
                    let frame = serde_json::from_str(&text).unwrap();
                    schema::check_frame(&frame);
                    return frame;
                }
                Message::Close(close) => panic!("{} was closed: {close:?}", self.name),
                _ => {}
            }
        }
    }

    /// The next frame, which is of this type.
    pub(crate) async fn sees_a(&mut self, kind: &str) -> Value {
        let frame = self.sees().await;
        assert_eq!(frame["type"], kind, "{} sees {frame}", self.name);
        frame
    }

    /// The next frame of this type, whatever comes before it.
    pub(crate) async fn sees_in_time(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.sees_anything().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// The next frames of these two types, whichever comes first.
    pub(crate) async fn sees_both(&mut self, kinds: [&str; 2]) -> [Value; 2] {
        let mut seen = [Value::Null, Value::Null];
        while seen.contains(&Value::Null) {
            let frame = self.sees_anything().await;
            if let Some(place) = kinds.iter().position(|kind| frame["type"] == *kind) {
                seen[place] = frame;
            }
        }
        seen
    }

    /// Says something to somebody; the ack.
    pub(crate) async fn says(&mut self, to: &str, content: &str) -> Value {
        self.sends(&json!({ "action": "message", "to": to, "content": content })).await;
        self.sees_a("ack").await
    }

    /// Says something under an id of their own; the ack.
    pub(crate) async fn says_as(&mut self, to: &str, content: &str, id: &str) -> Value {
        let frame = json!({ "action": "message", "to": to, "content": content, "id": id });
        self.sends(&frame).await;
        self.sees_a("ack").await
    }

    /// Says something in a room; the ack, whatever else the room says meanwhile.
    pub(crate) async fn says_in(&mut self, room: &str, content: &str) -> Value {
        self.sends(&json!({ "action": "message", "room": room, "content": content })).await;
        self.sees_in_time("ack").await
    }

    /// Enters a room; what one sees of it.
    pub(crate) async fn joins(&mut self, room: &str) -> Value {
        self.sends(&json!({ "action": "join", "room": room })).await;
        self.sees_in_time("joined").await
    }

    /// The next frame is a message of `from` that says `content`.
    pub(crate) async fn hears(&mut self, from: &str, content: &str) -> Value {
        let frame = self.sees_a("message").await;
        let heard = (frame["from"].as_str(), gist(&frame));
        assert_eq!(heard, (Some(from), content.to_owned()), "{} heard", self.name);
        frame
    }

    /// Nothing has come, neither from those who wrote nor by the table's stream.
    pub(crate) async fn hears_nothing(&mut self, chat: &Chat) {
        chat.has_served_the_stream().await;
        self.hears_nothing_yet().await;
    }

    /// Nothing has come before the answer to a ping; what the stream brings may come after it.
    pub(crate) async fn hears_nothing_yet(&mut self) {
        self.sends(&json!({ "action": "ping" })).await;
        self.sees_a("pong").await;
    }

    /// The next frame is an error with this code; its message.
    pub(crate) async fn is_told(&mut self, code: &str) -> Value {
        let frame = self.sees_a("error").await;
        assert_eq!(frame["code"], code, "{frame}");
        frame
    }

    /// Closes the connection and waits until that is through.
    pub(crate) async fn leaves(mut self) {
        self.socket.close(None).await.unwrap();
        while let Some(Ok(_)) = self.socket.next().await {}
    }

    /// Every frame until the server closes.
    pub(crate) async fn hears_until_the_end(mut self) -> Vec<Value> {
        let mut heard = Vec::new();
        loop {
            let message = in_time(self.socket.next()).await;
            match message.expect("a close frame").unwrap() {
                Message::Text(text) => heard.push(serde_json::from_str(&text).unwrap()),
                Message::Close(_) => return heard,
                _ => {}
            }
        }
    }

    /// The code and reason with which the server closes.
    pub(crate) async fn sees_the_end(mut self) -> (u16, String) {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await.unwrap();
            if let Message::Close(Some(close)) = message.expect("a close frame").unwrap() {
                return (close.code.into(), close.reason.to_string());
            }
        }
    }
}

impl Connecting {
    /// Waits for the welcome.
    pub(crate) async fn welcomed(self) -> Person {
        let mut person = self.0;
        let welcome = person.sees_a("welcome").await;
        assert_eq!(welcome["user"], person.name.as_str());
        person.connection = welcome["connection_id"].as_str().unwrap().to_owned();
        person
    }

    /// The person, with whatever comes first still to come.
    pub(crate) fn anyhow(self) -> Person {
        self.0
    }
}

/// What a message says, or in two words what a notice tells.
pub(crate) fn gist(message: &Value) -> String {
    match message["content"].as_str() {
        Some(content) => content.to_owned(),
        None => {
            let text = |field: &str| message[field].as_str().expect("a notice").to_owned();
            format!("{} {}", text("from"), text("kind"))
        }
    }
}
