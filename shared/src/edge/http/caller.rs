//! Who sent an HTTP request.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;

use super::{Failure, Params};
use crate::auth::identity::{AuthorizerContext, Identity};
use crate::domain::UserId;
use crate::error::Reason;
use crate::{Error, invocation};

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
        let identity = context.identity()?;
        let Params(query) = Params::<NamesInQuery>::from_request_parts(parts, state).await?;
        let names = [query.user_id, query.user, query.username, query.sender_id];
        Ok(Self(identity).named(names)?)
    }
}
