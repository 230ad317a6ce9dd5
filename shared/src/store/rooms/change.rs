//! A room becomes another: what it is about, and who may find it.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValue;
use serde_json::{Map, Value};

use super::decode;
use crate::Error;
use crate::chat::{Access, Room};
use crate::error::storage;
use crate::store::item::s;
use crate::store::{Store, keys};

/// What is to be different; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// What the room is about.
    pub topic: Option<String>,
    /// Whatever is kept with it.
    pub metadata: Option<Map<String, Value>>,
    /// Who may find and join it.
    pub access: Option<Access>,
}

impl Store {
    /// Changes the room, and lists it or takes it off the list; the room after that.
    pub async fn change_room(&self, room: &Room, change: &Change) -> Result<Room, Error> {
        let mut sets = vec!["#name = #name"];
        let mut removes = Vec::new();
        let mut update = self
            .db
            .update_item()
            .table_name(&self.table)
            .key(keys::PK, s(keys::conversation_pk(&room.conversation())))
            .key(keys::SK, s(keys::ROOM))
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(deleted)")
            .expression_attribute_names("#name", "name")
            .return_values(ReturnValue::AllNew);
        if let Some(topic) = &change.topic {
            sets.push("topic = :topic");
            update = update.expression_attribute_values(":topic", s(topic));
        }
        if let Some(metadata) = &change.metadata {
            sets.push("metadata = :metadata");
            let metadata = Value::Object(metadata.clone()).to_string();
            update = update.expression_attribute_values(":metadata", s(metadata));
        }
        if let Some(access) = change.access {
            update = update.expression_attribute_names("#access", "access");
            if access == Access::Private {
                sets.push("#access = :private");
                removes.push("REMOVE dir_pk, dir_sk");
                update = update.expression_attribute_values(":private", s("private"));
            } else {
                sets.push("dir_pk = :rooms, dir_sk = :name");
                removes.push("REMOVE #access");
                update = update
                    .expression_attribute_values(":rooms", s(keys::ROOMS_DIRECTORY))
                    .expression_attribute_values(":name", s(room.name.folded()));
            }
        }
        let update =
            update.update_expression(format!("SET {} {}", sets.join(", "), removes.concat()));
        match update.send().await {
            Ok(answer) => decode(&answer.attributes.unwrap_or_default()),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => {
                    Err(Error::NotFound("room"))
                }
                _ => Err(storage("change a room")(error)),
            },
        }
    }
}
