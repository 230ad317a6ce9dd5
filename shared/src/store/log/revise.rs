//! What becomes of something that was said: its own item takes the new state in one transaction with the event
//! that tells of it, on condition that it is as it was read.
//!
//! So whoever reads a message sees every event about it up to its `revised`. An edit or a deletion takes the
//! words out of the edit before it, too: what was said is nowhere but in the message itself.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use super::entry::{Entry, decode, encode};
use super::put::{Obstacle, Put};
use super::said;
use crate::Error;
use crate::domain::{
    Change, ConversationId, Event, Message, MessageBody, ReactionKey, Said, Seq, Timestamp, UserId,
};
use crate::error::storage;
use crate::store::Store;
use crate::store::item::{Item, n, s};
use crate::store::key::{Key, keys_of};
use crate::store::keys;
use crate::store::transaction::Write;

/// The place of the write beside that of the message's own item, among those that come with an event.
pub(super) const BESIDE: usize = 1;

/// A message of which something is to become, as it was read.
#[derive(Clone, Debug)]
pub struct Target {
    /// The message.
    pub message: Message,
    /// What was said.
    pub said: Said,
    /// When it expires, in seconds since the Unix epoch; `None` for never.
    expires_at: Option<i64>,
    /// With what whoever acts reacts to it, if that was asked.
    pub own: BTreeSet<ReactionKey>,
    /// Whether the event that edited it last is no more.
    pub has_lost_edit: bool,
    /// How many of its earlier wordings are kept when it is edited.
    pub keeps: usize,
}

impl Target {
    fn key(&self) -> Key {
        Key::message(&self.message.conversation, self.message.seq)
    }

    /// A message that was read from the archive, if it is something that was said.
    pub fn archived(message: Message) -> Option<Self> {
        let said = message.body.said()?.clone();
        let own = BTreeSet::new();
        Some(Self { message, said, expires_at: None, own, has_lost_edit: false, keeps: 0 })
    }

    /// When it expires, in seconds since the Unix epoch; `None` for never.
    pub(super) fn expires_at(&self) -> Option<i64> {
        self.expires_at
    }

    /// Which of its earlier wordings are kept and which are not any more, after the event `edit`, or once it is
    /// deleted: by the edits that ended them.
    pub(super) fn versions_after(&self, edit: Option<Seq>) -> (Vec<Seq>, Vec<Seq>) {
        let mut gone = self.said.versions.clone();
        gone.extend(edit);
        let keeps = if edit.is_some() { self.keeps } else { 0 };
        let kept = gone.split_off(gone.len().saturating_sub(keeps));
        (kept, gone)
    }

    /// Whether it has expired at `now`.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now.as_seconds())
    }
}

impl Store {
    /// The message `seq`, and how somebody reacts to it if that is asked, strongly consistent; `None` if
    /// nobody said it, or it is gone.
    pub async fn target(
        &self,
        conversation: &ConversationId,
        seq: Seq,
        reacting: Option<&UserId>,
    ) -> Result<Option<Target>, Error> {
        let own = reacting.map(|user| Key::reacted(conversation, seq, user));
        let wanted = [Some(Key::message(conversation, seq)), own].into_iter().flatten();
        let wanted = keys_of(wanted).consistent_read(true);
        let items = self.batch(wanted, "read a message").await?;
        let is_message = |item: &&Item| item.get(keys::SK) == Some(&s(keys::message_sk(seq)));
        let Some(item) = items.iter().find(is_message).filter(|_| seq > keys::START) else {
            return Ok(None);
        };
        let Entry { message, expires_at, .. } = decode(conversation, item)?;
        let own = items.iter().find(|item| !is_message(item));
        let own = own.map_or_else(BTreeSet::new, reaction_keys);
        let Some(said) = message.body.said().cloned() else { return Ok(None) };
        Ok(Some(Target { message, said, expires_at, own, has_lost_edit: false, keeps: 0 }))
    }

    /// Takes the words out of an edit, if it is there.
    pub async fn empty_edit(&self, conversation: &ConversationId, edit: Seq) -> Result<(), Error> {
        let mut names = String::from("REMOVE ");
        names += &said::WORDING.map(|name| format!("#{name}")).join(", ");
        let mut update = self
            .update(Key::message(conversation, edit))
            .update_expression(names)
            .condition_expression("attribute_exists(pk)");
        for name in said::WORDING {
            update = update.expression_attribute_names(format!("#{name}"), name);
        }
        let Err(error) = update.send().await else { return Ok(()) };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
            _ => Err(storage("empty an edit")(error)),
        }
    }

    /// Stores the event `entry` about `target` if its number is free and the target is as it was read.
    pub async fn put_event(&self, entry: &Entry, target: &Target) -> Result<Put, Error> {
        let put = self
            .tx_put(encode(entry))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = put.write().map_err(storage("describe an event"))?;
        let also = self.revision(entry, target)?;
        let request = self.db.transact_write_items().transact_items(put);
        let request = also.into_iter().fold(request, |request, it| request.transact_items(it));
        let Err(error) = request.send().await else { return Ok(Put::Stored) };
        let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
            error.as_service_error()
        else {
            return Err(storage("store an event")(error));
        };
        let reasons = canceled.cancellation_reasons();
        if let Some(occupant) = reasons.first().and_then(CancellationReason::item) {
            let occupant = decode(&entry.message.conversation, occupant)?;
            return Ok(Put::Occupied(Box::new(occupant)));
        }
        let of = |code| reasons.iter().position(|reason| reason.code() == Some(code));
        match of("ConditionalCheckFailed") {
            Some(place) => {
                let obstacle = obstacle(entry, target).filter(|_| place == 1 + BESIDE);
                Ok(obstacle.map_or(Put::Contended, Put::Obstacle))
            }
            None if of("TransactionConflict").is_some() => Ok(Put::Contended),
            None => Err(storage("store an event")(error)),
        }
    }

    /// What else is written with an event: first the message's own item.
    pub(super) fn revision(
        &self,
        entry: &Entry,
        target: &Target,
    ) -> Result<Vec<TransactWriteItem>, Error> {
        let MessageBody::Event(Event { change, .. }) = &entry.message.body else {
            return Err(Error::Corrupt("an event"));
        };
        let writes = || {
            let mut writes = vec![self.revised(entry, target, change)?];
            match change {
                Change::Reacted { key, on, .. } => {
                    writes.push(self.reacted(target, &entry.message.from, key, *on)?);
                }
                Change::Edited(_) => {
                    writes.extend(self.emptied(target)?);
                    writes.extend(self.keep_versions(target, Some(entry.message.seq))?);
                }
                Change::Deleted => {
                    writes.extend(self.emptied(target)?);
                    writes.extend(self.keep_versions(target, None)?);
                    if target.said.pinned.is_some() {
                        writes.push(self.unlisted(target)?);
                    }
                }
                Change::Pinned { on: true } => writes.push(self.listed(target)?),
                Change::Pinned { on: false } => writes.push(self.unlisted(target)?),
            }
            Ok(writes)
        };
        writes().map_err(|error: BuildError| storage("describe an event")(error))
    }

    /// The message's own item takes the new state, if it is as it was read.
    fn revised(
        &self,
        entry: &Entry,
        target: &Target,
        change: &Change,
    ) -> Result<TransactWriteItem, BuildError> {
        let (seq, at) = (entry.message.seq, n(entry.message.sent_at.as_millis()));
        let mut new = Item::from([("revised".to_owned(), n(seq))]);
        let mut gone: Vec<&str> = Vec::new();
        match change {
            Change::Edited(wording) => {
                new.extend([("edited_at".to_owned(), at), ("edit".to_owned(), n(seq))]);
                if let Some(wording) = wording {
                    said::encode_wording(wording, &mut new);
                }
                gone.extend(said::WORDING.iter().filter(|name| !new.contains_key(**name)));
                match &target.versions_after(Some(seq)).0[..] {
                    [] if target.said.versions.is_empty() => {}
                    [] => gone.push("versions"),
                    kept => {
                        new.insert("versions".to_owned(), said::encode_versions(kept));
                    }
                }
            }
            Change::Deleted => {
                new.insert("deleted_at".to_owned(), at);
                new.insert("deleted_by".to_owned(), s(entry.message.from.as_str()));
                gone.extend(said::WORDING);
                gone.extend(said::LASTING);
            }
            Change::Reacted { key, on, .. } => {
                let reactions = target.said.reactions.clone();
                let (reactions, _) = crate::domain::react(reactions, &entry.message.from, key, *on);
                new.insert("reactions".to_owned(), said::encode_reactions(&reactions));
            }
            Change::Pinned { on: true } => {
                new.insert("pinned_at".to_owned(), at);
                new.insert("pinned_by".to_owned(), s(entry.message.from.as_str()));
            }
            Change::Pinned { on: false } => gone.extend(said::PINNED),
        }
        let update = self.tx_update(target.key());
        let update = match target.said.revised {
            Some(revised) => update
                .condition_expression("revised = :seen")
                .expression_attribute_values(":seen", n(revised)),
            None => update
                .condition_expression("attribute_exists(pk) AND attribute_not_exists(revised)"),
        };
        changing(update, new, &gone).write()
    }

    /// The words are taken out of the edit before.
    fn emptied(&self, target: &Target) -> Result<Option<TransactWriteItem>, BuildError> {
        let Some((_, edit)) = target.said.edited.filter(|_| !target.has_lost_edit) else {
            return Ok(None);
        };
        let update = self
            .tx_update(Key::message(&target.message.conversation, edit))
            .condition_expression("attribute_exists(pk)");
        changing(update, Item::new(), &said::WORDING).write().map(Some)
    }

    /// Somebody's own reactions to the message, if they are as they were read.
    fn reacted(
        &self,
        target: &Target,
        user: &UserId,
        key: &ReactionKey,
        on: bool,
    ) -> Result<TransactWriteItem, BuildError> {
        let item = Key::reacted(&target.message.conversation, target.message.seq, user);
        let one = AttributeValue::Ss(vec![key.as_str().to_owned()]);
        let text = s(key.as_str());
        if !on && target.own.len() == 1 {
            return self
                .tx_delete(item)
                .condition_expression("contains(#keys, :key) AND size(#keys) = :one")
                .expression_attribute_names("#keys", "keys")
                .expression_attribute_values(":key", text)
                .expression_attribute_values(":one", n(1))
                .write();
        }
        let update = self
            .tx_update(item)
            .expression_attribute_names("#keys", "keys")
            .expression_attribute_values(":set", one)
            .expression_attribute_values(":key", text);
        if !on {
            return update
                .update_expression("DELETE #keys :set")
                .condition_expression("contains(#keys, :key)")
                .write();
        }
        let update = update.condition_expression("NOT contains(#keys, :key)");
        match target.expires_at {
            Some(expires_at) => update
                .update_expression("SET expires_at = :expires_at ADD #keys :set")
                .expression_attribute_values(":expires_at", n(expires_at)),
            None => update.update_expression("ADD #keys :set"),
        }
        .write()
    }
}

/// What it is, if something stands against what this event writes beside the message's own item.
pub(super) fn obstacle(entry: &Entry, target: &Target) -> Option<Obstacle> {
    let MessageBody::Event(Event { change, .. }) = &entry.message.body else { return None };
    let takes_words = target.said.edited.is_some() && !target.has_lost_edit;
    match change {
        Change::Edited(_) | Change::Deleted => takes_words.then_some(Obstacle::LostEdit),
        Change::Pinned { on } => on.then_some(Obstacle::AllPinned),
        Change::Reacted { .. } => None,
    }
}

/// An update that sets what is `new`, and removes what is `gone`.
fn changing(mut update: UpdateBuilder, new: Item, gone: &[&str]) -> UpdateBuilder {
    let mut expression = String::new();
    for (place, (name, value)) in new.into_iter().enumerate() {
        expression += if place == 0 { "SET " } else { ", " };
        expression += &format!("#new{place} = :new{place}");
        update = update
            .expression_attribute_names(format!("#new{place}"), name)
            .expression_attribute_values(format!(":new{place}"), value);
    }
    for (place, name) in gone.iter().enumerate() {
        expression += if place == 0 { " REMOVE " } else { ", " };
        expression += &format!("#gone{place}");
        update = update.expression_attribute_names(format!("#gone{place}"), *name);
    }
    update.update_expression(expression)
}

/// The keys with which somebody reacts, of the item that has them.
pub(super) fn reaction_keys(item: &Item) -> BTreeSet<ReactionKey> {
    let keys = item.get("keys").and_then(|keys| keys.as_ss().ok());
    keys.into_iter().flatten().filter_map(|key| ReactionKey::parse(key).ok()).collect()
}
