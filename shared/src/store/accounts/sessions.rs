//! Sessions: one for every sign-in, until it is over or revoked.

use std::time::Duration;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValuesOnConditionCheckFailure, TransactWriteItem};

use crate::Error;
use crate::domain::{KeyId, SessionId, Timestamp, UserId};
use crate::error::storage;
use crate::store::item::{Item, n, number, parse_number, s, text};
use crate::store::key::Key;
use crate::store::transaction::Write;
use crate::store::{Store, keys};

/// A sign-in.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its name.
    pub id: SessionId,
    /// The hash of the refresh token that is good now.
    pub refresh_hash: String,
    /// Until when, unless it is refreshed before.
    pub expires_at: Timestamp,
}

/// What became of the exchange of a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The new token is the good one, since then.
    Done(Timestamp),
    /// The session's token is another: this one was exchanged before, and not just now.
    Reused,
    /// There is no such session.
    Gone,
}

/// One refresh token for the next.
#[derive(Debug)]
pub struct Exchange {
    /// The hash of the token that is shown.
    pub old: String,
    /// The hash of the one after it.
    pub new: String,
    /// Until when the session goes on then.
    pub until: Timestamp,
    /// For how long the same exchange may be repeated.
    pub leeway: Duration,
}

impl Store {
    /// Keeps a new session; false if the hash of the user's password is not `password_hash` any more:
    /// it was changed, or the account is gone.
    pub async fn begin_session(
        &self,
        user: &UserId,
        session: &Session,
        password_hash: &str,
    ) -> Result<bool, Error> {
        let describe = || -> Result<Vec<TransactWriteItem>, BuildError> {
            let put = self
                .tx_put(Key::session(user, session.id).into())
                .item("refresh_hash", s(&session.refresh_hash))
                .item(keys::EXPIRES_AT, n(session.expires_at.as_seconds()))
                .write()?;
            Ok(vec![self.password_is(user, password_hash)?, put])
        };
        let mut writes = describe().map_err(storage("describe a session"))?;
        writes.push(self.account_exists(user)?);
        Ok(self.transact(writes, "begin a session").await?.is_none())
    }

    /// Keeps a new session that a key begins and nothing refreshes; false if there is no such account.
    pub async fn begin_minted_session(
        &self,
        user: &UserId,
        session: SessionId,
        key: KeyId,
        expires_at: Timestamp,
    ) -> Result<bool, Error> {
        let put = self
            .tx_put(Key::session(user, session).into())
            .item("minted_by", s(key.to_string()))
            .item(keys::EXPIRES_AT, n(expires_at.as_seconds()))
            .write();
        let writes = vec![put.map_err(storage("describe a session"))?, self.account_exists(user)?];
        Ok(self.transact(writes, "begin a session").await?.is_none())
    }

    /// Whether a session was begun by a key.
    pub async fn session_is_minted(
        &self,
        user: &UserId,
        session: SessionId,
    ) -> Result<bool, Error> {
        let item = self.item(Key::session(user, session), "look up a session").await?;
        Ok(item.is_some_and(|item| item.contains_key("minted_by")))
    }

    /// Whether a session goes on at `now`; strongly consistent, so that one that was revoked does not.
    pub async fn session_goes_on(
        &self,
        user: &UserId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let item = self.item(Key::session(user, session), "look up a session").await?;
        let item = item.map(|item| decode(session, &item)).transpose()?;
        Ok(item.is_some_and(|session| session.expires_at > now))
    }

    /// Exchanges one token for the next, and lets the session go on; to do so again within the leeway
    /// changes nothing.
    pub async fn rotate_session(
        &self,
        user: &UserId,
        session: SessionId,
        exchange: &Exchange,
        now: Timestamp,
    ) -> Result<Rotation, Error> {
        let Exchange { old, new, until, leeway } = exchange;
        let update = self
            .update(Key::session(user, session))
            .update_expression("SET refresh_hash = :new, expires_at = :until, refreshed_at = :at")
            .condition_expression("refresh_hash = :old AND expires_at > :now")
            .expression_attribute_values(":old", s(old))
            .expression_attribute_values(":new", s(new))
            .expression_attribute_values(":now", n(now.as_seconds()))
            .expression_attribute_values(":at", n(now.as_millis()))
            .expression_attribute_values(":until", n(until.as_seconds()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = update.send().await else { return Ok(Rotation::Done(now)) };
        let Some(UpdateItemError::ConditionalCheckFailedException(failed)) =
            error.as_service_error()
        else {
            return Err(storage("refresh a session")(error));
        };
        let Some(item) = failed.item() else { return Ok(Rotation::Gone) };
        let there = decode(session, item)?;
        if there.refresh_hash == *old || there.expires_at <= now {
            return Ok(Rotation::Gone);
        }
        let refreshed_at = item.get("refreshed_at").and_then(parse_number);
        let refreshed_at = refreshed_at.map(Timestamp::from_millis);
        Ok(match refreshed_at {
            // By another try of the same exchange.
            Some(at) if there.refresh_hash == *new && now.since(at) <= *leeway => {
                Rotation::Done(at)
            }
            _ => Rotation::Reused,
        })
    }

    /// Revokes a session.
    pub async fn end_session(&self, user: &UserId, session: SessionId) -> Result<(), Error> {
        let delete = self.delete(Key::session(user, session));
        delete.send().await.map_err(storage("end a session")).map(drop)
    }

    /// Every session of `user` that goes on at `now`, strongly consistent.
    pub async fn sessions(&self, user: &UserId, now: Timestamp) -> Result<Vec<SessionId>, Error> {
        let mut sessions = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .query()
                .key_condition_expression("pk = :pk AND begins_with(sk, :sessions)")
                .expression_attribute_values(":pk", s(keys::user_pk(user)))
                .expression_attribute_values(":sessions", s(keys::SESSIONS))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(storage("list sessions"))?;
            for item in page.items() {
                let session = keys::session_of_sk(&text(item, keys::SK)?);
                sessions.extend(session.filter(|_| expiry(item).is_ok_and(|end| end > now)));
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(sessions);
            }
        }
    }
}

fn decode(id: SessionId, item: &Item) -> Result<Session, Error> {
    // Nothing refreshes what a key began: it has the hash of no token.
    let refresh_hash = text(item, "refresh_hash").unwrap_or_default();
    Ok(Session { id, refresh_hash, expires_at: expiry(item)? })
}

fn expiry(item: &Item) -> Result<Timestamp, Error> {
    let seconds: i64 = number(item, keys::EXPIRES_AT)?;
    Ok(Timestamp::from_millis(seconds.saturating_mul(1000)))
}
