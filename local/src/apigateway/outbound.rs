//! What waits to be sent to a client: a queue bounded by bytes.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures::StreamExt;
use futures::channel::mpsc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::close_reason::CloseReason;

/// Counted for every message beside its length, so that empty ones are bounded as well.
const OVERHEAD_BYTES: usize = 64;

/// The end that everybody holds who sends to a connection.
#[derive(Clone)]
pub(super) struct OutboundSender {
    items: mpsc::UnboundedSender<Item>,
    room: Arc<Semaphore>,
    capacity: usize,
}

/// The end that the connection's task takes from.
pub(super) struct OutboundReceiver {
    items: mpsc::UnboundedReceiver<Item>,
    room: Arc<Semaphore>,
}

/// Something to do on the socket, in its turn.
pub(super) enum Item {
    /// Send this; the permit is the room it takes until then.
    Text(Utf8Bytes, OwnedSemaphorePermit),
    /// Close the connection.
    Close(CloseReason),
}

/// Why something was not taken into the queue.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum QueueError {
    /// The client reads too slowly.
    Full,
    /// The connection has ended.
    Closed,
}

/// Makes a queue that holds about this many bytes; an empty one takes none (tokio's would have room for
/// 32 items already).
pub(super) fn queue(bytes: usize) -> (OutboundSender, OutboundReceiver) {
    let capacity = bytes.clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
    let room = Arc::new(Semaphore::new(capacity));
    let (sender, items) = mpsc::unbounded();
    let outgoing = OutboundReceiver { items, room: Arc::clone(&room) };
    (OutboundSender { items: sender, room, capacity }, outgoing)
}

impl OutboundSender {
    /// Queues a message if there is room for it now.
    pub(super) fn try_push(&self, text: Utf8Bytes) -> Result<(), QueueError> {
        let room = Arc::clone(&self.room).try_acquire_many_owned(self.size(&text));
        let permit = room.map_err(|refusal| match refusal {
            tokio::sync::TryAcquireError::NoPermits => QueueError::Full,
            tokio::sync::TryAcquireError::Closed => QueueError::Closed,
        })?;
        self.items.unbounded_send(Item::Text(text, permit)).map_err(|_| QueueError::Closed)
    }

    /// Queues a message as soon as there is room for it.
    pub(super) async fn push(&self, text: Utf8Bytes) -> Result<(), QueueError> {
        let room = Arc::clone(&self.room).acquire_many_owned(self.size(&text)).await;
        let permit = room.map_err(|_| QueueError::Closed)?;
        self.items.unbounded_send(Item::Text(text, permit)).map_err(|_| QueueError::Closed)
    }

    /// Asks for the connection to be closed once everything before is sent.
    pub(super) fn close(&self, closure: CloseReason) {
        // Whoever has ended already needs no closing.
        let _ = self.items.unbounded_send(Item::Close(closure));
    }

    /// A message larger than the whole queue takes all of it, instead of waiting for ever.
    fn size(&self, text: &Utf8Bytes) -> u32 {
        let size = (text.len() + OVERHEAD_BYTES).min(self.capacity);
        u32::try_from(size).unwrap_or(u32::MAX)
    }
}

impl OutboundReceiver {
    /// The next item; for ever pending when there will be none.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Item> {
        match self.items.poll_next_unpin(context) {
            Poll::Ready(Some(item)) => Poll::Ready(item),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

impl Drop for OutboundReceiver {
    /// Whoever waits for room would wait for ever.
    fn drop(&mut self) {
        self.room.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_out_makes_room() {
        let (outbound, mut outgoing) = queue(2 * OVERHEAD_BYTES);
        assert_eq!(outbound.try_push("".into()), Ok(()));
        assert_eq!(outbound.try_push("".into()), Ok(()));
        assert_eq!(outbound.try_push("".into()), Err(QueueError::Full));

        drop(outgoing.items.try_recv().unwrap());
        assert_eq!(outbound.try_push("".into()), Ok(()));
    }

    #[test]
    fn a_message_larger_than_the_queue_fits_when_nothing_else_waits() {
        let (outbound, _outgoing) = queue(100);
        assert_eq!(outbound.try_push("x".repeat(1_000).into()), Ok(()));
        assert_eq!(outbound.try_push("x".into()), Err(QueueError::Full));
    }

    #[tokio::test]
    async fn nobody_waits_for_a_connection_that_has_ended() {
        let (outbound, outgoing) = queue(OVERHEAD_BYTES);
        assert_eq!(outbound.try_push("".into()), Ok(()));
        let waiting = tokio::spawn(async move { outbound.push("".into()).await });

        drop(outgoing);

        assert_eq!(waiting.await.unwrap(), Err(QueueError::Closed));
    }
}
