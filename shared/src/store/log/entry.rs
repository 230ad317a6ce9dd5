//! One message of a log, and the item that it is in the table.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use super::said;
use crate::Error;
use crate::domain::{
    Change, ConversationId, Event, Leaving, Message, MessageBody, MessageId, NewMessage, Notice,
    ReactionKey, Role, Seq, Timestamp, Turnover, UserId,
};
use crate::store::item::{Item, n, number, parse_number, s, text};
use crate::store::key::Key;
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
    /// Until when messages go by the stream because there are many, if this one goes by it.
    pub fan_until: Option<Timestamp>,
}

impl Entry {
    /// `new`, which becomes `body`, as the entry behind `newest`, stored `now` or when that was, if that is
    /// later; it is delivered by its sender.
    pub fn after(
        newest: Option<&Self>,
        (conversation, seq): (&ConversationId, Seq),
        (new, id, body): (&NewMessage, &MessageId, MessageBody),
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
                from: new.from.clone(),
                body,
                sent_at,
                by_stream: false,
                archived: false,
            },
            ahead,
            fan_until: None,
            expires_at: retention.map(|retention| sent_at.plus(retention).as_seconds()),
        }
    }

    /// The same, brought to its recipients by the stream if messages go by it until some time.
    #[must_use]
    pub fn going(mut self, fan_until: Option<Timestamp>) -> Self {
        (self.message.by_stream, self.fan_until) = (fan_until.is_some(), fan_until);
        self
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
        ("sent_at", n(message.sent_at.as_millis())),
    ]);
    encode_body(&message.body, &mut item);
    if !entry.ahead.is_zero() {
        item.insert("ahead".into(), n(i64::try_from(entry.ahead.as_millis()).unwrap_or(i64::MAX)));
    }
    if let Some(fan_until) = entry.fan_until {
        item.insert(keys::FAN_UNTIL.into(), n(fan_until.as_millis()));
    }
    if let Some(expires_at) = entry.expires_at {
        item.insert(keys::EXPIRES_AT.into(), n(expires_at));
    }
    item
}

pub(super) fn decode(conversation: &ConversationId, item: &Item) -> Result<Entry, Error> {
    let sk = text(item, keys::SK)?;
    let seq = sk.strip_prefix("MSG#").and_then(|seq| seq.parse().ok());
    let fan_until = item.get(keys::FAN_UNTIL).and_then(parse_number).map(Timestamp::from_millis);
    Ok(Entry {
        message: Message {
            conversation: conversation.clone(),
            seq: seq.ok_or(Error::Corrupt("sk"))?,
            id: MessageId::parse(&text(item, "id")?)?,
            from: UserId::parse(&text(item, "from")?)?,
            body: decode_body(item)?,
            sent_at: Timestamp::from_millis(number(item, "sent_at")?),
            by_stream: fan_until.is_some(),
            archived: false,
        },
        fan_until,
        ahead: Duration::from_millis(item.get("ahead").and_then(parse_number).unwrap_or(0)),
        expires_at: item.get(keys::EXPIRES_AT).and_then(parse_number),
    })
}

/// What is said has its `content`, and nothing that tells what it is; an event has a `kind`, whom it is `of`
/// and what it sets; a notice has a `kind`, and what that asks for of `about`, `role`, `reason`, `joined` and
/// `left`.
fn encode_body(body: &MessageBody, item: &mut Item) {
    let notice = match body {
        MessageBody::Said(said) => return said::encode(said, item),
        MessageBody::Event(event) => return encode_event(event, item),
        MessageBody::Notice(notice) => notice,
        MessageBody::Unknown => return,
    };
    let (kind, about) = match notice {
        Notice::Joined => ("joined", None),
        Notice::Left(_) => ("left", None),
        Notice::Kicked(about) => ("kicked", Some(about)),
        Notice::Banned(about) => ("banned", Some(about)),
        Notice::Unbanned(about) => ("unbanned", Some(about)),
        Notice::Muted(about) => ("muted", Some(about)),
        Notice::Unmuted(about) => ("unmuted", Some(about)),
        Notice::Appointed(about, _) => ("appointed", Some(about)),
        Notice::Members(_) => ("members", None),
    };
    item.insert("kind".into(), s(kind));
    if let Some(about) = about {
        item.insert("about".into(), s(about.as_str()));
    }
    if let Notice::Appointed(_, role) = notice {
        item.insert("role".into(), s(role.as_str()));
    }
    if let Notice::Members(Turnover { joined, left }) = notice {
        item.insert("joined".into(), n(*joined));
        item.insert("left".into(), n(*left));
    }
    if let Notice::Left(Some(Leaving::Deleted)) = notice {
        item.insert("reason".into(), s("deleted"));
    }
}

fn encode_event(event: &Event, item: &mut Item) {
    let kind = match &event.change {
        Change::Edited(wording) => {
            if let Some(wording) = wording {
                said::encode_wording(wording, item);
            }
            "edited"
        }
        Change::Deleted => "deleted",
        Change::Reacted { key, on, count } => {
            item.insert("key".into(), s(key.as_str()));
            item.insert("on".into(), AttributeValue::Bool(*on));
            item.insert("count".into(), n(*count));
            "reacted"
        }
        Change::Pinned { on } => {
            item.insert("on".into(), AttributeValue::Bool(*on));
            "pinned"
        }
    };
    item.insert("kind".into(), s(kind));
    item.insert("of".into(), n(event.of));
}

fn decode_body(item: &Item) -> Result<MessageBody, Error> {
    let Ok(kind) = text(item, "kind") else {
        return Ok(MessageBody::Said(said::decode(item)?));
    };
    let on = || item.get("on").and_then(|on| on.as_bool().ok()).copied().unwrap_or_default();
    let event = |change| Ok(MessageBody::Event(Event { of: number(item, "of")?, change }));
    match kind.as_str() {
        "edited" => event(Change::Edited(said::decode_wording(item)?)),
        "deleted" => event(Change::Deleted),
        "reacted" => event(Change::Reacted {
            key: ReactionKey::parse(&text(item, "key")?)?,
            on: on(),
            count: number(item, "count")?,
        }),
        "pinned" => event(Change::Pinned { on: on() }),
        notice => decode_notice(notice, item),
    }
}

fn decode_notice(kind: &str, item: &Item) -> Result<MessageBody, Error> {
    let about = || UserId::parse(&text(item, "about")?);
    Ok(MessageBody::Notice(match kind {
        "joined" => Notice::Joined,
        "left" => Notice::Left(item.contains_key("reason").then_some(Leaving::Deleted)),
        "kicked" => Notice::Kicked(about()?),
        "banned" => Notice::Banned(about()?),
        "unbanned" => Notice::Unbanned(about()?),
        "muted" => Notice::Muted(about()?),
        "unmuted" => Notice::Unmuted(about()?),
        "appointed" => Notice::Appointed(about()?, Role::parse(&text(item, "role")?)),
        "members" => Notice::Members(Turnover {
            joined: number(item, "joined")?,
            left: number(item, "left")?,
        }),
        _ => return Ok(MessageBody::Unknown),
    }))
}
