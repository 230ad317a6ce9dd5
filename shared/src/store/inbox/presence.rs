//! Connections come, are greeted, and go.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::{Connection, Inbox, Update};
use crate::Error;
use crate::chat::{ConnectionId, Timestamp, UserId};
use crate::error::storage;
use crate::store::item::{n, s};
use crate::store::{Store, keys};

/// What `arrived` says when nobody new is to be greeted, and something waits beside a connection.
pub const NOBODY_NEW: &str = "*";
impl Store {
    /// `$connect`: remembers a connection whose handshake is not through yet, to be greeted.
    pub async fn arrive(
        &self,
        user: &UserId,
        id: &ConnectionId,
        connection: &Connection,
    ) -> Result<(), Error> {
        let update = self.update_inbox(user).return_values(ReturnValue::None);
        let update = update
            .update_expression("SET #conn = :conn, arrived = :id")
            .expression_attribute_names("#conn", conn(id))
            .expression_attribute_values(":conn", connection.encode())
            .expression_attribute_values(":id", s(id.as_str()));
        self.apply(update, "remember a connection").await.map(drop)
    }

    /// `$disconnect`: forgets a connection; nothing to do when it is forgotten already.
    pub async fn depart(
        &self,
        user: &UserId,
        id: &ConnectionId,
        now: Timestamp,
    ) -> Result<(), Error> {
        let update = self
            .update_inbox(user)
            .update_expression("SET last_seen = :now REMOVE #conn, arrived")
            .condition_expression("attribute_exists(#conn)")
            .expression_attribute_names("#conn", conn(id))
            .expression_attribute_values(":now", n(now.as_millis()));
        self.apply(update, "forget a connection").await.map(drop)
    }

    /// The handshake of a remembered connection is through; refused if it is remembered no more.
    pub async fn make_ready(&self, user: &UserId, id: &ConnectionId) -> Result<Update, Error> {
        let update = self
            .update_inbox(user)
            .update_expression("SET #conn.ready = :ready REMOVE arrived")
            .condition_expression("attribute_exists(#conn)")
            .expression_attribute_names("#conn", conn(id))
            .expression_attribute_values(":ready", AttributeValue::Bool(true));
        self.apply(update, "make a connection ready").await
    }

    /// A connection speaks, so it stands: remembers it as ready, whatever was known of it.
    pub async fn make_present(
        &self,
        user: &UserId,
        id: &ConnectionId,
        connection: &Connection,
    ) -> Result<Inbox, Error> {
        let update = self
            .update_inbox(user)
            .update_expression("SET #conn = :conn REMOVE arrived")
            .expression_attribute_names("#conn", conn(id))
            .expression_attribute_values(":conn", connection.encode());
        self.apply(update, "make a connection present").await.map(Update::into_inbox)
    }

    /// Forgets connections that are gone.
    pub async fn prune(&self, user: &UserId, gone: &[ConnectionId]) -> Result<Inbox, Error> {
        let (update, removals) = self.without(user, gone);
        let update = update.update_expression(format!("REMOVE arrived{removals}"));
        self.apply(update, "forget connections").await.map(Update::into_inbox)
    }

    /// Wakes `deliver` for this inbox.
    pub async fn wake(&self, user: &UserId) -> Result<(), Error> {
        let update = self.update_inbox(user).update_expression("SET arrived = :wake");
        let update = update.expression_attribute_values(":wake", s(NOBODY_NEW));
        self.apply(update, "wake the delivery").await.map(drop)
    }

    pub(super) fn without(
        &self,
        user: &UserId,
        gone: &[ConnectionId],
    ) -> (UpdateItemFluentBuilder, String) {
        (with_names(self.update_inbox(user), gone), removals(gone))
    }

    pub(super) fn update_inbox(&self, user: &UserId) -> UpdateItemFluentBuilder {
        self.db
            .update_item()
            .table_name(&self.table)
            .key(keys::PK, s(keys::user_pk(user)))
            .key(keys::SK, s(keys::INBOX))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    pub(super) async fn apply(
        &self,
        update: UpdateItemFluentBuilder,
        action: &'static str,
    ) -> Result<Update, Error> {
        match update.send().await {
            Ok(answer) => {
                let inbox = answer.attributes().map(Inbox::decode).unwrap_or_default();
                Ok(Update::Applied(inbox))
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    Ok(Update::Refused(failed.item().map(Inbox::decode).unwrap_or_default()))
                }
                _ => Err(storage(action)(error)),
            },
        }
    }
}

fn conn(id: &ConnectionId) -> String {
    format!("conn:{id}")
}

/// `, #gone0, #gone1` for a REMOVE clause.
pub(super) fn removals(gone: &[ConnectionId]) -> String {
    (0..gone.len()).map(|place| format!(", #gone{place}")).collect()
}

pub(super) fn with_names(
    mut update: UpdateItemFluentBuilder,
    gone: &[ConnectionId],
) -> UpdateItemFluentBuilder {
    for (place, id) in gone.iter().enumerate() {
        update = update.expression_attribute_names(format!("#gone{place}"), conn(id));
    }
    update
}
