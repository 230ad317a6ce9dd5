//! What clients see of rooms, their members and messages, inside frames and over HTTP.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::{
    Access, ConversationId, Kind, Member, Message, MessageId, Mute, Role, Room, RoomHistory,
    RoomId, Seq, Timestamp, UserId,
};

/// A room as clients see it.
#[derive(Debug, Serialize)]
pub struct RoomView<'a> {
    /// Its id.
    pub id: RoomId,
    /// Its name.
    pub name: &'a str,
    /// What it is about.
    pub topic: Option<&'a str>,
    /// Whatever its creator keeps with it.
    pub metadata: Option<&'a Map<String, Value>>,
    /// Who may find and join it.
    pub access: Access,
    /// What people who join may read of what was said before.
    pub history: RoomHistory,
    /// Who made it.
    pub creator: &'a UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many people are in it.
    pub members: u64,
    /// Its conversation.
    pub conversation: ConversationId,
}

impl<'a> From<&'a Room> for RoomView<'a> {
    fn from(room: &'a Room) -> Self {
        Self {
            id: room.id,
            name: room.name.as_str(),
            topic: room.topic.as_deref(),
            metadata: room.metadata.as_ref(),
            access: room.access,
            history: room.history,
            creator: &room.creator,
            created_at: room.created_at,
            members: room.members,
            conversation: room.conversation(),
        }
    }
}

/// A member of a room as clients see it.
#[derive(Debug, Serialize)]
pub struct MemberView<'a> {
    /// Who.
    pub user: &'a UserId,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub joined_at: Timestamp,
    /// Whether they may not speak.
    pub muted: bool,
    /// When that ends by itself, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<Timestamp>,
}

impl<'a> MemberView<'a> {
    /// The view at `now`: a mute may be over.
    pub fn at(now: Timestamp, member: &'a Member) -> Self {
        let mute = member.muted(now);
        let (user, role, joined_at) = (&member.user, member.role, member.joined_at);
        let muted_until = mute.and_then(|mute| match mute {
            Mute::Open => None,
            Mute::Until(until) => Some(until),
        });
        Self { user, role, joined_at, muted: mute.is_some(), muted_until }
    }
}

/// A message as clients see it.
#[derive(Debug, Serialize)]
pub struct MessageView<'a> {
    /// The sender's name for it.
    pub id: &'a MessageId,
    /// Where it was said.
    pub conversation: &'a ConversationId,
    /// Its place there.
    pub seq: Seq,
    /// Whether it is something said or a notice.
    pub kind: Kind,
    /// Who said it.
    pub from: &'a UserId,
    /// Whom a notice is about, if not its sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<&'a UserId>,
    /// Who it was said to, in a direct conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<&'a UserId>,
    /// The room it was said in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// What was said.
    pub content: &'a str,
    /// When it was stored.
    pub timestamp: Timestamp,
    /// How far it got; only where it was looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
}

/// How far a message got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is kept, and waits for its recipient.
    Sent,
    /// A connection of its recipient took it.
    Delivered,
    /// Its recipient has read it.
    Read,
}

impl<'a> From<&'a Message> for MessageView<'a> {
    fn from(message: &'a Message) -> Self {
        Self {
            id: &message.id,
            conversation: &message.conversation,
            seq: message.seq,
            kind: message.kind,
            from: &message.from,
            about: message.about.as_ref(),
            to: message.conversation.addressee(&message.from),
            room: match message.conversation {
                ConversationId::Room(room) => Some(room),
                ConversationId::Direct(..) | ConversationId::Lobby => None,
            },
            content: message.content.as_str(),
            timestamp: message.sent_at,
            status: None,
        }
    }
}

impl MessageView<'_> {
    /// How many bytes of JSON the message takes.
    pub fn encoded_len(&self) -> usize {
        serde_json::to_string(self).map_or(0, |json| json.len())
    }
}
