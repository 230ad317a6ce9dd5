//! A small HTTP client: what is sent and received can be seen here.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::soon;

#[derive(Debug)]
pub(crate) struct HttpResponse {
    pub(crate) status: u16,
    pub(crate) body: String,
    head: String,
}

impl HttpResponse {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(": "));
        let (_, value) = headers.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Status and AWS error type.
    pub(crate) fn error(&self) -> (u16, &str) {
        assert!(self.json()["message"].is_string(), "{}", self.body);
        (self.status, self.header("x-amzn-ErrorType").unwrap_or_default())
    }
}

pub(super) async fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: &[u8],
) -> HttpResponse {
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    send(address, &[head.as_bytes(), body].concat()).await
}

/// Sends these bytes and reads the answer to its end.
pub(crate) async fn send(address: SocketAddr, bytes: &[u8]) -> HttpResponse {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    };
    let answer = soon(exchange).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    HttpResponse { status, body: body.to_owned(), head: head.to_owned() }
}
