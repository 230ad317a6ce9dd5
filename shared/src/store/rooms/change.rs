//! A room becomes another: what it is about, who may find it, and what newcomers may read.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use serde_json::{Map, Value};

use super::SINCE_JOINING;
use crate::Error;
use crate::chat::{Access, Room, RoomHistory, Seq};
use crate::error::storage;
use crate::store::item::{n, s};
use crate::store::{Store, keys};

/// What is to be different; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// What the room is about; `Some(None)` for nothing.
    pub topic: Option<Option<String>>,
    /// Whatever is kept with it; `Some(None)` for nothing.
    pub metadata: Option<Option<Map<String, Value>>>,
    /// Who may find and join it.
    pub access: Option<Access>,
    /// What people who join may read of what was said before.
    pub history: Option<RoomHistory>,
}

impl Change {
    /// Whether it hides what was said so far from people who join later: what was said in private is
    /// not for the public, unless the change says what is.
    pub fn hides_the_past(&self, of: &Room) -> bool {
        of.access == Access::Private
            && self.access == Some(Access::Public)
            && self.history.is_none()
    }
}

impl Store {
    /// Changes the room, and lists it or takes it off the list; false if it was not as it had been read,
    /// or something was said since.
    ///
    /// `newest` is the last message of a room whose past is hidden by the change.
    pub async fn change_room(
        &self,
        room: &Room,
        change: &Change,
        newest: Option<Seq>,
    ) -> Result<bool, Error> {
        let describe = || -> Result<Vec<TransactWriteItem>, BuildError> {
            let update = self.changed(room, change, newest).build()?;
            let mut writes = vec![TransactWriteItem::builder().update(update).build()];
            if let Some(newest) = newest {
                writes.push(self.nothing_said(room.id, newest + 1)?);
            }
            Ok(writes)
        };
        let writes = describe().map_err(storage("describe the change of a room"))?;
        Ok(self.transact(writes, "change a room").await?.is_none())
    }

    fn changed(&self, room: &Room, change: &Change, newest: Option<Seq>) -> UpdateBuilder {
        let mut edit = Edit::default();
        if let Some(topic) = &change.topic {
            edit.put("topic", topic.as_ref().map(s));
        }
        if let Some(metadata) = &change.metadata {
            let json = metadata.as_ref().map(|it| Value::Object(it.clone()).to_string());
            edit.put("metadata", json.map(s));
        }
        if let Some(access) = change.access {
            let public = access == Access::Public;
            edit.put("access", (!public).then(|| s("private")));
            edit.put(keys::DIRECTORY_PK, public.then(|| s(keys::ROOMS_DIRECTORY)));
            edit.put(keys::DIRECTORY_SK, public.then(|| s(room.name.folded())));
        }
        if let Some(history) = change.history {
            let since_joining = history == RoomHistory::SinceJoining;
            edit.put("history", since_joining.then(|| s(SINCE_JOINING)));
            edit.put("hidden_upto", None);
        }
        if let Some(newest) = newest {
            edit.put("hidden_upto", Some(n(newest)));
        }
        let access = match room.access {
            Access::Private => "attribute_exists(#access)",
            Access::Public => "attribute_not_exists(#access)",
        };
        let update = Update::builder()
            .table_name(&self.table)
            .key(keys::PK, s(keys::conversation_pk(&room.conversation())))
            .key(keys::SK, s(keys::ROOM))
            .condition_expression(format!(
                "attribute_exists(pk) AND attribute_not_exists(deleted) AND {access}"
            ))
            .expression_attribute_names("#access", "access");
        edit.applied_to(update)
    }
}

/// Attributes to be set, and attributes to be removed.
#[derive(Default)]
struct Edit {
    sets: Vec<(&'static str, AttributeValue)>,
    removes: Vec<&'static str>,
}

impl Edit {
    fn put(&mut self, name: &'static str, value: Option<AttributeValue>) {
        match value {
            Some(value) => self.sets.push((name, value)),
            None => self.removes.push(name),
        }
    }

    fn applied_to(self, update: UpdateBuilder) -> UpdateBuilder {
        // There is always something to set, so that the expression is never empty.
        let mut update = update.expression_attribute_names("#room", "room");
        let mut expression = "SET #room = #room".to_owned();
        for (name, value) in self.sets {
            expression.push_str(&format!(", #{name} = :{name}"));
            update = update
                .expression_attribute_names(format!("#{name}"), name)
                .expression_attribute_values(format!(":{name}"), value);
        }
        for (place, name) in self.removes.into_iter().enumerate() {
            expression.push_str(if place == 0 { " REMOVE " } else { ", " });
            expression.push_str(&format!("#{name}"));
            update = update.expression_attribute_names(format!("#{name}"), name);
        }
        update.update_expression(expression)
    }
}
