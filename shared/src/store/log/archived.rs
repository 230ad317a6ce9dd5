//! A message as the archive has it: its item as plain JSON.

use serde_dynamo::aws_sdk_dynamodb_1::to_item;
use serde_json::{Map, Value};

use super::entry::decode;
use super::said;
use crate::Error;
use crate::domain::{ConversationId, Message, Seq};
use crate::error::storage;
use crate::store::item::{Item, s};
use crate::store::keys;

/// The message of a conversation that had this number and these attributes.
pub fn from_archive(
    conversation: &ConversationId,
    seq: Seq,
    attributes: &Map<String, Value>,
) -> Result<Message, Error> {
    let mut item: Item = to_item(attributes).map_err(storage("read an archived message"))?;
    // What is pinned is that for as long as it is in the table.
    item.retain(|name, _| !said::PINNED.contains(&name.as_str()));
    item.insert(keys::SK.into(), s(keys::message_sk(seq)));
    let message = decode(conversation, &item)?.message;
    Ok(Message { archived: true, ..message })
}

/// Takes what an archived message says, and what became of it, away for the deletion that `event` tells of.
pub fn delete_archived(attributes: &mut Map<String, Value>, event: &Message) {
    if attributes.contains_key("deleted_at") {
        return;
    }
    take_words(attributes);
    attributes.retain(|name, _| !said::LASTING.contains(&name.as_str()));
    attributes.insert("revised".to_owned(), event.seq.into());
    attributes.insert("deleted_at".to_owned(), event.sent_at.as_millis().into());
    attributes.insert("deleted_by".to_owned(), event.from.as_str().into());
}

/// Takes the words out of an archived message.
pub fn take_words(attributes: &mut Map<String, Value>) {
    attributes.retain(|name, _| !said::WORDING.contains(&name.as_str()));
}
