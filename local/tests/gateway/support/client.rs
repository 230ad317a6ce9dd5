//! A person with a WebSocket.

use futures::{SinkExt, StreamExt};
use hyper::header::HeaderMap;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::soon;

#[derive(Debug)]
pub(crate) struct Client {
    socket: WebSocketStream<TcpStream>,
    pub(crate) headers: HeaderMap,
}

/// The handshake has failed.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Client {
    pub(crate) async fn connect(stream: TcpStream, request: Request) -> Result<Self, Refused> {
        match soon(tokio_tungstenite::client_async(request, stream)).await {
            Ok((socket, response)) => Ok(Self { socket, headers: response.headers().clone() }),
            Err(Error::Http(response)) => Err(Refused {
                status: response.status().as_u16(),
                body: serde_json::from_slice(response.body().as_deref().unwrap()).unwrap(),
            }),
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn says(&mut self, text: impl Into<String>) {
        self.sends(Message::text(text.into())).await;
    }

    pub(crate) async fn sends(&mut self, message: Message) {
        soon(self.socket.send(message)).await.unwrap();
    }

    /// Sends one message in frames of these sizes.
    pub(crate) async fn says_in_frames(&mut self, sizes: &[usize]) {
        for (at, size) in sizes.iter().enumerate() {
            let kind = if at == 0 { Data::Text } else { Data::Continue };
            let last = at + 1 == sizes.len();
            let frame = Frame::message(vec![b'x'; *size], OpCode::Data(kind), last);
            // A server that has had enough closes the connection meanwhile.
            let _ = soon(self.socket.send(Message::Frame(frame))).await;
        }
    }

    /// The next frame that is not a control frame.
    pub(crate) async fn hears(&mut self) -> String {
        soon(self.next()).await.into_text().unwrap().to_string()
    }

    pub(crate) async fn hears_json(&mut self) -> Value {
        serde_json::from_str(&self.hears().await).unwrap()
    }

    pub(crate) async fn hears_pong(&mut self) -> Vec<u8> {
        match soon(self.next()).await {
            Message::Pong(data) => data.to_vec(),
            other => panic!("{other:?} is no pong"),
        }
    }

    /// Waits until the server closes the connection, and tells with which code and reason.
    pub(crate) async fn hears_goodbye(mut self) -> (u64, String) {
        let Message::Close(Some(frame)) = soon(self.next()).await else {
            panic!("the server should have closed the connection")
        };
        self.reads_to_the_end().await;
        (u16::from(frame.code).into(), frame.reason.to_string())
    }

    /// Closes the connection in the way WebSockets are closed.
    pub(crate) async fn leaves(mut self, frame: Option<CloseFrame>) {
        soon(self.socket.close(frame)).await.unwrap();
        self.reads_to_the_end().await;
    }

    /// Is gone as soon as something has come for it, without having read that.
    pub(crate) async fn exits_with_something_unread(self) {
        soon(self.socket.get_ref().readable()).await.unwrap();
    }

    async fn reads_to_the_end(&mut self) {
        while soon(self.socket.next()).await.is_some_and(|message| message.is_ok()) {}
    }

    async fn next(&mut self) -> Message {
        self.socket.next().await.expect("the connection is open").unwrap()
    }
}
