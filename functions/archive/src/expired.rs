//! What a batch of stream records says has expired.

use std::collections::BTreeMap;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use serde_dynamo::AttributeValue;
use serde_json::{Map, Value};
use shared::archive::Archived;
use shared::domain::ConversationId;
use shared::store::{from_archive, keys};

/// What is to be archived.
#[derive(Default)]
pub(crate) struct Expired {
    /// By the conversation.
    pub(crate) conversations: BTreeMap<ConversationId, Batch>,
    /// What is no message, as far as can be seen.
    pub(crate) unreadable: Vec<Unreadable>,
}

/// Messages of one conversation.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) messages: Vec<Archived>,
    /// The first record of them.
    pub(crate) sequence_number: Option<String>,
}

/// A record that tells of no message.
pub(crate) struct Unreadable {
    pub(crate) sequence_number: String,
    /// The whole record.
    pub(crate) json: Vec<u8>,
}

/// The messages of a batch.
pub(crate) fn collect(event: &Event) -> Expired {
    let mut expired = Expired::default();
    for record in &event.records {
        let sequence_number = record.change.sequence_number.clone();
        match read(record) {
            Some((conversation, message)) => {
                let batch = expired.conversations.entry(conversation).or_default();
                batch.messages.push(message);
                batch.sequence_number = batch.sequence_number.take().or(sequence_number);
            }
            None => expired.unreadable.push(Unreadable {
                sequence_number: sequence_number.unwrap_or_default(),
                json: serde_json::to_vec(record).unwrap_or_default(),
            }),
        }
    }
    expired
}

/// A message that can be shown again when it is asked for.
fn read(record: &EventRecord) -> Option<(ConversationId, Archived)> {
    let key = |name| match record.change.keys.get(name) {
        Some(AttributeValue::S(text)) => Some(text.clone()),
        _ => None,
    };
    let (conversation, seq) = keys::message_of(&key(keys::PK)?, &key(keys::SK)?)?;
    let mut attributes: Map<String, Value> =
        serde_dynamo::from_item(record.change.old_image.clone()).ok()?;
    attributes.retain(|name, _| ![keys::PK, keys::SK].contains(&name.as_str()));
    from_archive(&conversation, seq, &attributes).ok()?;
    Some((conversation, Archived { seq, attributes }))
}
