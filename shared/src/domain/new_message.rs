//! An entry of a log before it has a place in it.

use super::{
    Change, Content, Data, Mentions, Message, MessageBody, MessageId, Notice, ReactionKey, Said,
    Seq, UserId,
};
use crate::Error;

/// A message that wants a place in a log.
#[derive(Debug)]
pub struct NewMessage {
    /// The sender's name for it, if the sender gave one.
    pub id: Option<MessageId>,
    /// Who says it, or did what a notice tells.
    pub from: UserId,
    /// What it is.
    pub body: NewBody,
}

/// What a new message is.
#[expect(clippy::large_enum_variant, reason = "most are said")]
#[derive(Debug)]
pub enum NewBody {
    /// Somebody says it.
    Said(Said),
    /// Something becomes of what was said.
    Event {
        /// Of which message.
        of: Seq,
        /// What.
        change: NewChange,
    },
    /// What happened in a room.
    Notice(Notice),
}

/// What is to become of something that was said.
#[derive(Debug)]
pub enum NewChange {
    /// It says something else.
    Edit(Revision),
    /// It is taken back.
    Delete,
    /// Somebody reacts to it, or does not any more.
    React {
        /// With what.
        key: ReactionKey,
        /// Whether they do.
        on: bool,
    },
    /// It is pinned, or not any more.
    Pin {
        /// Whether it is to be.
        on: bool,
    },
}

/// What is said instead: what is not given stays as it is.
#[derive(Debug, Default)]
pub struct Revision {
    /// The text.
    pub content: Option<Content>,
    /// What the sender's program keeps with it.
    pub data: Option<Option<Data>>,
    /// Whom it calls.
    pub mentions: Option<Mentions>,
}

impl NewMessage {
    /// Whether `message` is this one, sent before under `id`; an error if only its id is the same.
    pub fn is_repeated_by(&self, id: &MessageId, message: &Message) -> Result<bool, Error> {
        if message.id != *id || message.from != self.from {
            return Ok(false);
        }
        if !self.body.became(&message.body) {
            return Err(Error::Conflict("this id already names another message"));
        }
        Ok(true)
    }
}

impl NewBody {
    /// Whether somebody does it who might do too much of it; notices have a limit of their own.
    pub fn is_limited(&self) -> bool {
        !matches!(self, Self::Notice(_))
    }

    /// Whether this may be what is stored. What was said may have changed since, so that nobody knows what
    /// it was.
    fn became(&self, stored: &MessageBody) -> bool {
        match (self, stored) {
            (Self::Said(new), MessageBody::Said(said)) => {
                let replies = new.reply_to.as_ref().map(|reply| reply.seq);
                let replied = said.reply_to.as_ref().map(|reply| reply.seq);
                said.revised.is_some() || new.wording == said.wording && replies == replied
            }
            (Self::Event { of, change }, MessageBody::Event(event)) => {
                *of == event.of && change.became(&event.change)
            }
            (Self::Notice(new), MessageBody::Notice(notice)) => new == notice,
            _ => false,
        }
    }
}

impl NewChange {
    fn became(&self, stored: &Change) -> bool {
        match (self, stored) {
            (Self::Edit(_), Change::Edited(None)) | (Self::Delete, Change::Deleted) => true,
            (Self::Edit(revision), Change::Edited(Some(wording))) => {
                revision.content.as_ref().is_none_or(|content| *content == wording.content)
                    && revision.data.as_ref().is_none_or(|data| *data == wording.data)
                    && revision.mentions.as_ref().is_none_or(|it| *it == wording.mentions)
            }
            (Self::React { key, on }, Change::Reacted { key: its, on: it, .. }) => {
                key == its && on == it
            }
            (Self::Pin { on }, Change::Pinned { on: it }) => on == it,
            _ => false,
        }
    }
}
