//! Conversations as logs: every message has a number, and the put that stores it allocates it.
//!
//! To append is to read the tail, take the number after it, and put under the condition that the
//! number is free. Whoever loses a race is shown the occupant and steps on. So numbers have no holes,
//! and no counter exists that could disagree with the log. The first message of a log is the one
//! exception: see [`start`](super::start).
//!
//! Two values never fall along a log, and make a repeated send recognisable however late it comes:
//! `sent_at`, and `ahead`: the most by which the time inside any UUIDv7 so far was ahead of the
//! server's clock. The first send of an id made at `t` was therefore stored at `t - ahead` or later.

use std::time::Duration;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use futures::try_join;

use super::item::{Item, n, number, parse_number, s, text};
use super::{Store, keys};
use crate::Error;
use crate::chat::{
    Content, ConversationId, Kind, Message, MessageId, Page, Range, Seq, Timestamp, UserId,
};
use crate::error::storage;

/// How many messages are looked at before every append.
const TAIL: i32 = 12;
/// How many when a client's id does not tell its time: repeats are found among so many.
const LONG_TAIL: i32 = 100;
/// How far back a repeat is searched for, in messages, before the id is refused as too old.
const SEARCH: usize = 10_000;
/// How many messages the first read of that search asks for; each asks for twice as many.
const FIRST_SEARCH_PAGE: usize = 24;
/// The most that one read of it asks for.
const MOST_SEARCH_PAGE: usize = 500;
/// How far ahead of the server's clock the time inside an id may be.
const MOST_AHEAD: Duration = Duration::from_secs(2 * 60);
/// How many numbers are tried before the tail is read again: every try costs a write.
const STEPS: usize = 3;
/// How often an append starts over before it is given up: each time other writers got further.
const ATTEMPTS: u32 = 500;
/// Before it starts over, a writer waits a random number of these: more, the more often it lost, so
/// that a crowd spreads out.
const PAUSE: Duration = Duration::from_millis(4);
/// The most of these pauses.
const MOST_CROWD: u32 = 50;

/// A message that wants a place in the log.
#[derive(Debug)]
pub struct Draft {
    /// The sender's name for it, if the sender gave one.
    pub id: Option<MessageId>,
    /// Whether it is something said or a notice.
    pub kind: Kind,
    /// Who says it.
    pub from: UserId,
    /// What is said.
    pub content: Content,
}

/// What a log asks of those who write to it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    /// How long messages are kept; `None` for ever.
    pub retention: Option<Duration>,
    /// How many messages one sender may say in a second; 0 for any number.
    pub messages_per_second: usize,
}

/// What became of a draft.
#[derive(Debug)]
pub enum Appended {
    /// It has its place now.
    Stored(Message),
    /// The same sender sent it before under the same id; this is the message that was stored then.
    Repeat(Message),
}

/// A message with what only the log needs to know.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) message: Message,
    pub(super) ahead: Duration,
    pub(super) expires_at: Option<i64>,
}

/// The newest end of a log, newest first.
pub(super) struct Tail {
    pub(super) entries: Vec<Entry>,
    /// Where the numbers started, if that item came with the page.
    pub(super) start: Option<Seq>,
    /// Whether the page reaches the beginning of the log.
    whole: bool,
}

enum Put {
    Stored,
    Occupied(Box<Entry>),
    /// A transaction has its hands on the number: look again.
    Contended,
}

impl Draft {
    /// The draft as an entry with number `seq`, stored `now` or when `newest` was, if that is later.
    pub(super) fn entry(
        &self,
        id: &MessageId,
        place: (&ConversationId, Seq),
        newest: Option<&Entry>,
        now: Timestamp,
        retention: Option<Duration>,
    ) -> Entry {
        let sent_at = newest.map_or(now, |newest| newest.message.sent_at.max(now));
        let ahead =
            self.id.as_ref().and_then(MessageId::made_at).map(|made_at| made_at.since(sent_at));
        let ahead =
            ahead.unwrap_or_default().max(newest.map_or(Duration::ZERO, |newest| newest.ahead));
        let (conversation, seq) = place;
        Entry {
            message: Message {
                conversation: conversation.clone(),
                seq,
                id: id.clone(),
                kind: self.kind,
                from: self.from.clone(),
                content: self.content.clone(),
                sent_at,
            },
            ahead,
            expires_at: retention.map(|retention| sent_at.plus(retention).as_seconds()),
        }
    }

    /// Whether `message` is this draft, sent before; an error if only its id is the same.
    fn is_repeated_by(&self, id: &MessageId, message: &Message) -> Result<bool, Error> {
        if message.id != *id || message.from != self.from {
            return Ok(false);
        }
        if message.content != self.content || message.kind != self.kind {
            return Err(Error::Conflict("this id already names another message"));
        }
        Ok(true)
    }
}

impl Tail {
    /// Refuses a sender who has said as much as is allowed within the last second.
    fn check_rate(&self, draft: &Draft, now: Timestamp, rules: Rules) -> Result<(), Error> {
        const SECOND: Duration = Duration::from_secs(1);
        if rules.messages_per_second == 0 || draft.kind != Kind::Message {
            return Ok(());
        }
        let theirs = self.entries.iter().map(|entry| &entry.message);
        let theirs = theirs.filter(|it| it.from == draft.from && it.kind == Kind::Message);
        match theirs.map(|it| now.since(it.sent_at)).nth(rules.messages_per_second - 1) {
            Some(age) if age < SECOND => Err(Error::RateLimited { retry_after: SECOND - age }),
            _ => Ok(()),
        }
    }
}

impl Store {
    /// Gives `draft` the next number of `conversation`, or finds the message it repeats, if
    /// `permission` is granted.
    ///
    /// Fails with `conflict` when its id names another message of the same sender, and with
    /// `bad_request` when the time inside its id is in the future or too long ago to search for.
    pub async fn append(
        &self,
        conversation: &ConversationId,
        draft: &Draft,
        permission: impl Future<Output = Result<(), Error>>,
        now: Timestamp,
        rules: Rules,
    ) -> Result<Appended, Error> {
        let retention = rules.retention;
        let made_at = draft.id.as_ref().and_then(MessageId::made_at);
        if made_at.is_some_and(|made_at| made_at > now.plus(MOST_AHEAD)) {
            return Err(Error::Invalid("the time inside `id` is in the future".into()));
        }
        let id = draft.id.clone().unwrap_or_else(|| MessageId::fresh(now));
        // The permission is asked for while the tail is read: nothing is written before both came.
        let (mut tail, ()) = try_join!(self.tail(conversation, draft, rules), permission)?;
        for crowd in 1..ATTEMPTS {
            if let Some(earlier) = self.find_repeat(conversation, draft, &id, &tail).await? {
                return Ok(Appended::Repeat(earlier));
            }
            tail.check_rate(draft, now, rules)?;
            let newest = tail.entries.first();
            if tail.needs_start(now) {
                let start = match tail.start {
                    None if !tail.whole => self.start_of(conversation).await?,
                    start => start,
                };
                let seq = tail.next_seq(now);
                let entry = draft.entry(&id, (conversation, seq), newest, now, retention);
                if self.put_with_start(&entry, start).await? {
                    return Ok(Appended::Stored(entry.message));
                }
            } else if let Some(newest) = newest
                && let Some(appended) = self.put_after(newest, draft, &id, now, retention).await?
            {
                return Ok(appended);
            }
            tokio::time::sleep(fastrand::u32(..=crowd.min(MOST_CROWD)) * PAUSE).await;
            tail = self.tail(conversation, draft, rules).await?;
        }
        Err(Error::Storage {
            action: "append a message",
            source: "too many writers at once".into(),
        })
    }

    /// Tries the numbers after `newest` until one is free; `None` when the tail must be read again.
    async fn put_after(
        &self,
        newest: &Entry,
        draft: &Draft,
        id: &MessageId,
        now: Timestamp,
        retention: Option<Duration>,
    ) -> Result<Option<Appended>, Error> {
        let conversation = &newest.message.conversation;
        let next = |newest: &Entry| {
            let place = (conversation, newest.message.seq + 1);
            draft.entry(id, place, Some(newest), now, retention)
        };
        let mut entry = next(newest);
        for _ in 0..STEPS {
            match self.put(&entry).await? {
                Put::Stored => return Ok(Some(Appended::Stored(entry.message))),
                Put::Contended => return Ok(None),
                Put::Occupied(occupant) => {
                    if draft.is_repeated_by(id, &occupant.message)? {
                        return Ok(Some(Appended::Repeat(occupant.message)));
                    }
                    entry = next(&occupant);
                }
            }
        }
        Ok(None)
    }

    async fn put(&self, entry: &Entry) -> Result<Put, Error> {
        let put = self.db.put_item().table_name(&self.table).set_item(Some(encode(entry)));
        let put = put
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(
                aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld,
            );
        let Err(error) = put.send().await else { return Ok(Put::Stored) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                let occupant = failed.item().ok_or(Error::Corrupt("occupant"))?;
                Ok(Put::Occupied(Box::new(decode(&entry.message.conversation, occupant)?)))
            }
            Some(PutItemError::TransactionConflictException(_)) => Ok(Put::Contended),
            _ => Err(storage("append a message")(error)),
        }
    }

    async fn tail(
        &self,
        conversation: &ConversationId,
        draft: &Draft,
        rules: Rules,
    ) -> Result<Tail, Error> {
        let timeless = draft.id.as_ref().is_some_and(|id| id.made_at().is_none());
        let rate = i32::try_from(rules.messages_per_second).unwrap_or(LONG_TAIL);
        let limit = if timeless { LONG_TAIL } else { TAIL.max(rate).min(LONG_TAIL) };
        let page = self.query_log(conversation, keys::START, keys::LAST);
        let page = page.scan_index_forward(false).limit(limit).send().await;
        let page = page.map_err(storage("read the end of a conversation"))?;
        let mut start = None;
        let mut entries = Vec::with_capacity(page.items().len());
        for item in page.items() {
            match item.get("start") {
                Some(value) => start = parse_number(value),
                None => entries.push(decode(conversation, item)?),
            }
        }
        Ok(Tail { entries, start, whole: page.last_evaluated_key().is_none() })
    }

    /// Looks for an earlier send of `draft`: in the tail, and as far behind it as its id could be.
    async fn find_repeat(
        &self,
        conversation: &ConversationId,
        draft: &Draft,
        id: &MessageId,
        tail: &Tail,
    ) -> Result<Option<Message>, Error> {
        for entry in &tail.entries {
            if draft.is_repeated_by(id, &entry.message)? {
                return Ok(Some(entry.message.clone()));
            }
        }
        let (Some(newest), Some(oldest)) = (tail.entries.first(), tail.entries.last()) else {
            return Ok(None);
        };
        let Some(made_at) = draft.id.as_ref().and_then(MessageId::made_at) else { return Ok(None) };
        let horizon = made_at.minus(newest.ahead);
        if tail.whole || oldest.message.sent_at < horizon {
            return Ok(None);
        }
        let mut before = oldest.message.seq;
        let mut searched = 0;
        let mut size = FIRST_SEARCH_PAGE;
        while searched < SEARCH {
            let range = Range { before: Some(before), after: None };
            let page = self.page(conversation, range, size, None).await?;
            for message in page.messages.iter().rev() {
                if draft.is_repeated_by(id, message)? {
                    return Ok(Some(message.clone()));
                }
                if message.sent_at < horizon {
                    return Ok(None);
                }
            }
            let Some(first) = page.before else { return Ok(None) };
            before = first;
            size = (size * 2).min(MOST_SEARCH_PAGE);
            searched += page.messages.len();
        }
        Err(Error::Invalid("the time inside `id` is too long ago; look whether it was sent".into()))
    }

    /// Reads up to `limit` messages: the last of the range, or its first if it starts `after` one.
    ///
    /// Strongly consistent; leaves out what has expired at `now`. A page also ends at DynamoDB's
    /// 1 MB (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html>).
    pub async fn page(
        &self,
        conversation: &ConversationId,
        range: Range,
        limit: usize,
        now: Option<Timestamp>,
    ) -> Result<Page, Error> {
        let first = range.after.map_or(1, |after| after.saturating_add(1));
        let last =
            range.before.map_or(keys::LAST, |before| before.saturating_sub(1)).min(keys::LAST);
        if first > last {
            return Ok(Page { messages: Vec::new(), before: None, after: None });
        }
        let upwards = range.after.is_some();
        let query = self.query_log(conversation, first, last).scan_index_forward(upwards);
        let answer = query.limit(i32::try_from(limit + 1).unwrap_or(i32::MAX)).send().await;
        let answer = answer.map_err(storage("read a conversation"))?;
        let mut entries = Vec::with_capacity(answer.items().len());
        for item in answer.items() {
            entries.push(decode(conversation, item)?);
        }
        let more = entries.len() > limit || answer.last_evaluated_key().is_some();
        entries.truncate(limit);
        let next = entries.last().map(|entry| entry.message.seq).filter(|_| more);
        let (before, after) = if upwards { (None, next) } else { (next, None) };
        if !upwards {
            entries.reverse();
        }
        entries.retain(|entry| now.is_none_or(|now| !entry.is_expired(now)));
        let messages = entries.into_iter().map(|entry| entry.message).collect();
        Ok(Page { messages, before, after })
    }

    /// Reads the last messages up to `limit`, none of them before `first`.
    pub async fn newest_from(
        &self,
        conversation: &ConversationId,
        first: Seq,
        limit: usize,
        now: Timestamp,
    ) -> Result<Page, Error> {
        let query = self.query_log(conversation, first.max(1), keys::LAST);
        let query = query.scan_index_forward(false).limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let answer = query.send().await.map_err(storage("read the end of a conversation"))?;
        let mut messages = Vec::with_capacity(answer.items().len());
        for item in answer.items().iter().rev() {
            let entry = decode(conversation, item)?;
            if !entry.is_expired(now) {
                messages.push(entry.message);
            }
        }
        Ok(Page { messages, before: None, after: None })
    }

    fn query_log(
        &self,
        conversation: &ConversationId,
        first: Seq,
        last: Seq,
    ) -> QueryFluentBuilder {
        self.db
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", s(keys::conversation_pk(conversation)))
            .expression_attribute_values(":first", s(keys::message_sk(first)))
            .expression_attribute_values(":last", s(keys::message_sk(last)))
    }
}

impl Entry {
    fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now.as_seconds())
    }
}

pub(super) fn encode(entry: &Entry) -> Item {
    let message = &entry.message;
    let mut item = Item::from([
        (keys::PK.into(), s(keys::conversation_pk(&message.conversation))),
        (keys::SK.into(), s(keys::message_sk(message.seq))),
        ("id".into(), s(message.id.as_str())),
        ("from".into(), s(message.from.as_str())),
        ("content".into(), s(message.content.as_str())),
        ("sent_at".into(), n(message.sent_at.as_millis())),
    ]);
    if message.kind != Kind::Message {
        item.insert("kind".into(), s(message.kind.as_str()));
    }
    if !entry.ahead.is_zero() {
        item.insert("ahead".into(), n(i64::try_from(entry.ahead.as_millis()).unwrap_or(i64::MAX)));
    }
    if let Some(expires_at) = entry.expires_at {
        item.insert(keys::EXPIRES_AT.into(), n(expires_at));
    }
    item
}

fn decode(conversation: &ConversationId, item: &Item) -> Result<Entry, Error> {
    let sk = text(item, keys::SK)?;
    let seq = sk.strip_prefix("MSG#").and_then(|seq| seq.parse().ok());
    Ok(Entry {
        message: Message {
            conversation: conversation.clone(),
            seq: seq.ok_or(Error::Corrupt("sk"))?,
            id: MessageId::parse(&text(item, "id")?)?,
            kind: text(item, "kind").map(|kind| Kind::parse(&kind)).unwrap_or_default(),
            from: UserId::parse(&text(item, "from")?)?,
            content: Content::stored(text(item, "content")?),
            sent_at: Timestamp::from_millis(number(item, "sent_at")?),
        },
        ahead: Duration::from_millis(item.get("ahead").and_then(parse_number).unwrap_or(0)),
        expires_at: item.get(keys::EXPIRES_AT).and_then(parse_number),
    })
}
