//! Who is calling: decided once by the authorizer, carried by API Gateway on every later event.

use std::collections::HashMap;

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequestContext;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Error;
use crate::accounts::SessionId;
use crate::chat::{ConnectionId, Timestamp, UserId};
use crate::config::AuthMode;
use crate::error::Reason;
use crate::http::{Failure, Params};
use crate::store::Connection;

/// Where the authorizer's context holds the user's id.
const USER: &str = "user";
/// Where it holds their session.
const SESSION: &str = "session";
/// Where it holds until when what they showed is good, in epoch milliseconds.
const UNTIL: &str = "until";
/// Where it says why nobody is known.
const REFUSED: &str = "refused";
/// Where it holds how people prove who they are.
const MODE: &str = "mode";

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

/// Who somebody has proved to be, and until when that holds.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Who.
    pub user: UserId,
    /// In which session, where there are sessions.
    pub session: Option<SessionId>,
    /// Until when, if not for ever.
    pub until: Option<Timestamp>,
}

impl Identity {
    /// Whom open mode believes: a name, for ever.
    pub fn believed(user: UserId) -> Self {
        Self { user, session: None, until: None }
    }

    fn of(context: &HashMap<String, Value>) -> Result<Option<Self>, Error> {
        let text = |name| context.get(name).and_then(Value::as_str);
        let Some(user) = text(USER) else { return Ok(None) };
        let until = text(UNTIL).map(|until| until.parse().map(Timestamp::from_millis));
        Ok(Some(Self {
            user: UserId::parse(user)?,
            session: text(SESSION).and_then(SessionId::parse),
            until: until.transpose().map_err(|_| Error::Corrupt("until"))?,
        }))
    }
}

/// What the authorizer lets API Gateway carry along: strings only, so that they arrive unchanged.
pub fn context_of(mode: AuthMode, known: Result<&Identity, &Error>) -> Map<String, Value> {
    // Never empty, so that API Gateway has something to carry even if nobody is named.
    let mut context = Map::from_iter([(MODE.to_owned(), Value::from(mode.name()))]);
    match known {
        Ok(identity) => {
            context.insert(USER.to_owned(), identity.user.as_str().into());
            let session = identity.session.map(|session| (SESSION, session.to_string()));
            let until = identity.until.map(|until| (UNTIL, until.as_millis().to_string()));
            let rest = session.into_iter().chain(until);
            context.extend(rest.map(|(name, value)| (name.to_owned(), value.into())));
        }
        Err(refused) => drop(context.insert(REFUSED.to_owned(), refused.to_string().into())),
    }
    context
}

/// Open mode: who the query string says is calling; `None` if it says nothing.
pub fn named_in_query<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Result<Option<UserId>, Error> {
    let named = NAMES.iter().find_map(|name| get(name).filter(|user| !user.is_empty()));
    named.map(UserId::given).transpose()
}

/// The body of a request that only says who asks, as open mode may be told.
#[derive(Deserialize)]
pub struct Who {
    user_id: Option<UserId>,
    sender_id: Option<UserId>,
}

impl Who {
    /// The caller, whom the body may name, too.
    pub fn asks(self, caller: Caller) -> Result<UserId, Error> {
        caller.named([self.user_id, self.sender_id])?.require()
    }
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
    /// The session it belongs to, where there are sessions.
    pub session: Option<SessionId>,
    /// Until when what the user showed at `$connect` is good, if not for ever.
    pub until: Option<Timestamp>,
}

impl Speaker {
    /// Reads the event's context; an error if no authorizer stands before the function.
    pub fn of(context: &ApiGatewayWebsocketProxyRequestContext) -> Result<Self, Error> {
        let connection = context.connection_id.as_deref();
        let identity = Identity::of(&context.authorizer.fields)?.ok_or(Error::Unauthorized)?;
        Ok(Self {
            user: identity.user,
            session: identity.session,
            until: identity.until,
            connection: ConnectionId::new(connection.ok_or(Error::Corrupt("connectionId"))?),
            connected_at: Timestamp::from_millis(context.connected_at),
        })
    }

    /// The connection as the inbox remembers it.
    pub fn as_connection(&self, ready: bool) -> Connection {
        Connection::new(self.connected_at, ready).trusted(self.session, self.until)
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
        let identity = Identity::of(&context.0)?;
        let text = |name| context.0.get(name).and_then(Value::as_str);
        if identity.is_none() && text(MODE) != Some(AuthMode::Open.name()) {
            return Err(Error::Untrusted(reason(text(REFUSED))).into());
        }
        let Params(query) = Params::<Named>::from_request_parts(parts, state).await?;
        let names = [query.user_id, query.user, query.username, query.sender_id];
        Ok(Self(identity).named(names)?)
    }
}

/// Why the authorizer knows nobody, as one of the words that it may say.
fn reason(refused: Option<&str>) -> &'static str {
    let words = ["the token has expired", "the session has ended", "say who you are"];
    let known = words.into_iter().find(|words| Some(*words) == refused);
    known.unwrap_or("the token is not valid")
}
