//! The yardstick: a server that sends every text to every connection, over the same WebSocket library,
//! and keeps nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

type Connections = Arc<Mutex<HashMap<u64, mpsc::UnboundedSender<Utf8Bytes>>>>;

/// Serves until it is stopped; says first on which port.
pub(crate) async fn serve() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    crate::say(&format!("{}", listener.local_addr()?.port()));
    let connections = Connections::default();
    for number in 0.. {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(attend(stream, number, Arc::clone(&connections)));
    }
    Ok(())
}

async fn attend(stream: TcpStream, number: u64, connections: Connections) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let (mut sink, mut stream) = accept_async(stream).await?.split();
    let (sender, mut texts) = mpsc::unbounded_channel();
    lock(&connections).insert(number, sender);
    let writing = tokio::spawn(async move {
        while let Some(text) = texts.recv().await {
            sink.feed(Message::Text(text)).await?;
            while let Ok(text) = texts.try_recv() {
                sink.feed(Message::Text(text)).await?;
            }
            sink.flush().await?;
        }
        anyhow::Ok(())
    });
    while let Some(Ok(message)) = stream.next().await {
        let Message::Text(text) = message else { continue };
        for connection in lock(&connections).values() {
            // Whoever has gone is taken off by their own task.
            let _ = connection.send(text.clone());
        }
    }
    lock(&connections).remove(&number);
    writing.await?
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
