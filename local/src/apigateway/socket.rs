//! The WebSocket itself: frames in and out, small buffers, a decent goodbye.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, Sink, SinkExt, Stream, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::Limits;
use super::close_reason::CloseReason;
use super::outbound::{Item, OutboundReceiver};
use crate::time::Time;

/// Every connection has this buffer for as long as it stands; tungstenite's default of 128 KB would cost
/// 10,000 idle ones over a gigabyte. A longer frame gets a larger one for itself.
const READ_BUFFER_BYTES: usize = 1024;

/// So much gathers before it is written.
const WRITE_BUFFER_BYTES: usize = 4 * 1024;

/// How long a client has to take the close frame and to stop sending.
const GOODBYE: Duration = Duration::from_secs(2);

/// A client's WebSocket.
pub(super) struct Socket {
    stream: WebSocketStream<Metered>,
    /// Frames can still be told apart.
    readable: bool,
    /// The client takes no bytes any more: what it has sent is read to the end, and nothing is sent.
    deaf: bool,
    unflushed: bool,
    stall: Option<Stall>,
    patience: Duration,
    time: Time,
}

/// The client takes no bytes; if that goes on until the timer ends, it is cut off.
struct Stall {
    written: u64,
    timer: BoxFuture<'static, ()>,
}

/// What the connection has to deal with.
pub(super) enum SocketEvent {
    /// The client has sent this.
    Received(Message),
    /// The client is gone, but what it has sent before is still to come.
    Deafened,
    /// The connection has ended, or has to.
    Ended(CloseReason),
}

impl Socket {
    pub(super) async fn new(upgraded: Upgraded, limits: &Limits, time: Time) -> Self {
        // Beside the one message that may be written only in part there is room for control frames.
        let largest_write = limits.message_bytes + 4 * WRITE_BUFFER_BYTES;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(WRITE_BUFFER_BYTES)
            .max_write_buffer_size(largest_write)
            .max_frame_size(Some(limits.frame_bytes))
            .max_message_size(Some(limits.message_bytes));
        let stream = Metered { stream: TokioIo::new(upgraded), written: 0, broken: false };
        let stream = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
        let patience = limits.stall;
        let (readable, deaf, unflushed, stall) = (true, false, false, None);
        Self { stream, readable, deaf, unflushed, stall, patience, time }
    }

    /// Sends what waits, and reads when `reading`, until there is something to deal with.
    pub(super) fn poll_event(
        &mut self,
        context: &mut Context<'_>,
        outgoing: &mut OutboundReceiver,
        reading: bool,
    ) -> Poll<SocketEvent> {
        if let Poll::Ready(closure) = self.poll_send(context, outgoing) {
            return Poll::Ready(SocketEvent::Ended(closure));
        }
        if self.stream.get_ref().broken && !std::mem::replace(&mut self.deaf, true) {
            return Poll::Ready(SocketEvent::Deafened);
        }
        if !reading {
            return Poll::Pending;
        }
        let turn = match ready!(Pin::new(&mut self.stream).poll_next(context)) {
            Some(Ok(Message::Close(frame))) => SocketEvent::Ended(CloseReason::by_client(frame)),
            Some(Ok(message)) => SocketEvent::Received(message),
            Some(Err(error)) => {
                self.readable = false;
                SocketEvent::Ended(CloseReason::of(&error))
            }
            None => SocketEvent::Ended(CloseReason::lost()),
        };
        Poll::Ready(turn)
    }

    /// Sends items in their order; ready only when that ends the connection.
    fn poll_send(
        &mut self,
        context: &mut Context<'_>,
        outgoing: &mut OutboundReceiver,
    ) -> Poll<CloseReason> {
        // Small frames gather in the write buffer and leave together.
        while let Poll::Ready(writable) = Pin::new(&mut self.stream).poll_ready(context) {
            if let Err(error) = writable {
                return Poll::Ready(CloseReason::of(&error));
            }
            match outgoing.poll_next(context) {
                Poll::Ready(Item::Text(text, _room)) => {
                    self.unflushed = true;
                    let sent = Pin::new(&mut self.stream).start_send(Message::Text(text));
                    if let Err(error) = sent {
                        return Poll::Ready(CloseReason::of(&error));
                    }
                }
                Poll::Ready(Item::Close(closure)) => return Poll::Ready(closure),
                Poll::Pending => break,
            }
        }
        if !self.unflushed {
            return Poll::Pending;
        }
        match Pin::new(&mut self.stream).poll_flush(context) {
            Poll::Ready(Ok(())) => {
                self.unflushed = false;
                self.stall = None;
                Poll::Pending
            }
            Poll::Ready(Err(error)) => Poll::Ready(CloseReason::of(&error)),
            Poll::Pending => self.poll_stall(context).map(|()| CloseReason::lost()),
        }
    }

    /// Ready when the client has taken nothing for too long.
    fn poll_stall(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let written = self.stream.get_ref().written;
        let stall = match self.stall.take().filter(|stall| stall.written == written) {
            Some(stall) => stall,
            None => {
                let deadline = self.time.now().checked_add(self.patience);
                let timer = self.time.sleep_until(deadline.unwrap_or(Timestamp::MAX));
                Stall { written, timer: timer.boxed() }
            }
        };
        self.stall.insert(stall).timer.poll_unpin(context)
    }

    /// Says goodbye, and hears the client say it.
    pub(super) async fn close(mut self, closure: &CloseReason) {
        if closure.is_loss() {
            return;
        }
        // A client that has broken the connection off is as gone as one that has said goodbye.
        let _ = tokio::time::timeout(GOODBYE, self.send_close_frame(closure)).await;
    }

    async fn send_close_frame(&mut self, closure: &CloseReason) -> Result<(), Error> {
        match closure.frame() {
            Some(frame) => self.stream.close(Some(frame)).await?,
            // The reply to the client's close frame is queued already.
            None => self.stream.flush().await?,
        }
        let mut readable = self.readable;
        while readable && let Some(message) = self.stream.next().await {
            readable = message.is_ok();
        }
        // In the middle of a frame the client's goodbye cannot be found; whatever still comes is read
        // by the stream as it shuts down.
        Ok(self.stream.get_mut().shutdown().await?)
    }
}

/// A stream that counts what is written, so that a slow client can be told from a stuck one; and that
/// can be read to its end although nobody takes what is written any more, which is then dropped.
struct Metered {
    stream: TokioIo<Upgraded>,
    written: u64,
    broken: bool,
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.broken {
            return Poll::Ready(Ok(bytes.len()));
        }
        let Ok(written) = ready!(Pin::new(&mut self.stream).poll_write(context, bytes)) else {
            self.broken = true;
            return Poll::Ready(Ok(bytes.len()));
        };
        self.written += written as u64;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.broken && ready!(Pin::new(&mut self.stream).poll_flush(context)).is_err() {
            self.broken = true;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
