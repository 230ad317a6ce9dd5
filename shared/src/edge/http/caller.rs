//! Who sent an HTTP request: somebody, or somebody's backend with a key.
//!
//! A route that takes a [`Caller`] is not for keys. One that is takes [`CallerOrKey`], or [`KeyCaller`] if it
//! is for nobody else, and says by a [`Scope`] for which of them.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;

use super::{Failure, Params};
use crate::auth::identity::{AuthorizerContext, Identity, KeyHolder};
use crate::domain::{Actor, KeyId, Scope, UserId};
use crate::error::Reason;
use crate::services::api_keys::check_scope;
use crate::{App, Error, invocation, security_log};

/// The query parameters by which open mode is told who is calling, as a route reads them: what cannot be
/// a name is refused, and named. [`named_in_query`](crate::auth::identity::named_in_query) has the same.
#[derive(Deserialize)]
struct NamesInQuery {
    user_id: Option<UserId>,
    user: Option<UserId>,
    username: Option<UserId>,
    sender_id: Option<UserId>,
}

/// The body of a request that only says who asks, as open mode may be told.
#[derive(Deserialize)]
pub struct ActingUser {
    user_id: Option<UserId>,
    sender_id: Option<UserId>,
}

impl ActingUser {
    /// The caller, whom the body may name, too.
    pub fn acting_user(self, caller: Caller) -> Result<UserId, Error> {
        caller.named([self.user_id, self.sender_id])?.require()
    }

    /// Who acts in a room, whom the body may name, too.
    pub fn actor(self, caller: CallerOrKey) -> Result<Actor, Error> {
        caller.actor([self.user_id, self.sender_id])
    }

    /// The same of whoever joins or leaves.
    pub fn joining(self, caller: CallerOrKey) -> Result<Actor, Error> {
        let names = [self.user_id, self.sender_id];
        match caller {
            // A bot that only speaks goes wherever anybody may.
            CallerOrKey::Key(key) if !key.is_good_for(Scope::Moderate) => {
                key.bot(Scope::Send, names).map(Actor::from)
            }
            caller => caller.actor(names),
        }
    }
}

/// Who sent an HTTP request: in open mode possibly nobody in particular.
#[derive(Clone, Debug)]
pub struct Caller(Option<Identity>);

impl Caller {
    /// The caller, whom the request itself may name, too.
    ///
    /// In open mode the request is believed. `forbidden` if two of the names differ.
    pub fn named<const N: usize>(self, names: [Option<UserId>; N]) -> Result<Self, Error> {
        let mut known = self.0;
        for name in names.into_iter().flatten() {
            match &known {
                Some(known) if known.user != name => {
                    return Err(Error::Forbidden(Reason::TwoNames));
                }
                Some(_) => {}
                None => known = Some(Identity::believed(name)),
            }
        }
        if let Some(known) = &known {
            invocation::is_by(&known.user);
        }
        Ok(Self(known))
    }

    /// The user, if anybody is named.
    pub fn user(self) -> Option<UserId> {
        self.0.map(|identity| identity.user)
    }

    /// The user; refused if nobody is named.
    pub fn require(self) -> Result<UserId, Error> {
        self.proved().map(|identity| identity.user)
    }

    /// The user with what proves them; refused if nobody is named.
    pub fn proved(self) -> Result<Identity, Error> {
        self.0.ok_or_else(|| Error::Invalid("the request does not say who is asking".into()))
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;

    /// Refuses requests that no authorizer has seen, those of nobody known unless the mode is open,
    /// and names in the query string that are none: an HTTP API's authorizer has no words for that.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let context = parts.extensions.get::<AuthorizerContext>().ok_or(Error::Unauthorized)?;
        if let Some(holder) = context.key()? {
            invocation::is_with(holder.key);
            security_log::key_refused(Some(holder.key), "scope");
        }
        let identity = context.identity()?;
        let Params(query) = Params::<NamesInQuery>::from_request_parts(parts, state).await?;
        Ok(Self(identity).named(query.names())?)
    }
}

impl NamesInQuery {
    fn names(self) -> [Option<UserId>; 4] {
        [self.user_id, self.user, self.username, self.sender_id]
    }
}

/// Somebody's backend, by the key that the request shows.
#[derive(Clone, Debug)]
pub struct KeyCaller {
    holder: KeyHolder,
    /// The user in whose name it asks, if it says so.
    named: Option<UserId>,
}

impl KeyCaller {
    /// The key, if it is good for this; refused otherwise.
    pub fn with(&self, scope: Scope) -> Result<KeyId, Error> {
        check_scope(&self.holder, scope)?;
        Ok(self.holder.key)
    }

    /// Whether the key is good for this; nothing is refused.
    pub fn is_good_for(&self, scope: Scope) -> bool {
        self.holder.scopes.has(scope)
    }

    /// The key's bot. Refused if the key is not good for this, or the request names somebody else.
    pub fn bot<const N: usize>(
        self,
        scope: Scope,
        names: [Option<UserId>; N],
    ) -> Result<UserId, Error> {
        self.with(scope)?;
        let bot = self.holder.bot.clone();
        match self.named(names)?.named {
            Some(named) if named != bot => Err(Error::Forbidden(Reason::TwoNames)),
            _ => Ok(bot),
        }
    }

    /// As whom the request is to be understood, by id or username: whom it names, or the key's bot.
    pub fn in_whose_name<const N: usize>(
        self,
        scope: Scope,
        names: [Option<UserId>; N],
    ) -> Result<UserId, Error> {
        self.with(scope)?;
        let named = self.named(names)?;
        Ok(named.named.unwrap_or(named.holder.bot))
    }

    fn named<const N: usize>(mut self, names: [Option<UserId>; N]) -> Result<Self, Error> {
        for name in names.into_iter().flatten() {
            if self.named.as_ref().is_some_and(|named| *named != name) {
                return Err(Error::Forbidden(Reason::TwoNames));
            }
            self.named = Some(name);
        }
        Ok(self)
    }

    /// The key of a request, if it shows one.
    async fn of<S: Sync>(parts: &mut Parts, state: &S) -> Result<Option<Self>, Failure> {
        let context = parts.extensions.get::<AuthorizerContext>().ok_or(Error::Unauthorized)?;
        let Some(holder) = context.key()? else { return Ok(None) };
        invocation::is_with(holder.key);
        let Params(query) = Params::<NamesInQuery>::from_request_parts(parts, state).await?;
        Ok(Some(Self { holder, named: None }.named(query.names())?))
    }
}

impl FromRequestParts<App> for KeyCaller {
    type Rejection = Failure;

    /// Refuses everybody who is not somebody's backend.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        app.has_accounts()?;
        if let Some(key) = Self::of(parts, app).await? {
            return Ok(key);
        }
        Caller::from_request_parts(parts, app).await?;
        Err(Error::Forbidden(Reason::Scope).into())
    }
}

/// Who sent a request that somebody's backend may send, too.
#[derive(Clone, Debug)]
pub enum CallerOrKey {
    /// Somebody, in open mode possibly nobody in particular.
    Caller(Caller),
    /// Somebody's backend.
    Key(KeyCaller),
}

impl CallerOrKey {
    /// Who acts in a room: somebody, or the bot of a backend whose key is good for what an owner may; refused
    /// if nobody is named.
    pub fn actor<const N: usize>(self, names: [Option<UserId>; N]) -> Result<Actor, Error> {
        match self {
            Self::Caller(caller) => caller.named(names)?.require().map(Actor::from),
            Self::Key(key) => key.bot(Scope::Moderate, names).map(Actor::as_owner),
        }
    }

    /// The same where nobody needs to be named.
    pub fn actor_if_any(self) -> Result<Option<Actor>, Error> {
        match self {
            Self::Caller(caller) => Ok(caller.user().map(Actor::from)),
            key @ Self::Key(_) => key.actor([]).map(Some),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for CallerOrKey {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        if let Some(key) = KeyCaller::of(parts, state).await? {
            return Ok(Self::Key(key));
        }
        Ok(Self::Caller(Caller::from_request_parts(parts, state).await?))
    }
}
