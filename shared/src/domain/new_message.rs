//! A message before it has a place in a log.

use super::{Message, MessageBody, MessageId, UserId};
use crate::Error;

/// A message that wants a place in a log.
#[derive(Debug)]
pub struct NewMessage {
    /// The sender's name for it, if the sender gave one.
    pub id: Option<MessageId>,
    /// Who says it, or did what a notice tells.
    pub from: UserId,
    /// What it is.
    pub body: MessageBody,
}

impl NewMessage {
    /// Whether `message` is this one, sent before under `id`; an error if only its id is the same.
    pub fn is_repeated_by(&self, id: &MessageId, message: &Message) -> Result<bool, Error> {
        if message.id != *id || message.from != self.from {
            return Ok(false);
        }
        if message.body != self.body {
            return Err(Error::Conflict("this id already names another message"));
        }
        Ok(true)
    }
}
