//! Who is calling: decided once by the authorizer, carried by API Gateway on every later event.

use std::collections::HashMap;

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequestContext;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Error;
use crate::chat::{ConnectionId, Timestamp, UserId};
use crate::http::{Failure, Params};

/// Where the authorizer's context holds the user's id.
const USER: &str = "user";

/// The query parameters by which open mode is told who is calling, in order of preference.
const NAMES: [&str; 4] = ["user_id", "user", "username", "sender_id"];

/// The same parameters as a route reads them: what cannot be a name is refused, and named.
#[derive(Deserialize)]
struct Named {
    user_id: Option<UserId>,
    user: Option<UserId>,
    username: Option<UserId>,
    sender_id: Option<UserId>,
}

/// The authorizer's context, as whoever hosts an HTTP router puts it into a request's extensions.
#[derive(Clone, Debug, Default)]
pub struct AuthorizerContext(pub HashMap<String, Value>);

/// What the authorizer lets API Gateway carry along: strings only, so that they arrive unchanged.
pub fn context_of(user: Option<&UserId>) -> Map<String, Value> {
    // Never empty, so that API Gateway has something to carry even if nobody is named.
    let mode = ("mode".to_owned(), Value::from("open"));
    user.map(|user| (USER.to_owned(), Value::from(user.as_str())))
        .into_iter()
        .chain([mode])
        .collect()
}

/// Open mode: who the query string says is calling; `None` if it says nothing.
pub fn named_in_query<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Result<Option<UserId>, Error> {
    let named = NAMES.iter().find_map(|name| get(name).filter(|user| !user.is_empty()));
    named.map(UserId::parse).transpose()
}

/// Who sent a WebSocket event, and over which connection.
#[derive(Clone, Debug)]
pub struct Speaker {
    /// The user, as the authorizer found at `$connect`.
    pub user: UserId,
    /// The connection.
    pub connection: ConnectionId,
    /// When the connection was made.
    pub connected_at: Timestamp,
}

impl Speaker {
    /// Reads the event's context; an error if no authorizer stands before the function.
    pub fn of(context: &ApiGatewayWebsocketProxyRequestContext) -> Result<Self, Error> {
        let connection = context.connection_id.as_deref();
        Ok(Self {
            user: user_in(&context.authorizer.fields)?.ok_or(Error::Unauthorized)?,
            connection: ConnectionId::new(connection.ok_or(Error::Corrupt("connectionId"))?),
            connected_at: Timestamp::from_millis(context.connected_at),
        })
    }
}

/// Who sent an HTTP request: in open mode possibly nobody in particular.
#[derive(Clone, Debug)]
pub struct Caller(Option<UserId>);

impl Caller {
    /// The caller, whom the request itself may name, too.
    ///
    /// In open mode the request is believed. `forbidden` if two of the names differ.
    pub fn named<const N: usize>(self, names: [Option<UserId>; N]) -> Result<Self, Error> {
        let mut names = self.0.into_iter().chain(names.into_iter().flatten());
        let caller = names.next();
        if names.any(|name| Some(&name) != caller.as_ref()) {
            return Err(Error::Forbidden);
        }
        Ok(Self(caller))
    }

    /// The user, if anybody is named.
    pub fn user(self) -> Option<UserId> {
        self.0
    }

    /// The user; refused if nobody is named.
    pub fn require(self) -> Result<UserId, Error> {
        self.0.ok_or_else(|| Error::Invalid("the request does not say who is asking".into()))
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;

    /// Refuses requests that no authorizer has seen, and names in the query string that are none: an
    /// HTTP API's authorizer has no words for that.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let context = parts.extensions.get::<AuthorizerContext>().ok_or(Error::Unauthorized)?;
        let caller = Self(user_in(&context.0)?);
        let Params(query) = Params::<Named>::from_request_parts(parts, state).await?;
        Ok(caller.named([query.user_id, query.user, query.username, query.sender_id])?)
    }
}

fn user_in(context: &HashMap<String, Value>) -> Result<Option<UserId>, Error> {
    context.get(USER).and_then(Value::as_str).map(UserId::parse).transpose()
}
