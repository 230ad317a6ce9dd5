//! The writers of one process, one after the other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

use crate::domain::ConversationId;

/// How many conversations are known before those are forgotten in which nobody writes.
const KNOWN: usize = 1_024;

/// Lets the writers of one process into a conversation in the order in which they came, so that they do
/// not race for its next number. Each may leave to the next what it knows of the conversation.
///
/// Only the local server needs it: on AWS a process has one writer at a time. Writers of other processes
/// are met as ever, by the condition of the put.
#[derive(Debug)]
pub struct WriterQueue<T>(Arc<Mutex<Conversations<T>>>);

/// Who writes in which conversation, or waits to.
#[derive(Debug)]
struct Conversations<T> {
    by_name: HashMap<String, Weak<Line<T>>>,
    /// How many may be known before they are gone through again.
    most: usize,
}

/// The writers of one conversation.
#[derive(Debug)]
struct Line<T> {
    /// How many have come so far.
    came: AtomicU64,
    /// Held by whose turn it is: what the one before left.
    left: Arc<tokio::sync::Mutex<Option<Left<T>>>>,
}

/// What a writer knew of the conversation when it was done.
#[derive(Debug)]
struct Left<T> {
    what: T,
    /// How many writers had come when it was looked up.
    after: u64,
}

/// A writer's turn, which lasts until this is dropped.
#[derive(Debug)]
pub(crate) struct Turn<T> {
    line: Arc<Line<T>>,
    left: OwnedMutexGuard<Option<Left<T>>>,
    /// How many had come before this one.
    place: u64,
    /// How many had come when what it knows was looked up.
    looked_after: u64,
}

impl<T> Clone for WriterQueue<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for WriterQueue<T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Conversations { by_name: HashMap::new(), most: 0 })))
    }
}

impl<T> WriterQueue<T> {
    /// Waits until nobody else of this process writes in the conversation.
    pub(crate) async fn turn(&self, conversation: &ConversationId) -> Turn<T> {
        let line = self.line(conversation.to_string());
        let place = line.came.fetch_add(1, Ordering::Relaxed);
        let left = Arc::clone(&line.left).lock_owned().await;
        Turn { line, left, place, looked_after: 0 }
    }

    fn line(&self, conversation: String) -> Arc<Line<T>> {
        let mut conversations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = conversations.by_name.get(&conversation).and_then(Weak::upgrade) {
            return line;
        }
        if conversations.by_name.len() >= conversations.most.max(KNOWN) {
            conversations.by_name.retain(|_, line| line.strong_count() > 0);
            conversations.most = 2 * conversations.by_name.len();
        }
        let line = Arc::new(Line { came: AtomicU64::new(0), left: Arc::default() });
        conversations.by_name.insert(conversation, Arc::downgrade(&line));
        line
    }
}

impl<T> Turn<T> {
    /// What the writer before knew, if that was looked up after this one came: then it is as good as
    /// looking oneself.
    pub(crate) fn inherit(&mut self) -> Option<T> {
        let left = self.left.take().filter(|left| self.place < left.after)?;
        self.looked_after = left.after;
        Some(left.what)
    }

    /// Notes that this one looks itself from now on.
    pub(crate) fn looks(&mut self) {
        self.looked_after = self.line.came.load(Ordering::Relaxed);
    }

    /// Leaves to the next what this one knows, and ends the turn.
    pub(crate) fn leave(mut self, what: T) {
        *self.left = Some(Left { what, after: self.looked_after });
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn turn(queue: &WriterQueue<u8>, user: &str) -> impl Future<Output = Turn<u8>> + Unpin {
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
    fn only_who_came_before_it_was_looked_up_inherits_what_is_known() {
        let queue = WriterQueue::default();
        let mut first = turn(&queue, "b").now_or_never().unwrap();
        assert_eq!(first.inherit(), None);
        let mut second = turn(&queue, "b");
        assert!((&mut second).now_or_never().is_none());
        first.looks();
        let mut third = turn(&queue, "b");
        assert!((&mut third).now_or_never().is_none());
        first.leave(1);
        let mut second = second.now_or_never().unwrap();
        assert_eq!(second.inherit(), Some(1));
        second.leave(2);
        let mut third = third.now_or_never().unwrap();
        assert_eq!(third.inherit(), None);
    }

    #[test]
    fn nothing_is_left_when_nobody_waits_for_it() {
        let queue = WriterQueue::default();
        let mut first = turn(&queue, "b").now_or_never().unwrap();
        first.looks();
        first.leave(1);
        assert_eq!(turn(&queue, "b").now_or_never().unwrap().inherit(), None);
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
