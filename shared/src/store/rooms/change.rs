//! A room becomes another: what it is about, who may find it, and what newcomers may read.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use serde_json::{Map, Value};

use super::SINCE_JOINING;
use crate::Error;
use crate::domain::{Access, Room, RoomHistory, RoomName, Seq};
use crate::error::storage;
use crate::store::item::{n, s};
use crate::store::key::Key;
use crate::store::transaction::Write;
use crate::store::{Store, keys};

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is done.
    Yes,
    /// The room was not as it had been read, or something was said since.
    Stale,
    /// Another room has the name.
    NameTaken,
}

/// What is to be different; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// What people call it.
    pub name: Option<RoomName>,
    /// What the room is about; `Some(None)` for nothing.
    pub topic: Option<Option<String>>,
    /// Whatever is kept with it; `Some(None)` for nothing.
    pub metadata: Option<Option<Map<String, Value>>>,
    /// Who may find and join it.
    pub access: Option<Access>,
    /// What people who join may read of what was said before.
    pub history: Option<RoomHistory>,
    /// How many days what is said from now on is kept; `Some(None)` for as long as everybody's.
    pub retention_days: Option<Option<u32>>,
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
    /// Changes the room, and lists it or takes it off the list; its old name is free with that.
    ///
    /// `newest` is the last message of a room whose past is hidden by the change.
    pub async fn change_room(
        &self,
        room: &Room,
        change: &Change,
        newest: Option<Seq>,
    ) -> Result<Changed, Error> {
        let describe = || -> Result<Vec<TransactWriteItem>, BuildError> {
            let mut writes = vec![self.changed(room, change, newest).write()?];
            if let Some(newest) = newest {
                writes.push(self.nothing_said(room.id, newest + 1)?);
            }
            if let Some(days) = change.retention_days {
                writes.push(self.keep_for(&room.conversation(), days)?);
            }
            Ok(writes)
        };
        let mut writes = describe().map_err(storage("describe the change of a room"))?;
        let mut reserved = Vec::new();
        if let Some(name) = &change.name {
            let own = self.own_reservations(room.id, &room.name).await?;
            let renaming = self.renaming(room.id, name, &own);
            let (released, new) = renaming.map_err(storage("describe the name of a room"))?;
            writes.extend(released);
            reserved = new;
        }
        let others = writes.len();
        writes.extend(reserved);
        Ok(match self.transact(writes, "change a room").await? {
            None => Changed::Yes,
            Some(place) if place < others => Changed::Stale,
            Some(_) => Changed::NameTaken,
        })
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
        if let Some(days) = change.retention_days {
            edit.put("retention_days", days.map(n));
        }
        if let Some(name) = &change.name {
            edit.put("name", Some(s(name.as_str())));
        }
        if change.access.is_some() || change.name.is_some() {
            let name = change.name.as_ref().unwrap_or(&room.name);
            let public = change.access.unwrap_or(room.access) == Access::Public;
            edit.put("access", (!public).then(|| s("private")));
            edit.put(keys::DIRECTORY_PK, public.then(|| s(keys::ROOMS_DIRECTORY)));
            edit.put(keys::DIRECTORY_SK, public.then(|| s(name.folded())));
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
        let update = self
            .tx_update(Key::room(room.id))
            .condition_expression(format!(
                "attribute_not_exists(deleted) AND #name = :seen AND {access}"
            ))
            .expression_attribute_names("#name", "name")
            .expression_attribute_values(":seen", s(room.name.as_str()))
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
