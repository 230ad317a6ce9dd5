//! Accounts: people register, sign in, stay signed in, and go.
//!
//! Whoever signs in begins a session and gets two tokens: a short-lived one that every connection and
//! request shows, and one that is exchanged for the next pair. Each of these is good once; one that
//! is shown again was stolen or copied, so its session ends. Whatever ends a session also closes its
//! sockets at once.

mod deletion;
mod keyring;
mod password;
mod profile;
pub mod tokens;
mod username;

use std::fmt;
use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::chat::{Timestamp, UserId};
use crate::error::Reason;
use crate::oidc::Subject;
use crate::store::{Attempts, Overdue, Rotation, Secured, Session, Ticket};
use crate::{App, Error};

pub use deletion::delete;
pub use keyring::{Secrets, Source};
pub use profile::{Profile, change_profile};
pub use tokens::{ACCESS_LIFETIME, Grant, Tokens};
pub use username::Username;

use profile::{TAKEN, display_name, moment, new_username};
use tokens::RefreshToken;

/// How long a session lasts after it was last refreshed.
const SESSION_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How long a ticket is good.
pub const TICKET_LIFETIME: Duration = Duration::from_secs(30);
/// How long after its exchange a refresh token may be exchanged again for the same one: long enough for
/// an answer that was lost, or two tabs at once; too short for most thieves.
const REFRESH_LEEWAY: Duration = Duration::from_secs(20);
/// How many attempts an account takes in a quarter of an hour; one that succeeds forgives the others.
const ATTEMPTS_PER_ACCOUNT: u64 = 10;
/// How many sessions are ended at once.
const CONCURRENT_ENDS: usize = 10;

/// The name of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionId(Uuid);

impl SessionId {
    /// A new one.
    pub fn fresh() -> Self {
        Self(Uuid::new_v4())
    }

    /// Reads what [`Display`](fmt::Display) wrote.
    pub fn parse(id: &str) -> Option<Self> {
        Uuid::try_parse(id).ok().map(Self)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Somebody, as they show themselves.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Account {
    /// Their id, which never changes.
    #[serde(rename = "id")]
    pub user: UserId,
    /// What they are addressed by, if not by the id.
    pub username: Option<Username>,
    /// What they like to be called.
    pub display_name: Option<String>,
    /// Whatever the application keeps with them.
    pub metadata: Option<Map<String, Value>>,
    /// Since when.
    pub created_at: Timestamp,
}

/// What somebody gets who has proved who they are.
#[derive(Debug)]
pub struct SignedIn {
    /// Who.
    pub account: Account,
    /// For connections and requests, [`ACCESS_LIFETIME`] long.
    pub access_token: SecretString,
    /// For the next pair of tokens, once.
    pub refresh_token: SecretString,
}

/// Who asks to be let in, or to be somebody.
#[derive(Debug)]
pub struct Credentials {
    /// The name.
    pub username: String,
    /// The password.
    pub password: SecretString,
    /// The address the request came from.
    pub address: String,
}

/// Makes an account and signs its owner in. `conflict` if the name, or one that looks like it, is
/// taken.
pub async fn register(
    app: &App,
    credentials: Credentials,
    profile: Profile,
) -> Result<SignedIn, Error> {
    let tokens = app.tokens()?;
    let username = new_username(app, &credentials.username)?;
    password::check(&credentials.password, &credentials.username)?;
    let profile = profile.checked()?;
    count_address(app, &credentials.address).await?;
    let now = app.clock.now();
    let account = Account {
        user: UserId::parse(&Uuid::now_v7().to_string())?,
        username: Some(username),
        display_name: profile.display_name.filter(|name| !name.is_empty()),
        metadata: profile.metadata.flatten(),
        created_at: now,
    };
    let hash = password::hash(credentials.password).await?;
    if !app.store.create_account(&account, Some(&hash), None).await? {
        return Err(TAKEN);
    }
    begin(app, tokens, account, &hash).await
}

/// Signs somebody in. The answer, and how long it takes, do not tell whether there is such an account.
pub async fn login(app: &App, credentials: Credentials) -> Result<SignedIn, Error> {
    const REFUSED: Error =
        Error::Untrusted("there is no such account, or this is not its password");
    let tokens = app.tokens()?;
    let username = Username::parse(&credentials.username).ok();
    let name = username.as_ref().map_or_else(|| credentials.username.clone(), Username::key);
    let attempts = Attempts::at("login", &name, ATTEMPTS_PER_ACCOUNT);
    count_address(app, &credentials.address).await?;
    app.store.count_attempt(&attempts, app.clock.now()).await?;
    let user = match &username {
        Some(username) => app.store.user_named(username).await?,
        None => None,
    };
    // Nobody's account is looked up all the same, so that it takes as long.
    let user = user.map_or_else(|| UserId::parse(&Uuid::nil().to_string()), Ok)?;
    let secured = app.store.account(&user).await?;
    let hash = secured.as_ref().and_then(|it| it.password_hash.clone());
    let matched = password::matches(credentials.password, hash.clone()).await?;
    let (Some(Secured { account, open, .. }), Some(hash), true) = (secured, hash, matched) else {
        return Err(REFUSED);
    };
    if !open {
        // Its owner had it deleted, and that was interrupted.
        deletion::erase(app, &account.user).await?;
        return Err(REFUSED);
    }
    app.store.forgive_attempts(&attempts, app.clock.now()).await?;
    begin(app, tokens, account, &hash).await
}

/// The next pair of tokens for one that was not shown before, or only just now: then the same pair.
pub async fn refresh(app: &App, token: &SecretString) -> Result<SignedIn, Error> {
    const INVALID: Error = Error::Untrusted("the refresh token is not valid");
    let tokens = app.tokens()?;
    let now = app.clock.now();
    let (old, new) = tokens.read_refresh(token, now).await?;
    let user = UserId::parse(&old.user.to_string())?;
    let until = now.plus(SESSION_LIFETIME);
    let hashes = [&*old.hash(), &*new.hash()];
    let times = [now, until];
    let rotation =
        app.store.rotate_session(&user, old.session, hashes, times, REFRESH_LEEWAY).await?;
    let since = match rotation {
        Rotation::Done(since) => since,
        Rotation::Gone => return Err(INVALID),
        Rotation::Reused => {
            end(app, &user, old.session).await?;
            return Err(INVALID);
        }
    };
    let Some(Secured { account, .. }) = app.store.account(&user).await? else {
        return Err(INVALID);
    };
    Ok(SignedIn {
        access_token: tokens.issue(&user, old.session, since)?,
        refresh_token: tokens.write_refresh(&new)?,
        account,
    })
}

/// Ends a session and closes its sockets. Whatever becomes of those, nothing is said or heard over
/// them any more.
pub async fn end(app: &App, user: &UserId, session: SessionId) -> Result<(), Error> {
    // In this order, whoever asks again finds the session as long as something is left to be done.
    let inbox = app.store.forbid_session(user, session, app.clock.now()).await?;
    app.store.end_session(user, session).await?;
    let theirs = inbox.overdue(app.clock.now()).into_iter();
    let theirs = theirs.filter(|(_, overdue)| *overdue == Overdue::Session);
    let closed = app.gateway.close_all(theirs.map(|(id, _)| id).collect()).await;
    let gone = closed.into_iter().filter(|(_, closed)| closed.is_ok());
    let gone: Vec<_> = gone.map(|(id, _)| id).collect();
    if !gone.is_empty() {
        app.store.prune(user, &gone, app.clock.now()).await?;
    }
    // What would not close stays known, and `deliver`, woken by the first step, tries again.
    Ok(())
}

/// Ends every session of somebody, but for `except`.
pub async fn end_all(app: &App, user: &UserId, except: Option<SessionId>) -> Result<(), Error> {
    let sessions = app.store.sessions(user).await?.into_iter();
    let ends = sessions.filter(|it| Some(*it) != except).map(|it| end(app, user, it));
    stream::iter(ends).buffer_unordered(CONCURRENT_ENDS).try_collect().await
}

/// Closes whatever sockets somebody has.
async fn close_all(app: &App, user: &UserId) -> Result<(), Error> {
    let inbox = app.store.inbox(user).await?;
    let connections: Vec<_> = inbox.connections.into_keys().collect();
    let closed = app.gateway.close_all(connections.clone()).await;
    app.store.prune(user, &connections, app.clock.now()).await?;
    closed.into_iter().try_for_each(|(_, closed)| closed)
}

/// A ticket for one connection within half a minute, for those who cannot send a header. The
/// connection lasts no longer than one by the token that asks for it.
pub async fn ticket(
    app: &App,
    user: &UserId,
    session: Option<SessionId>,
    until: Timestamp,
) -> Result<SecretString, Error> {
    let (ticket, hash) = tokens::new_ticket()?;
    let expires_at = app.clock.now().plus(TICKET_LIFETIME);
    let kept = Ticket { user: user.clone(), session, until, expires_at };
    app.store.issue_ticket(&hash, &kept).await?;
    Ok(ticket.into())
}

/// What somebody shows of themselves.
pub async fn account(app: &App, user: &UserId) -> Result<Account, Error> {
    let secured = app.store.account(user).await?;
    secured.map(|secured| secured.account).ok_or(Error::NotFound("user"))
}

/// Who an outside issuer's subject is here: with an account from first sight on.
pub async fn of_subject(app: &App, subject: Subject) -> Result<UserId, Error> {
    let key = tokens::hash(format!("{}\n{}", subject.issuer, subject.subject).as_bytes());
    if let Some(user) = app.store.user_of_subject(&key).await? {
        return Ok(user);
    }
    let account = Account {
        user: UserId::parse(&Uuid::now_v7().to_string())?,
        username: None,
        display_name: subject.name.and_then(|name| display_name(&name).ok()),
        metadata: None,
        created_at: app.clock.now(),
    };
    if app.store.create_account(&account, None, Some(&key)).await? {
        return Ok(account.user);
    }
    // Seen for the first time twice at once.
    app.store.user_of_subject(&key).await?.ok_or(Error::Corrupt("subject"))
}

/// Changes the password, and ends all sessions but the one that asks.
pub async fn change_password(
    app: &App,
    user: &UserId,
    session: Option<SessionId>,
    [current, new]: [SecretString; 2],
) -> Result<(), Error> {
    let username = account(app, user).await?.username;
    password::check(&new, username.as_ref().map_or("", Username::as_str))?;
    let account = authenticate(app, user, current).await?;
    let hash = password::hash(new).await?;
    app.store.change_password(&account.user, &hash).await?;
    end_all(app, user, session).await
}

/// The account of somebody who knows its password.
async fn authenticate(app: &App, user: &UserId, password: SecretString) -> Result<Account, Error> {
    let attempts = Attempts::at("password", user.as_str(), ATTEMPTS_PER_ACCOUNT);
    app.store.count_attempt(&attempts, app.clock.now()).await?;
    let secured = app.store.account(user).await?.ok_or(Error::NotFound("user"))?;
    if !password::matches(password, secured.password_hash).await? {
        return Err(Error::Forbidden(Reason::Password));
    }
    app.store.forgive_attempts(&attempts, app.clock.now()).await?;
    Ok(secured.account)
}

/// A new session of somebody whose password has `hash`, if it is so still.
async fn begin(
    app: &App,
    tokens: &Tokens,
    account: Account,
    hash: &str,
) -> Result<SignedIn, Error> {
    let now = app.clock.now();
    let id = SessionId::fresh();
    let user = Uuid::try_parse(account.user.as_str()).map_err(|_| Error::Corrupt("user"))?;
    let refresh = RefreshToken::fresh(user, id)?;
    let session =
        Session { id, refresh_hash: refresh.hash(), expires_at: now.plus(SESSION_LIFETIME) };
    if !app.store.begin_session(&account.user, &session, hash).await? {
        return Err(Error::Untrusted("the password has changed meanwhile"));
    }
    Ok(SignedIn {
        access_token: tokens.issue(&account.user, id, now)?,
        refresh_token: tokens.write_refresh(&refresh)?,
        account,
    })
}

async fn count_address(app: &App, address: &str) -> Result<(), Error> {
    let limit = app.config.sign_ins_per_address;
    if limit == 0 {
        return Ok(());
    }
    app.store.count_attempt(&Attempts::at("address", address, limit), app.clock.now()).await
}

/// The user a request means: by id, or where people have accounts by username. There is such a user;
/// in open mode everybody is whoever has a name.
pub async fn addressed(app: &App, user: &str) -> Result<UserId, Error> {
    let user = named(app, user).await?;
    check_exists(app, &user).await?;
    Ok(user)
}

/// `not_found` unless there is such a user.
pub async fn check_exists(app: &App, user: &UserId) -> Result<(), Error> {
    if app.config.has_accounts() && !app.store.has_account(user).await? {
        return Err(Error::NotFound("user"));
    }
    Ok(())
}

/// The user a request means, who may be gone, and of whom nobody may ever have heard: an id costs no
/// look-up. For what leads to nothing then, and for what is left of somebody.
pub async fn named(app: &App, user: &str) -> Result<UserId, Error> {
    if !app.config.has_accounts() {
        return UserId::given(user);
    }
    if let Ok(id) = Uuid::try_parse(user) {
        return UserId::parse(&id.to_string());
    }
    let username = Username::parse(user).map_err(|_| Error::NotFound("user"))?;
    app.store.user_named(&username).await?.ok_or(Error::NotFound("user"))
}

impl SignedIn {
    /// The tokens as their owner gets them: access, refresh.
    pub fn expose(&self) -> (&str, &str) {
        (self.access_token.expose_secret(), self.refresh_token.expose_secret())
    }
}
