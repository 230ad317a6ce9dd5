//! Connections come, are welcomed, and go.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use uuid::Uuid;

use super::{Connection, Inbox, Update};
use crate::Error;
use crate::domain::{ConnectionId, SessionId, Timestamp, UserId};
use crate::error::storage;
use crate::store::Store;
use crate::store::item::{n, s};
use crate::store::key::Key;
use crate::store::online::shard_of;

/// How `arrived` begins when nobody new is to be welcomed, and something waits beside a connection.
pub const NOBODY_NEW: &str = "*";
/// What `arrived` says when the user's last connection has gone.
pub const WENT_OFFLINE: &str = "-";

/// How many connections one update removes at most: expressions have 4 KB
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
const MOST_REMOVALS: usize = 100;
/// Longer than any invocation lasts.
const UNDER_WAY: Duration = Duration::from_secs(15 * 60);
/// How many old endings of sessions an inbox keeps before they are forgotten together.
const KEPT_ENDINGS: usize = 20;

impl Store {
    /// `$connect`: remembers a connection whose handshake is not through yet, to be welcomed.
    ///
    /// `alone` then names the connection if the user was offline before, and never one beside
    /// another; so the departure of a user's only connection takes one write. Refused if the
    /// connection's session has ended meanwhile.
    pub async fn add_connection(
        &self,
        user: &UserId,
        id: &ConnectionId,
        connection: &Connection,
    ) -> Result<Update, Error> {
        let update = unless_ended(self.update_inbox(user), connection);
        let update = set_online(update, user)
            .update_expression(format!("SET {ONLINE}, #conn = :conn, arrived = :id"))
            .expression_attribute_names("#conn", conn(id))
            .expression_attribute_values(":conn", connection.encode())
            .expression_attribute_values(":id", s(id.as_str()));
        self.apply(update, "remember a connection").await
    }

    /// Forgets a connection, and with the last one that the user is online; nothing to do when it is
    /// forgotten already.
    pub async fn remove_connection(
        &self,
        user: &UserId,
        id: &ConnectionId,
        now: Timestamp,
    ) -> Result<(), Error> {
        let update = self
            .update_inbox(user)
            .update_expression(
                "SET last_seen = :now, arrived = :offline REMOVE #conn, dir_pk, dir_sk, alone",
            )
            .condition_expression("attribute_exists(#conn) AND alone = :id")
            .expression_attribute_names("#conn", conn(id))
            .expression_attribute_values(":id", s(id.as_str()))
            .expression_attribute_values(":now", n(now.as_millis()))
            .expression_attribute_values(":offline", s(WENT_OFFLINE));
        match self.apply(update, "forget a connection").await? {
            Update::Refused(inbox) if inbox.connections.contains_key(id) => {
                self.remove_connections(user, std::slice::from_ref(id), now).await.map(drop)
            }
            Update::Applied(_) | Update::Refused(_) => Ok(()),
        }
    }

    /// The handshake of a remembered connection is through; refused if it is remembered no more.
    pub async fn make_ready(
        &self,
        user: &UserId,
        id: &ConnectionId,
        now: Timestamp,
    ) -> Result<Update, Error> {
        let update = self
            .update_inbox(user)
            .update_expression(
                "SET #conn.ready_at = if_not_exists(#conn.ready_at, :now) REMOVE arrived",
            )
            .condition_expression("attribute_exists(#conn)")
            .expression_attribute_names("#conn", conn(id))
            .expression_attribute_values(":now", n(now.as_millis()));
        self.apply(update, "make a connection ready").await
    }

    /// A connection speaks, so it stands: remembers it as ready, whatever was known of it.
    pub async fn upsert_connection(
        &self,
        user: &UserId,
        id: &ConnectionId,
        connection: &Connection,
    ) -> Result<Inbox, Error> {
        let update = unless_ended(self.update_inbox(user), connection);
        let update = set_online(update, user)
            .update_expression(format!("SET {ONLINE}, #conn = :conn REMOVE arrived"))
            .expression_attribute_names("#conn", conn(id))
            .expression_attribute_values(":conn", connection.encode())
            .expression_attribute_values(":id", s(id.as_str()));
        self.apply(update, "make a connection present").await.map(Update::into_inbox)
    }

    /// Forgets connections that are gone, and with the last one that the user is online.
    pub async fn remove_connections(
        &self,
        user: &UserId,
        gone: &[ConnectionId],
        now: Timestamp,
    ) -> Result<Inbox, Error> {
        let mut inbox = Inbox::default();
        for gone in gone.chunks(MOST_REMOVALS) {
            let (update, removals) = self.without(user, gone);
            let update = update.update_expression(format!("REMOVE arrived{removals}"));
            inbox = self.apply(update, "forget connections").await?.into_inbox();
        }
        self.note_absence(user, &inbox, now).await?;
        Ok(inbox)
    }

    /// Takes a user whose last connection has gone off the index, unless one came meanwhile.
    pub(super) async fn note_absence(
        &self,
        user: &UserId,
        inbox: &Inbox,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some(latest) = inbox.latest.as_ref().filter(|_| inbox.connections.is_empty()) else {
            return Ok(());
        };
        if !inbox.online {
            return Ok(());
        }
        let update = self
            .update_inbox(user)
            .update_expression(
                "SET last_seen = :now, arrived = :offline REMOVE dir_pk, dir_sk, alone",
            )
            .condition_expression("latest = :latest AND attribute_exists(dir_pk)")
            .expression_attribute_values(":latest", s(latest))
            .expression_attribute_values(":now", n(now.as_millis()))
            .expression_attribute_values(":offline", s(WENT_OFFLINE));
        self.apply(update, "note that a user went offline").await.map(drop)
    }

    /// Lets no connection of an ended session be remembered any more, and notifies `deliver`, which
    /// dismisses those that are; shows them.
    ///
    /// That is noted for as long as one of them is remembered, an invocation may be under way that saw
    /// the session go on, or an access token of it may be good.
    pub async fn forbid_session(
        &self,
        user: &UserId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<Inbox, Error> {
        let update = self
            .update_inbox(user)
            .update_expression("SET #ended = :now, arrived = :wake")
            .expression_attribute_names("#ended", ended(session))
            .expression_attribute_values(":wake", s(notification()))
            .expression_attribute_values(":now", n(now.as_millis()));
        let inbox = self.apply(update, "end a session").await?.into_inbox();
        let known = |session| inbox.connections.values().any(|it| it.session == Some(session));
        let old = inbox.ended.iter();
        let old = old.filter(|(it, at)| now.since(**at) > UNDER_WAY && !known(**it));
        let old: Vec<_> = old.map(|(session, _)| ended(*session)).take(MOST_REMOVALS).collect();
        if old.len() > KEPT_ENDINGS {
            let names = (0..old.len()).map(|place| format!("#old{place}")).collect::<Vec<_>>();
            let forgotten = format!("REMOVE arrived, {}", names.join(", "));
            let mut update = self.update_inbox(user).update_expression(forgotten);
            for (name, old) in names.into_iter().zip(old) {
                update = update.expression_attribute_names(name, old);
            }
            self.apply(update, "forget ended sessions").await?;
        }
        Ok(inbox)
    }

    /// Lets a remembered connection last as long as a fresh token does; refused if it is not
    /// remembered, or the token's session has ended.
    pub async fn prolong(
        &self,
        user: &UserId,
        id: &ConnectionId,
        connection: &Connection,
    ) -> Result<Update, Error> {
        let update = self
            .update_inbox(user)
            .update_expression(
                "SET #conn.expires_at = :until, #conn.#session = :session REMOVE arrived",
            )
            .expression_attribute_names("#conn", conn(id))
            .expression_attribute_names("#session", "session")
            .expression_attribute_values(":until", n(connection.expires_at.as_millis()));
        let update = match connection.session {
            Some(session) => update
                .condition_expression("attribute_exists(#conn) AND attribute_not_exists(#ended)")
                .expression_attribute_names("#ended", ended(session))
                .expression_attribute_values(":session", s(session.to_string())),
            None => update
                .condition_expression("attribute_exists(#conn)")
                .expression_attribute_values(":session", AttributeValue::Null(true)),
        };
        self.apply(update, "prolong a connection").await
    }

    /// Wakes `deliver` for this inbox.
    pub async fn notify(&self, user: &UserId) -> Result<(), Error> {
        let update = self.update_inbox(user).update_expression("SET arrived = :wake");
        let update = update.expression_attribute_values(":wake", s(notification()));
        self.apply(update, "notify the deliver function").await.map(drop)
    }

    pub(super) fn without(
        &self,
        user: &UserId,
        gone: &[ConnectionId],
    ) -> (UpdateItemFluentBuilder, String) {
        (with_names(self.update_inbox(user), gone), removals(gone))
    }

    pub(super) fn update_inbox(&self, user: &UserId) -> UpdateItemFluentBuilder {
        self.update(Key::inbox(user))
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

/// The part of a SET clause by which a connection puts its user online; `:id` is the connection.
const ONLINE: &str =
    "alone = if_not_exists(dir_pk, :id), latest = :id, dir_pk = :shard, dir_sk = :user";

/// A value of `arrived` that notifies `deliver` without an arrival. It is always another one: an update
/// that changes nothing leaves no record in the stream.
pub(super) fn notification() -> String {
    format!("{NOBODY_NEW}{}", Uuid::now_v7())
}

fn set_online(update: UpdateItemFluentBuilder, user: &UserId) -> UpdateItemFluentBuilder {
    update
        .expression_attribute_values(":shard", s(shard_of(user)))
        .expression_attribute_values(":user", s(user.encoded()))
}

/// On condition that the user's account is not being deleted, and that the connection's session goes on,
/// if it has one.
fn unless_ended(
    update: UpdateItemFluentBuilder,
    connection: &Connection,
) -> UpdateItemFluentBuilder {
    let open = "attribute_not_exists(closed)";
    let Some(session) = connection.session else { return update.condition_expression(open) };
    update
        .condition_expression(format!("{open} AND attribute_not_exists(#ended)"))
        .expression_attribute_names("#ended", ended(session))
}

fn ended(session: SessionId) -> String {
    format!("ended:{session}")
}

fn conn(id: &ConnectionId) -> String {
    format!("conn:{id}")
}

/// `, #gone0, #gone1` for a REMOVE clause; what is beyond its length is found gone another time.
pub(super) fn removals(gone: &[ConnectionId]) -> String {
    (0..gone.len().min(MOST_REMOVALS)).map(|place| format!(", #gone{place}")).collect()
}

pub(super) fn with_names(
    mut update: UpdateItemFluentBuilder,
    gone: &[ConnectionId],
) -> UpdateItemFluentBuilder {
    for (place, id) in gone.iter().take(MOST_REMOVALS).enumerate() {
        update = update.expression_attribute_names(format!("#gone{place}"), conn(id));
    }
    update
}
