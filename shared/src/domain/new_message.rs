//! A message before it has a place in a log.

use super::{Content, Kind, Message, MessageId, UserId};
use crate::Error;

/// A message that wants a place in a log.
#[derive(Debug)]
pub struct NewMessage {
    /// The sender's name for it, if the sender gave one.
    pub id: Option<MessageId>,
    /// Whether it is something said or a notice.
    pub kind: Kind,
    /// Who says it.
    pub from: UserId,
    /// Whom a notice is about, if not its sender.
    pub about: Option<UserId>,
    /// What is said.
    pub content: Content,
}

impl NewMessage {
    /// Whether `message` is this one, sent before under `id`; an error if only its id is the same.
    pub fn is_repeated_by(&self, id: &MessageId, message: &Message) -> Result<bool, Error> {
        if message.id != *id || message.from != self.from {
            return Ok(false);
        }
        if message.content != self.content || message.kind != self.kind {
            return Err(Error::Conflict("this id already names another message"));
        }
        Ok(true)
    }
}
