//! One message of a log, and the item that it is in the table.

use crate::store::key::Key;
use std::time::Duration;

use crate::Error;
use crate::domain::{
    Content, ConversationId, Kind, Message, MessageId, NewMessage, Seq, Timestamp, UserId,
};
use crate::store::item::{Item, n, number, parse_number, s, text};
use crate::store::keys;

/// A message with what only the log needs to know.
#[derive(Debug)]
pub struct Entry {
    /// The message.
    pub message: Message,
    /// The most by which the time inside any id so far was ahead of the server's clock.
    pub ahead: Duration,
    /// When it expires, in seconds since the Unix epoch; `None` for never.
    pub expires_at: Option<i64>,
}

impl Entry {
    /// `new` as the entry behind `newest`, stored `now` or when that was, if that is later.
    pub fn after(
        newest: Option<&Self>,
        (conversation, seq): (&ConversationId, Seq),
        (new, id): (&NewMessage, &MessageId),
        now: Timestamp,
        retention: Option<Duration>,
    ) -> Self {
        let sent_at = newest.map_or(now, |newest| newest.message.sent_at.max(now));
        let ahead =
            new.id.as_ref().and_then(MessageId::made_at).map(|made_at| made_at.since(sent_at));
        let ahead =
            ahead.unwrap_or_default().max(newest.map_or(Duration::ZERO, |newest| newest.ahead));
        Self {
            message: Message {
                conversation: conversation.clone(),
                seq,
                id: id.clone(),
                kind: new.kind,
                from: new.from.clone(),
                about: new.about.clone(),
                content: new.content.clone(),
                sent_at,
            },
            ahead,
            expires_at: retention.map(|retention| sent_at.plus(retention).as_seconds()),
        }
    }

    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now.as_seconds())
    }
}

pub(super) fn encode(entry: &Entry) -> Item {
    let message = &entry.message;
    let mut item = Key::message(&message.conversation, message.seq).with([
        ("id", s(message.id.as_str())),
        ("from", s(message.from.as_str())),
        ("content", s(message.content.as_str())),
        ("sent_at", n(message.sent_at.as_millis())),
    ]);
    if message.kind != Kind::Message {
        item.insert("kind".into(), s(message.kind.as_str()));
    }
    if let Some(about) = &message.about {
        item.insert("about".into(), s(about.as_str()));
    }
    if !entry.ahead.is_zero() {
        item.insert("ahead".into(), n(i64::try_from(entry.ahead.as_millis()).unwrap_or(i64::MAX)));
    }
    if let Some(expires_at) = entry.expires_at {
        item.insert(keys::EXPIRES_AT.into(), n(expires_at));
    }
    item
}

pub(super) fn decode(conversation: &ConversationId, item: &Item) -> Result<Entry, Error> {
    let sk = text(item, keys::SK)?;
    let seq = sk.strip_prefix("MSG#").and_then(|seq| seq.parse().ok());
    Ok(Entry {
        message: Message {
            conversation: conversation.clone(),
            seq: seq.ok_or(Error::Corrupt("sk"))?,
            id: MessageId::parse(&text(item, "id")?)?,
            kind: text(item, "kind").map(|kind| Kind::parse(&kind)).unwrap_or_default(),
            from: UserId::parse(&text(item, "from")?)?,
            about: text(item, "about").ok().map(|about| UserId::parse(&about)).transpose()?,
            content: Content::stored(text(item, "content")?),
            sent_at: Timestamp::from_millis(number(item, "sent_at")?),
        },
        ahead: Duration::from_millis(item.get("ahead").and_then(parse_number).unwrap_or(0)),
        expires_at: item.get(keys::EXPIRES_AT).and_then(parse_number),
    })
}
