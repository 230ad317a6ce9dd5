//! Where messages go that have expired: a bucket, or on a laptop a folder.
//!
//! An object holds some messages of one conversation, compressed, a line of JSON for each. Its name says
//! which, so that a page is found by two listings and read by few requests:
//!
//! ```text
//! <conversation>/<thousand of the numbers>/<first>-<last>-<hash of the lines>.jsonl.gz
//! ```
//!
//! The same messages make the same object however often they are put, and what lies in several objects is
//! shown once. So batches may come twice, late and in any order. An object is changed only to take away what
//! is deleted, and keeps its name: whoever puts the same again finds that it is there.

mod file;
mod http;
mod object;
mod open;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use futures::FutureExt;
use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use self::object::{Object, THOUSAND};
use crate::Error;
use crate::domain::{ConversationId, Seq};
use crate::error::storage;

/// How many requests are under way at once.
const CONCURRENT: usize = 8;
/// How often a change of an object is tried again that somebody else changes, too.
const TRIES: usize = 8;
/// The folder of what could not be read.
const UNREADABLE: &str = "unreadable";

/// A message as the table had it: its number, and its attributes without the key.
#[derive(Clone, Debug, PartialEq)]
pub struct Archived {
    /// Its place in its conversation.
    pub seq: Seq,
    /// Its attributes, as plain JSON.
    pub attributes: Map<String, Value>,
}

/// From which end messages are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The oldest first.
    Upwards,
    /// The newest first.
    Downwards,
}

/// The archive, through a client of an object store; cheap to clone.
#[derive(Clone, Debug)]
pub struct Archive {
    store: Arc<dyn ObjectStore>,
    /// Whoever changes objects: a folder cannot tell whether somebody else did meanwhile.
    changes: Arc<Mutex<()>>,
}

impl Archive {
    /// Keeps everything in `store`.
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, changes: Arc::default() }
    }

    /// Keeps messages of one conversation; keeping them twice is keeping them once.
    pub async fn put(
        &self,
        conversation: &ConversationId,
        mut messages: Vec<Archived>,
    ) -> Result<(), Error> {
        messages.sort_by_key(|message| message.seq);
        messages.dedup_by_key(|message| message.seq);
        let parts = messages.chunk_by(|one, next| one.seq / THOUSAND == next.seq / THOUSAND);
        let puts: Vec<_> = parts.map(|part| self.put_object(conversation, part).boxed()).collect();
        stream::iter(puts).buffer_unordered(CONCURRENT).try_collect::<()>().await
    }

    /// Keeps messages of one thousand. What another object has of them may have been deleted since: then that
    /// holds here, too.
    async fn put_object(
        &self,
        conversation: &ConversationId,
        messages: &[Archived],
    ) -> Result<(), Error> {
        let (object, bytes) = Object::of(messages)?;
        let (path, new) = (object.path(conversation), PutOptions::from(PutMode::Create));
        match self.store.put_opts(&path, PutPayload::from(bytes), new).await {
            Ok(_) => {}
            Err(object_store::Error::AlreadyExists { .. }) => return Ok(()),
            Err(error) => return Err(storage("archive messages")(error)),
        }
        let (window, thousand) = (object.first..=object.last, object.first / THOUSAND);
        let all = self.objects(conversation, thousand, &window, Direction::Upwards).await?;
        for other in all.iter().filter(|other| **other != object) {
            for held in self.read_object(conversation, other).await? {
                let put = messages.iter().find(|message| message.seq == held.seq);
                if put.is_some_and(|put| is_newer(&held, put)) {
                    let update = |attributes: &mut Map<_, _>| *attributes = held.attributes.clone();
                    self.change_object(&path, held.seq, &update).await?;
                }
            }
        }
        Ok(())
    }

    /// The message `seq`, as it is now: one listing, and a request for each object that may have it.
    pub async fn find(
        &self,
        conversation: &ConversationId,
        seq: Seq,
    ) -> Result<Option<Archived>, Error> {
        let mut newest: Option<Archived> = None;
        for object in self.objects_with(conversation, seq).await? {
            for copy in self.read_object(conversation, &object).await? {
                if copy.seq == seq && newest.as_ref().is_none_or(|held| is_newer(&copy, held)) {
                    newest = Some(copy);
                }
            }
        }
        Ok(newest)
    }

    /// The objects that may have the message `seq`.
    async fn objects_with(
        &self,
        conversation: &ConversationId,
        seq: Seq,
    ) -> Result<Vec<Object>, Error> {
        self.objects(conversation, seq / THOUSAND, &(seq..=seq), Direction::Upwards).await
    }

    /// Keeps what cannot be read as a message, under a name of its own, for somebody to look at.
    pub async fn put_unreadable(&self, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        let path = Path::from_iter([UNREADABLE, &format!("{name}.json")]);
        let put = self.store.put(&path, PutPayload::from(bytes)).await;
        put.map(drop).map_err(storage("archive what cannot be read"))
    }

    /// Up to `limit` messages with numbers of `window`, nearest to the end that is read from; in the
    /// order of their numbers.
    ///
    /// One listing of the conversation, then one for each thousand numbers that are looked through, and
    /// a request for each object.
    pub async fn read(
        &self,
        conversation: &ConversationId,
        window: &RangeInclusive<Seq>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Archived>, Error> {
        let mut found = BTreeMap::new();
        for thousand in self.thousands(conversation, window, direction).await? {
            if found.len() >= limit {
                break;
            }
            let objects = self.objects(conversation, thousand, window, direction).await?;
            for group in objects.chunks(CONCURRENT) {
                if group.first().is_none_or(|next| is_enough(&found, next, direction, limit)) {
                    break;
                }
                let reads = group
                    .iter()
                    .cloned()
                    .map(|object| async move { self.read_object(conversation, &object).await });
                let reads: Vec<_> = stream::iter(reads).buffered(CONCURRENT).try_collect().await?;
                let messages = reads.into_iter().flatten();
                for message in messages.filter(|message| window.contains(&message.seq)) {
                    if found.get(&message.seq).is_none_or(|held| is_newer(&message, held)) {
                        found.insert(message.seq, message);
                    }
                }
            }
        }
        let excess = found.len().saturating_sub(limit);
        Ok(match direction {
            Direction::Upwards => found.into_values().take(limit).collect(),
            Direction::Downwards => found.into_values().skip(excess).collect(),
        })
    }

    /// Changes one message wherever it lies; whether it is there.
    ///
    /// Two listings, since what is put meanwhile may have been read before, and two requests for each object
    /// that has it.
    pub async fn change(
        &self,
        conversation: &ConversationId,
        seq: Seq,
        change: impl Fn(&mut Map<String, Value>),
    ) -> Result<bool, Error> {
        let _turn = self.changes.lock().await;
        let (mut is_there, mut changed) = (false, BTreeSet::new());
        loop {
            let objects = self.objects_with(conversation, seq).await?;
            let paths = objects.iter().map(|object| object.path(conversation));
            let new: Vec<_> = paths.filter(|path| changed.insert(path.clone())).collect();
            if new.is_empty() {
                return Ok(is_there);
            }
            for path in new {
                is_there |= self.change_object(&path, seq, &change).await?;
            }
        }
    }

    async fn change_object(
        &self,
        path: &Path,
        seq: Seq,
        change: impl Fn(&mut Map<String, Value>),
    ) -> Result<bool, Error> {
        let failed = |error| storage("change an archived message")(error);
        for _ in 0..TRIES {
            let answer = match self.store.get(path).await {
                Err(object_store::Error::NotFound { .. }) => return Ok(false),
                answer => answer.map_err(failed)?,
            };
            let (e_tag, version) = (answer.meta.e_tag.clone(), answer.meta.version.clone());
            let bytes = answer.bytes().await.map_err(failed)?;
            let mut messages = file::decode(&bytes)?;
            let Some(message) = messages.iter_mut().find(|message| message.seq == seq) else {
                return Ok(false);
            };
            let before = message.attributes.clone();
            change(&mut message.attributes);
            if message.attributes == before {
                return Ok(true);
            }
            let bytes = file::compress(&file::lines(&messages)?)?;
            let as_read = PutOptions::from(PutMode::Update(UpdateVersion { e_tag, version }));
            let put = self.store.put_opts(path, PutPayload::from(bytes.clone()), as_read).await;
            match put {
                Ok(_) => return Ok(true),
                Err(object_store::Error::Precondition { .. }) => {}
                Err(object_store::Error::NotImplemented { .. }) => {
                    let put = self.store.put(path, PutPayload::from(bytes)).await;
                    return put.map(|_| true).map_err(failed);
                }
                Err(error) => return Err(failed(error)),
            }
        }
        let source = "too many change the same object".into();
        Err(Error::Storage { action: "change an archived message", source })
    }

    /// Forgets everything of a conversation.
    pub async fn erase(&self, conversation: &ConversationId) -> Result<(), Error> {
        let folder = object::folder(conversation);
        let listed = self.store.list(Some(&folder)).map_ok(|object| object.location).boxed();
        let deleted = self.store.delete_stream(listed).try_collect::<Vec<_>>().await;
        deleted.map(drop).map_err(storage("delete archived messages"))
    }

    /// Which thousands of numbers hold something of `window`, in the order in which they are read.
    async fn thousands(
        &self,
        conversation: &ConversationId,
        window: &RangeInclusive<Seq>,
        direction: Direction,
    ) -> Result<Vec<Seq>, Error> {
        let folder = object::folder(conversation);
        let listed = self.store.list_with_delimiter(Some(&folder)).await;
        let listed = listed.map_err(storage("list archived messages"))?;
        let here = window.start() / THOUSAND..=window.end() / THOUSAND;
        let thousands = listed.common_prefixes.iter().filter_map(object::thousand_of);
        let thousands: BTreeSet<_> = thousands.filter(|it| here.contains(it)).collect();
        Ok(match direction {
            Direction::Upwards => thousands.into_iter().collect(),
            Direction::Downwards => thousands.into_iter().rev().collect(),
        })
    }

    /// The objects of a thousand numbers that hold something of `window`, in the order in which they are
    /// read.
    async fn objects(
        &self,
        conversation: &ConversationId,
        thousand: Seq,
        window: &RangeInclusive<Seq>,
        direction: Direction,
    ) -> Result<Vec<Object>, Error> {
        let folder = object::folder_of_thousand(conversation, thousand);
        let listed = self.store.list(Some(&folder)).try_collect::<Vec<_>>().await;
        let listed = listed.map_err(storage("list archived messages"))?;
        let objects = listed.iter().filter_map(|object| Object::parse(&object.location));
        let mut objects: Vec<_> = objects.filter(|object| object.overlaps(window)).collect();
        match direction {
            Direction::Upwards => objects.sort_by_key(|object| object.first),
            Direction::Downwards => objects.sort_by_key(|object| Reverse(object.last)),
        }
        Ok(objects)
    }

    /// The messages of one object; none if it was deleted meanwhile.
    async fn read_object(
        &self,
        conversation: &ConversationId,
        object: &Object,
    ) -> Result<Vec<Archived>, Error> {
        let answer = match self.store.get(&object.path(conversation)).await {
            Err(object_store::Error::NotFound { .. }) => return Ok(Vec::new()),
            answer => answer.map_err(storage("read archived messages"))?,
        };
        let bytes = answer.bytes().await.map_err(storage("read archived messages"))?;
        file::decode(&bytes)
    }
}

/// Whether of two copies of a message this one is newer: more became of it, or something was taken away.
fn is_newer(copy: &Archived, held: &Archived) -> bool {
    let age = |it: &Archived| {
        (it.attributes.get("revised").and_then(Value::as_u64), Reverse(it.attributes.len()))
    };
    age(copy) > age(held)
}

/// Whether nothing of `next`, nor of what comes behind it, can be among the first `limit` messages.
fn is_enough(
    found: &BTreeMap<Seq, Archived>,
    next: &Object,
    direction: Direction,
    limit: usize,
) -> bool {
    let Some(place) = limit.checked_sub(1) else { return true };
    match direction {
        Direction::Upwards => found.keys().nth(place).is_some_and(|seq| *seq < next.first),
        Direction::Downwards => found.keys().rev().nth(place).is_some_and(|seq| *seq > next.last),
    }
}

#[cfg(test)]
mod tests;
