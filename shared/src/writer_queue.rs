//! The writers of one process, one after the other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

use crate::domain::ConversationId;

/// How many conversations are known before those are forgotten in which nobody writes.
const KNOWN: usize = 1_024;

/// Lets the writers of one process into a conversation in the order in which they came, so that they do
/// not race for its next number.
///
/// Only the local server needs it: on AWS a process has one writer at a time. Writers of other processes
/// are met as ever, by the condition of the put.
#[derive(Clone, Debug, Default)]
pub struct WriterQueue(Arc<Mutex<Conversations>>);

/// Who writes in a conversation, or waits to.
#[derive(Debug, Default)]
struct Conversations {
    by_name: HashMap<String, Weak<tokio::sync::Mutex<()>>>,
    /// How many may be known before they are gone through again.
    most: usize,
}

impl WriterQueue {
    /// Waits until nobody else of this process writes in the conversation; the turn lasts as long as the
    /// guard does.
    pub(crate) async fn turn(&self, conversation: &ConversationId) -> OwnedMutexGuard<()> {
        self.queue(conversation.to_string()).lock_owned().await
    }

    fn queue(&self, conversation: String) -> Arc<tokio::sync::Mutex<()>> {
        let mut conversations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = conversations.by_name.get(&conversation).and_then(Weak::upgrade) {
            return queue;
        }
        if conversations.by_name.len() >= conversations.most.max(KNOWN) {
            conversations.by_name.retain(|_, queue| queue.strong_count() > 0);
            conversations.most = 2 * conversations.by_name.len();
        }
        let queue = Arc::default();
        conversations.by_name.insert(conversation, Arc::downgrade(&queue));
        queue
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn turn(queue: &WriterQueue, user: &str) -> impl Future<Output = OwnedMutexGuard<()>> + Unpin {
        let conversation = ConversationId::parse(&format!("dm:a:{user}")).unwrap();
        let queue = queue.clone();
        Box::pin(async move { queue.turn(&conversation).await })
    }

    #[test]
    fn writers_take_turns_in_the_order_they_came() {
        let queue = WriterQueue::default();
        let first = turn(&queue, "b").now_or_never().unwrap();
        let (mut second, mut third) = (turn(&queue, "b"), turn(&queue, "b"));
        assert!((&mut second).now_or_never().is_none() && (&mut third).now_or_never().is_none());
        assert!(turn(&queue, "c").now_or_never().is_some());
        drop(first);
        assert!((&mut third).now_or_never().is_none());
        let second = second.now_or_never().unwrap();
        drop(second);
        assert!(third.now_or_never().is_some());
    }

    #[test]
    fn conversations_in_which_nobody_writes_are_forgotten() {
        let queue = WriterQueue::default();
        let held = turn(&queue, "held").now_or_never().unwrap();
        for number in 0..10 * KNOWN {
            drop(turn(&queue, &format!("u{number}")).now_or_never().unwrap());
        }
        assert!(queue.0.lock().unwrap().by_name.len() <= KNOWN);
        assert!(turn(&queue, "held").now_or_never().is_none());
        drop(held);
    }
}
