//! What clients see of the domain.

use super::{
    ApiKeyView, Body, Edited, EncodedFrame, History, MemberView, MessageView, Messages, Person,
    Pinned, Profile, Quote, Reacted, Reaction as ReactionView, Refusal, RoomChange, RoomView,
    Said as SaidView, Seq, ServerFrame, SettingsView, Synced, Typing, Version as VersionView,
};
use crate::Error;
use crate::domain::{
    Account, ApiKey, Change, ConversationId, Event, Member, Message, MessageBody, Mute, Notice,
    Original, Page, Reaction, Reply, Room, Said, Settings, Timestamp, Turnover, UserId, Version,
    Wording,
};
use crate::limits::{TYPING_LASTS, millis};

impl From<&Message> for MessageView {
    fn from(message: &Message) -> Self {
        let room = match message.conversation {
            ConversationId::Room(room) => Some(room.to_string()),
            ConversationId::Direct(..) | ConversationId::Lobby => None,
        };
        Self {
            id: message.id.to_string(),
            conversation: message.conversation.to_string(),
            seq: message.seq,
            from: message.from.to_string(),
            to: message.conversation.addressee(&message.from).map(UserId::to_string),
            room,
            body: (&message.body).into(),
            timestamp: message.sent_at,
            status: None,
            archived: message.archived,
        }
    }
}

impl From<&MessageBody> for Body {
    fn from(body: &MessageBody) -> Self {
        let notice = match body {
            MessageBody::Said(said) => return Self::Message(said.into()),
            MessageBody::Event(event) => return event.into(),
            MessageBody::Notice(notice) => notice,
            MessageBody::Unknown => return Self::Unknown,
        };
        match notice {
            Notice::Joined => Self::Joined,
            Notice::Left(reason) => Self::Left { reason: *reason },
            Notice::Kicked(about) => Self::Kicked { about: about.to_string() },
            Notice::Banned(about) => Self::Banned { about: about.to_string() },
            Notice::Unbanned(about) => Self::Unbanned { about: about.to_string() },
            Notice::Muted(about) => Self::Muted { about: about.to_string() },
            Notice::Unmuted(about) => Self::Unmuted { about: about.to_string() },
            Notice::Appointed(about, role) => {
                Self::Appointed { about: about.to_string(), role: Some(*role) }
            }
            Notice::Members(Turnover { joined, left }) => {
                Self::Members { joined: *joined, left: *left }
            }
        }
    }
}

impl From<&Said> for SaidView {
    fn from(said: &Said) -> Self {
        let Edited { content, data, mentions, mentions_everyone, .. } =
            edited(0, said.wording.as_ref());
        Self {
            content: content.unwrap_or_default(),
            data,
            reply_to: said.reply_to.as_ref().map(Quote::from),
            mentions,
            mentions_everyone,
            revised: said.revised,
            edited_at: said.edited.map(|(at, _)| at),
            deleted_at: said.deleted.as_ref().map(|(at, _)| *at),
            deleted_by: said.deleted.as_ref().map(|(_, by)| by.to_string()),
            reactions: said.reactions.iter().map(ReactionView::from).collect(),
            pinned_at: said.pinned.as_ref().map(|(at, _)| *at),
            pinned_by: said.pinned.as_ref().map(|(_, by)| by.to_string()),
        }
    }
}

impl From<&Version> for VersionView {
    fn from(Version { wording, since }: &Version) -> Self {
        let Edited { content, data, mentions, mentions_everyone, .. } = edited(0, Some(wording));
        let content = content.unwrap_or_default();
        Self { content, data, mentions, mentions_everyone, since: *since }
    }
}

/// What an edit of the message `of` sets.
fn edited(of: Seq, wording: Option<&Wording>) -> Edited {
    let Some(Wording { content, data, mentions }) = wording else {
        return Edited { of, ..Edited::default() };
    };
    Edited {
        of,
        content: Some(content.as_str().to_owned()),
        data: data.as_ref().map(|data| data.object().clone()),
        mentions: mentions.users.iter().map(UserId::to_string).collect(),
        mentions_everyone: mentions.everyone,
    }
}

impl From<&Reply> for Quote {
    fn from(reply: &Reply) -> Self {
        let Some(Original { from, content, revised }) = &reply.original else {
            return Self { seq: reply.seq, ..Self::default() };
        };
        Self {
            seq: reply.seq,
            from: Some(from.to_string()),
            content: content.as_ref().map(|content| Self::beginning(content.as_str())),
            revised: *revised,
            deleted: content.is_none(),
        }
    }
}

impl From<&Reaction> for ReactionView {
    fn from(reaction: &Reaction) -> Self {
        Self {
            key: reaction.key.as_str().to_owned(),
            count: reaction.count,
            users: reaction.users.iter().map(UserId::to_string).collect(),
            mine: reaction.mine,
        }
    }
}

impl From<&Event> for Body {
    fn from(Event { of, change }: &Event) -> Self {
        match change {
            Change::Edited(wording) => Self::Edited(edited(*of, wording.as_ref())),
            Change::Deleted => Self::Deleted { of: *of },
            Change::Reacted { key, on, count } => {
                let key = key.as_str().to_owned();
                Self::Reacted(Reacted { of: *of, key, on: *on, count: *count })
            }
            Change::Pinned { on } => Self::Pinned(Pinned { of: *of, on: *on }),
        }
    }
}

impl From<&Room> for RoomView {
    fn from(room: &Room) -> Self {
        Self {
            id: room.id.to_string(),
            name: room.name.as_str().to_owned(),
            topic: room.topic.clone(),
            metadata: room.metadata.clone(),
            access: room.access,
            history: room.history,
            retention_days: room.retention_days,
            creator: room.creator.to_string(),
            created_at: room.created_at,
            members: room.members,
            conversation: room.conversation().to_string(),
        }
    }
}

impl From<&ApiKey> for ApiKeyView {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            scopes: key.scopes.iter().collect(),
            bot: key.bot.to_string(),
            by: key.by.to_string(),
            created_at: key.created_at,
            expires_at: key.expires_at,
        }
    }
}

impl From<Account> for Person {
    fn from(account: Account) -> Self {
        let Account { user, username, display_name, metadata, created_at } = account;
        let (id, username) = (user.to_string(), username.map(|name| name.as_str().to_owned()));
        Self::Known { id, username, display_name, metadata, created_at }
    }
}

impl From<&Account> for Profile {
    fn from(account: &Account) -> Self {
        Self::Shown {
            user: account.user.to_string(),
            username: account.username.as_ref().map(|name| name.as_str().to_owned()),
            display_name: account.display_name.clone(),
            metadata: account.metadata.clone(),
            deleted: false,
        }
    }
}

/// A member at `now`: a mute may be over.
pub fn member_at(now: Timestamp, member: &Member) -> MemberView {
    let mute = member.muted(now);
    let muted_until = mute.and_then(|mute| match mute {
        Mute::Open => None,
        Mute::Until(until) => Some(until),
    });
    MemberView {
        user: member.user.to_string(),
        role: member.role,
        joined_at: member.joined_at,
        muted: mute.is_some(),
        muted_until,
    }
}

/// Somebody's settings of a conversation at `now`: a mute may be over; and whether it is `hidden` still.
pub fn settings_at(now: Timestamp, settings: &Settings, hidden: bool) -> SettingsView {
    let mute = settings.mute(now);
    SettingsView {
        muted: mute.map(|(muting, _)| muting),
        muted_until: mute.and_then(|(_, until)| until),
        pinned: settings.pinned,
        hidden,
        draft: settings.draft.as_ref().map(|draft| draft.as_str().to_owned()),
        unread_from: settings.unread_from,
    }
}

/// The fields of the `history` frame that shows `page`.
pub fn history(conversation: &ConversationId, page: &Page) -> History {
    History {
        conversation: conversation.to_string(),
        messages: page.messages.iter().map(MessageView::from).collect(),
        before: page.before,
        after: page.after,
    }
}

/// A frame that brings some messages.
#[derive(Clone)]
pub struct Batch<'a> {
    /// The frame.
    pub frame: EncodedFrame,
    /// What it brings, oldest first; at least one.
    pub messages: &'a [Message],
}

/// The frames that bring `messages` of one conversation, in order: as few as [`Messages::MAX_BYTES`]
/// allow, and a message alone as a `message` frame. If there are `more` before them that are not
/// brought, the first frame says so.
pub fn batches(messages: &[Message], more: bool) -> Vec<Batch<'_>> {
    let mut batches = Vec::new();
    let mut views: Vec<MessageView> = messages.iter().map(MessageView::from).collect();
    let mut rest = messages;
    while !rest.is_empty() {
        let mut room = Messages::MAX_BYTES;
        let fits = |view: &&MessageView| {
            let size = view.encoded_len() + 1;
            let fits = size <= room;
            room = room.saturating_sub(size);
            fits
        };
        let count = views.iter().take_while(fits).count().max(1);
        let (batch, after) = rest.split_at(count);
        let mut batch_views: Vec<_> = views.drain(..count).collect();
        let more = more && batches.is_empty();
        let frame = if count == 1 && !more {
            batch_views.pop().map(ServerFrame::Message)
        } else {
            let conversation = batch[0].conversation.to_string();
            Some(ServerFrame::Messages(Messages { conversation, messages: batch_views, more }))
        };
        batches.extend(frame.map(|frame| Batch { frame: frame.encode(), messages: batch }));
        rest = after;
    }
    batches
}

/// The fields of `room` and `invited` frames: what `by` made of `room`.
pub fn room_change(room: &Room, by: &UserId) -> RoomChange {
    let conversation = room.conversation().to_string();
    RoomChange { room: room.into(), conversation, by: by.to_string() }
}

/// The fields of the `typing` frame that says that `user` is typing, or has stopped.
pub fn typing(user: &UserId, conversation: &ConversationId, typing: bool) -> Typing {
    let (user, conversation) = (user.to_string(), conversation.to_string());
    Typing { user, conversation, typing, expires_in_ms: millis(TYPING_LASTS) }
}

/// What a client is told of `error`, with the `id` of the frame that caused it.
pub fn refusal(error: &Error, id: Option<&str>) -> Refusal {
    Refusal {
        code: error.code(),
        message: error.to_string(),
        reason: error.reason(),
        id: id.map(str::to_owned),
        user: error.user(),
        retry_after_ms: error.retry_after_ms(),
    }
}

/// That a conversation could not be read after `cursor`.
pub fn synced_refused(cursor: Seq, error: &Error) -> Synced {
    let (code, reason) = (Some(error.code()), error.reason());
    Synced { complete: false, error: code, reason, ..Synced::at(cursor) }
}
