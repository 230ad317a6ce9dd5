//! Who is calling: decided once by the authorizer, carried by API Gateway on every later event.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::Error;
use crate::domain::{AuthMode, ConnectionId, KeyId, Scopes, SessionId, Timestamp, UserId};
use crate::error::Reason;

/// Where the authorizer's context holds the user's id.
const USER: &str = "user";
/// Where it holds their session.
const SESSION: &str = "session";
/// Where it holds until when what they showed is good, in epoch milliseconds.
const UNTIL: &str = "until";
/// Where it holds the id of a key, if that is what was shown; then there is no user.
const KEY: &str = "key";
/// Where it holds what the key is good for.
const SCOPES: &str = "scopes";
/// Where it holds the key's bot.
const BOT: &str = "bot";
/// Where it says why nobody is known.
const REFUSED: &str = "refused";
/// Where it holds how people prove who they are.
const MODE: &str = "mode";

/// The query parameters by which open mode is told who is calling, in order of preference.
const NAMES: [&str; 4] = ["user_id", "user", "username", "sender_id"];

/// The authorizer's context, as whoever hosts an HTTP router puts it into a request's extensions.
#[derive(Clone, Debug, Default)]
pub struct AuthorizerContext(pub HashMap<String, Value>);

impl AuthorizerContext {
    /// Who the authorizer found; in open mode possibly nobody. Refused if it knows nobody otherwise, or if it
    /// is a key that asks, which is nobody.
    pub(crate) fn identity(&self) -> Result<Option<Identity>, Error> {
        if self.0.contains_key(KEY) {
            return Err(Error::Forbidden(Reason::Scope));
        }
        let identity = Identity::of(&self.0)?;
        let text = |name| self.0.get(name).and_then(Value::as_str);
        let (refused, mode) = (text(REFUSED), text(MODE));
        if identity.is_none() && (mode != Some(AuthMode::Open.name()) || refused == Some(NO_KEYS)) {
            return Err(Error::Untrusted(reason(refused)));
        }
        Ok(identity)
    }

    /// The key that the authorizer found, if it was one.
    pub(crate) fn key(&self) -> Result<Option<KeyHolder>, Error> {
        let text = |name| self.0.get(name).and_then(Value::as_str);
        let Some(id) = text(KEY) else { return Ok(None) };
        Ok(Some(KeyHolder {
            key: KeyId::parse(id).ok_or(Error::Corrupt("key"))?,
            bot: UserId::parse(text(BOT).ok_or(Error::Corrupt("bot"))?)?,
            scopes: Scopes::parse(text(SCOPES).unwrap_or_default()),
        }))
    }
}

/// What open mode says to whoever shows a key.
pub const NO_KEYS: &str = "in open mode there are no keys: nobody is proved to be anybody";

/// Somebody's backend, by the key that it has shown.
#[derive(Clone, Debug)]
pub struct KeyHolder {
    /// The key.
    pub key: KeyId,
    /// The user as whom it acts where it names nobody.
    pub bot: UserId,
    /// What it is good for.
    pub scopes: Scopes,
}

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

    /// Reads what [`context_of`] wrote; `None` of somebody unknown.
    pub fn of(context: &HashMap<String, Value>) -> Result<Option<Self>, Error> {
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

/// The same of whoever shows a key. No user is named: what does not know of keys takes it for nobody.
pub fn context_of_key(mode: AuthMode, holder: &KeyHolder) -> Map<String, Value> {
    let KeyHolder { key, bot, scopes } = holder;
    let known = [
        (MODE, mode.name().to_owned()),
        (KEY, key.to_string()),
        (BOT, bot.to_string()),
        (SCOPES, scopes.to_string()),
    ];
    known.map(|(name, value)| (name.to_owned(), value.into())).into_iter().collect()
}

/// Open mode: who the query string says is calling; `None` if it says nothing.
pub fn named_in_query<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Result<Option<UserId>, Error> {
    let named = NAMES.iter().find_map(|name| get(name).filter(|user| !user.is_empty()));
    named.map(UserId::given).transpose()
}

/// Who sent a WebSocket event, and over which connection.
#[derive(Clone, Debug)]
pub struct WebSocketCaller {
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

/// Why the authorizer knows nobody, as one of the words that it may say.
fn reason(refused: Option<&str>) -> &'static str {
    let words = [
        "the token has expired",
        "the session has ended",
        "say who you are",
        "the key is not valid",
        "the key has expired",
        NO_KEYS,
    ];
    let known = words.into_iter().find(|words| Some(*words) == refused);
    known.unwrap_or("the token is not valid")
}
