//! An inbox as values.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::Error;
use crate::auth::identity::WebSocketCaller;
use crate::domain::{
    CONNECTION_LIFETIME, ConnectionId, ConversationId, Seq, SessionId, Timestamp, UserId,
};
use crate::store::item::{Item, n, parse_number, s};
use crate::store::keys;

use super::overflow::UNTOLD;

/// An inbox as one read or update showed it.
#[derive(Clone, Debug, Default)]
pub struct Inbox {
    /// The user's connections; also those that have expired.
    pub connections: BTreeMap<ConnectionId, Connection>,
    /// Whether the index says that the user is online.
    pub online: bool,
    /// When the user's last connection went.
    pub last_seen: Option<Timestamp>,
    pub(super) latest: Option<String>,
    /// Whom the user has blocked, and when.
    pub blocked: BTreeMap<UserId, Timestamp>,
    /// Sessions that ended lately.
    pub(super) ended: BTreeMap<SessionId, Timestamp>,
    /// Whether the user's account is being deleted, or is gone: nothing is said or heard here any more.
    closed: bool,
    alone: Option<String>,
    pending: HashMap<String, Pending>,
    overflow: Option<String>,
    /// What all that waits and everybody blocked may take, in bytes.
    listed: usize,
}

/// How far the clocks of two invocations may be apart, and how long it may take to remember that a connection
/// is ready.
const YOUNG: Duration = Duration::from_secs(15);
/// How long a handshake may take: until then `@connections` may know nothing of a connection that will
/// stand.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// What a mark takes beside the name of its conversation, which its late write bears, too: both numbers.
const MARK_BYTES: usize = 40;

/// A connection of a user.
#[derive(Clone, Debug)]
pub struct Connection {
    /// When it was made.
    pub connected_at: Timestamp,
    /// When API Gateway will have ended it, whether or not it says so, or its token is over.
    pub expires_at: Timestamp,
    /// Since when its handshake is known to be through; before that a push is answered 410.
    pub ready_at: Option<Timestamp>,
    /// How many of the lobby's last messages its welcome brings.
    pub history: usize,
    /// The session it belongs to; it ends with it.
    pub session: Option<SessionId>,
}

/// Why a connection is to hear no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overdue {
    /// Its token is over, and no other was shown.
    Token,
    /// Its session has ended.
    Session,
    /// API Gateway has ended it by now.
    Lifetime,
}

/// What an inbox holds of one conversation.
#[derive(Clone, Debug, Default)]
pub struct Pending {
    /// The first message not delivered; `None` when nothing waits.
    pub from: Option<Seq>,
    /// The last message that a sender left to whoever delivers the backlog.
    pub late_write: Option<Seq>,
    /// Who delivers the backlog.
    pub lease: Option<Lease>,
}

/// The right to deliver a backlog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Who has it.
    pub holder: String,
    /// When another may take it.
    pub until: Timestamp,
}

/// What became of a conditional update.
#[derive(Debug)]
pub enum Update {
    /// It was made; the inbox after it.
    Applied(Inbox),
    /// Its condition did not hold; the inbox that shows why.
    Refused(Inbox),
}

impl Inbox {
    /// The connections that take pushes at `now`.
    pub fn ready(&self, now: Timestamp) -> Vec<ConnectionId> {
        let connections = self.connections.iter();
        let ready =
            connections.filter(|(_, it)| it.is_ready() && self.overdue_for(it, now).is_none());
        ready.map(|(id, _)| id.clone()).collect()
    }

    /// Whether this one was ready well before `at`, so that it has heard whatever was said since then.
    pub fn has_settled(&self, id: &ConnectionId, at: Timestamp) -> bool {
        let ready_at = self.connections.get(id).and_then(|connection| connection.ready_at);
        ready_at.is_some_and(|ready_at| ready_at.plus(YOUNG) < at)
    }

    /// Whether one of them but for `other` may have become ready after `read_at`, so that it may not have
    /// heard what has become since of a message that was read then.
    pub fn has_young(&self, read_at: Timestamp, other: Option<&ConnectionId>) -> bool {
        let connections = self.connections.iter().filter(|(id, _)| Some(*id) != other);
        let ready_at = connections.filter_map(|(_, connection)| connection.ready_at);
        ready_at.into_iter().any(|ready_at| ready_at.plus(YOUNG) >= read_at)
    }

    /// Whether a connection stands at `now`.
    pub fn has_live_connection(&self, now: Timestamp) -> bool {
        self.live(now).next().is_some()
    }

    /// The connections that are to hear no more at `now`, and why, until they are known to be closed.
    pub fn overdue(&self, now: Timestamp) -> Vec<(ConnectionId, Overdue)> {
        let connections = self.connections.iter().filter(|(_, it)| !it.may_be_in_handshake(now));
        let overdue = connections.map(|(id, it)| Some((id.clone(), self.overdue_for(it, now)?)));
        overdue.flatten().collect()
    }

    /// The connections that may be heard at `now`, as far as is known; also those that shake hands.
    pub fn live(&self, now: Timestamp) -> impl Iterator<Item = (&ConnectionId, &Connection)> {
        self.connections.iter().filter(move |(_, it)| self.overdue_for(it, now).is_none())
    }

    fn overdue_for(&self, connection: &Connection, now: Timestamp) -> Option<Overdue> {
        if connection.connected_at.plus(CONNECTION_LIFETIME) <= now {
            Some(Overdue::Lifetime)
        } else if self.closed || connection.session.is_some_and(|it| self.has_ended(it)) {
            Some(Overdue::Session)
        } else {
            (connection.expires_at <= now).then_some(Overdue::Token)
        }
    }

    /// Whether a session is known to have ended.
    pub fn has_ended(&self, session: SessionId) -> bool {
        self.ended.contains_key(&session)
    }

    /// Whether a connection of `session` belongs to one: to that which it was renewed for, if it was; or
    /// to a closed account, which has none.
    pub fn has_ended_for(&self, id: &ConnectionId, session: Option<SessionId>) -> bool {
        let renewed = self.connections.get(id).and_then(|connection| connection.session);
        self.closed || renewed.or(session).is_some_and(|session| self.has_ended(session))
    }

    /// Whether the user was offline before this connection came, and no other has come since.
    pub fn came_online_with(&self, id: &ConnectionId) -> bool {
        self.alone.as_deref() == Some(id.as_str())
    }

    /// What waits of `conversation`.
    pub fn pending(&self, conversation: &ConversationId) -> Pending {
        self.pending.get(&conversation.to_string()).cloned().unwrap_or_default()
    }

    /// Whether nothing of another conversation can be listed here, if the list may take so many bytes.
    pub fn is_full(&self, most_bytes: usize) -> bool {
        self.listed >= most_bytes
    }

    /// Whether more waits than is listed here.
    pub fn overflows(&self) -> bool {
        self.overflow.is_some()
    }

    /// The same, and nobody is about to tell its owner.
    pub fn overflows_untold(&self) -> bool {
        self.overflow.as_deref() == Some(UNTOLD)
    }

    /// Whether anything waits, listed or not.
    pub fn has_pending(&self) -> bool {
        self.overflows() || self.pending.values().any(|pending| pending.from.is_some())
    }

    /// Every conversation of which something waits.
    pub fn pending_conversations(&self) -> Vec<ConversationId> {
        let marked = self.pending.iter().filter(|(_, waiting)| waiting.from.is_some());
        let mut marked: Vec<_> = marked
            .filter_map(|(conversation, _)| ConversationId::parse(conversation).ok())
            .collect();
        marked.sort();
        marked
    }

    pub(in crate::store) fn decode(item: &Item) -> Self {
        let mut inbox = Self::default();
        for (name, value) in item {
            let Some((kind, rest)) = name.split_once(':') else {
                inbox.decode_plain(name, value);
                continue;
            };
            match kind {
                "conn" => {
                    if let Some(connection) = Connection::decode(value) {
                        inbox.connections.insert(ConnectionId::new(rest), connection);
                    }
                }
                "ended" => {
                    if let (Some(session), Some(at)) = (SessionId::parse(rest), parse_number(value))
                    {
                        inbox.ended.insert(session, Timestamp::from_millis(at));
                    }
                }
                "blocked" => {
                    inbox.listed += name.len();
                    if let (Ok(user), Some(at)) = (UserId::from_encoded(rest), parse_number(value))
                    {
                        inbox.blocked.insert(user, Timestamp::from_millis(at));
                    }
                }
                "wait" => {
                    inbox.listed += 2 * name.len() + MARK_BYTES;
                    inbox.pending_mut(rest).from = parse_number(value);
                }
                "skip" => inbox.pending_mut(rest).late_write = parse_number(value),
                "lease" => inbox.pending_mut(rest).lease = Lease::decode(value),
                _ => {}
            }
        }
        inbox
    }

    fn decode_plain(&mut self, name: &str, value: &AttributeValue) {
        let text = || value.as_s().ok().cloned();
        match name {
            keys::DIRECTORY_PK => self.online = true,
            "last_seen" => self.last_seen = parse_number(value).map(Timestamp::from_millis),
            "latest" => self.latest = text(),
            "alone" => self.alone = text(),
            "overflow" => self.overflow = text(),
            "closed" => self.closed = true,
            _ => {}
        }
    }

    fn pending_mut(&mut self, conversation: &str) -> &mut Pending {
        self.pending.entry(conversation.to_owned()).or_default()
    }
}

impl Connection {
    /// How many of the lobby's messages welcome a client that does not say.
    pub const HISTORY: usize = 20;

    /// A connection that was made at `connected_at` and may live as long as API Gateway lets it.
    pub fn new(connected_at: Timestamp, ready_at: Option<Timestamp>) -> Self {
        let expires_at = connected_at.plus(CONNECTION_LIFETIME);
        Self { connected_at, expires_at, ready_at, history: Self::HISTORY, session: None }
    }

    /// The connection over which somebody speaks.
    pub fn of(caller: &WebSocketCaller, ready_at: Option<Timestamp>) -> Self {
        Self::new(caller.connected_at, ready_at).trusted(caller.session, caller.until)
    }

    /// Whether its handshake is known to be through.
    pub fn is_ready(&self) -> bool {
        self.ready_at.is_some()
    }

    /// The same, of `session`, and ended when its token is over: `until`.
    #[must_use]
    pub fn trusted(self, session: Option<SessionId>, until: Option<Timestamp>) -> Self {
        let expires_at = until.map_or(self.expires_at, |until| until.min(self.expires_at));
        Self { expires_at, session, ..self }
    }

    /// Whether its handshake may still be under way.
    pub fn may_be_in_handshake(&self, now: Timestamp) -> bool {
        !self.is_ready() && now.since(self.connected_at) < HANDSHAKE
    }

    pub(super) fn encode(&self) -> AttributeValue {
        let mut map = Item::from([
            ("connected_at".into(), n(self.connected_at.as_millis())),
            ("expires_at".into(), n(self.expires_at.as_millis())),
        ]);
        if let Some(ready_at) = self.ready_at {
            map.insert("ready_at".into(), n(ready_at.as_millis()));
        }
        if self.history != Self::HISTORY {
            map.insert("history".into(), n(i64::try_from(self.history).unwrap_or_default()));
        }
        if let Some(session) = self.session {
            map.insert("session".into(), s(session.to_string()));
        }
        AttributeValue::M(map)
    }

    fn decode(value: &AttributeValue) -> Option<Self> {
        let map = value.as_m().ok()?;
        let session = map.get("session").and_then(|session| session.as_s().ok());
        Some(Self {
            session: session.and_then(|session| SessionId::parse(session)),
            connected_at: Timestamp::from_millis(parse_number(map.get("connected_at")?)?),
            expires_at: Timestamp::from_millis(parse_number(map.get("expires_at")?)?),
            ready_at: map.get("ready_at").and_then(parse_number).map(Timestamp::from_millis),
            history: map.get("history").and_then(parse_number).unwrap_or(Self::HISTORY),
        })
    }
}

impl Lease {
    pub(in crate::store) fn decode(value: &AttributeValue) -> Option<Self> {
        let map = value.as_m().ok()?;
        Some(Self {
            holder: map.get("holder")?.as_s().ok()?.clone(),
            until: Timestamp::from_millis(parse_number(map.get("until")?)?),
        })
    }
}

impl Overdue {
    /// What its client is told.
    pub fn why(self) -> Error {
        Error::Untrusted(match self {
            Self::Token | Self::Lifetime => "the token has expired",
            Self::Session => "the session has ended",
        })
    }
}

impl Update {
    /// The inbox, whether or not the update was made.
    pub fn into_inbox(self) -> Inbox {
        match self {
            Self::Applied(inbox) | Self::Refused(inbox) => inbox,
        }
    }
}

impl Lease {
    pub(in crate::store) fn encode(holder: &str, until: Timestamp) -> AttributeValue {
        AttributeValue::M(HashMap::from([
            ("holder".into(), s(holder)),
            ("until".into(), n(until.as_millis())),
        ]))
    }
}
