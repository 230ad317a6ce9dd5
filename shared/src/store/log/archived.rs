//! A message as the archive has it: its item as plain JSON.

use serde_dynamo::aws_sdk_dynamodb_1::to_item;
use serde_json::{Map, Value};

use super::entry::decode;
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
    item.insert(keys::SK.into(), s(keys::message_sk(seq)));
    let message = decode(conversation, &item)?.message;
    Ok(Message { archived: true, ..message })
}
