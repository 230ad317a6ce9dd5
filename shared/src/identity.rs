//! Who is calling: decided once by the authorizer, carried by API Gateway on every later event.

use std::collections::HashMap;

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequestContext;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde_json::{Map, Value};

use crate::chat::{ConnectionId, Timestamp, UserId};
use crate::{Error, http};

/// Where the authorizer's context holds the user's id.
const USER: &str = "user";

/// The query parameters by which open mode is told who is calling, in order of preference.
const NAMES: [&str; 4] = ["user_id", "user", "username", "sender_id"];

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
    /// The user that the caller speaks as; `named` is who the request itself names, if anybody.
    ///
    /// In open mode the request is believed. `forbidden` if it names somebody else than the caller.
    pub fn speaking_as(&self, named: Option<&UserId>) -> Result<UserId, Error> {
        match (&self.0, named) {
            (Some(caller), Some(named)) if caller != named => Err(Error::Forbidden),
            (Some(user), _) | (None, Some(user)) => Ok(user.clone()),
            (None, None) => Err(Error::Invalid("the request does not say who is asking".into())),
        }
    }

    /// The user, if the authorizer found one.
    pub fn user(&self) -> Option<&UserId> {
        self.0.as_ref()
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = http::Failure;

    /// Refuses requests that no authorizer has seen.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let context = parts.extensions.get::<AuthorizerContext>().ok_or(Error::Unauthorized)?;
        Ok(Self(user_in(&context.0)?))
    }
}

fn user_in(context: &HashMap<String, Value>) -> Result<Option<UserId>, Error> {
    context.get(USER).and_then(Value::as_str).map(UserId::parse).transpose()
}
