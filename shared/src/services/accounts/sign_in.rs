//! People register, sign in, and stay signed in.

use std::time::Duration;

use secrecy::SecretString;
use uuid::Uuid;

use super::deletion;
use super::password::{ATTEMPTS_PER_ACCOUNT, with_password};
use super::profile::{Profile, TAKEN, new_username};
use super::sessions::end;
use crate::auth::tokens::RefreshToken;
use crate::auth::{Tokens, password};
use crate::domain::{Account, SessionId, UserId, Username};
use crate::metrics::Count;
use crate::store::{Attempts, Counted, Exchange, Owner, Rotation, Secured, Session};
use crate::{App, Error, security_log};

/// How long a session lasts after it was last refreshed.
const SESSION_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How long after its exchange a refresh token may be exchanged again for the same one: long enough for
/// an answer that was lost, or two tabs at once; too short for most thieves.
const REFRESH_LEEWAY: Duration = Duration::from_secs(20);

/// What somebody gets who has proved who they are.
#[derive(Debug)]
pub struct SignedIn {
    /// Who.
    pub account: Account,
    /// For connections and requests, [`ACCESS_LIFETIME`](crate::auth::ACCESS_LIFETIME) long.
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
    if !app.store.create_account(&account, Owner::Password(&hash)).await? {
        return Err(TAKEN);
    }
    start_session(app, tokens, account, &hash).await
}

/// Signs somebody in. The answer, and how long it takes, do not tell whether there is such an account.
pub async fn login(app: &App, credentials: Credentials) -> Result<SignedIn, Error> {
    let signed_in = sign_in(app, credentials).await;
    if matches!(signed_in, Err(Error::Untrusted(_) | Error::RateLimited { .. })) {
        app.metrics.count(Count::SignInsRefused);
    }
    signed_in
}

async fn sign_in(app: &App, credentials: Credentials) -> Result<SignedIn, Error> {
    const REFUSED: Error =
        Error::Untrusted("there is no such account, or this is not its password");
    let tokens = app.tokens()?;
    let username = Username::parse(&credentials.username).ok();
    let name = username.as_ref().map_or_else(|| credentials.username.clone(), Username::key);
    let attempts = Attempts::at("login", &name, ATTEMPTS_PER_ACCOUNT);
    count_address(app, &credentials.address).await?;
    let counted = app.store.count_attempt(&attempts, app.clock.now()).await?;
    if let Counted::Beyond { is_first: true, .. } = counted {
        let user = user_named(app, username.as_ref()).await?;
        security_log::locked_out("sign_in", user.as_ref(), Some(&credentials.address));
    }
    counted.within(|| ())?;
    let user = user_named(app, username.as_ref()).await?;
    // Nobody's account is looked up all the same, so that it takes as long.
    let user = user.map_or_else(|| UserId::parse(&Uuid::nil().to_string()), Ok)?;
    let (secured, hash) = with_password(app, &user).await?;
    let matched = password::matches(credentials.password, hash.clone()).await?;
    let (Some(Secured { account, open, .. }), Some(hash), true) = (secured, hash, matched) else {
        return Err(REFUSED);
    };
    if !open {
        // Its owner had it deleted, and that was interrupted.
        deletion::erase(app, &account.user).await?;
        return Err(REFUSED);
    }
    app.store.reset_attempts(&attempts, app.clock.now()).await?;
    start_session(app, tokens, account, &hash).await
}

async fn user_named(app: &App, username: Option<&Username>) -> Result<Option<UserId>, Error> {
    match username {
        Some(username) => app.store.user_named(username).await,
        None => Ok(None),
    }
}

/// The next pair of tokens for one that was not shown before, or only just now: then the same pair.
pub async fn refresh(app: &App, token: &SecretString) -> Result<SignedIn, Error> {
    const INVALID: Error = Error::Untrusted("the refresh token is not valid");
    let tokens = app.tokens()?;
    let now = app.clock.now();
    let (old, new) = tokens.read_refresh(token, now).await?;
    let user = UserId::parse(&old.user.to_string())?;
    let exchange = Exchange {
        old: old.hash(),
        new: new.hash(),
        until: now.plus(SESSION_LIFETIME),
        leeway: REFRESH_LEEWAY,
    };
    let since = match app.store.rotate_session(&user, old.session, &exchange, now).await? {
        Rotation::Done(since) => since,
        Rotation::Gone => return Err(INVALID),
        Rotation::Reused => {
            security_log::refresh_token_reused(&user, old.session);
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

/// A new session of somebody whose password has `hash`, if it is so still.
async fn start_session(
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
    let attempts = Attempts::at("address", address, limit);
    let counted = app.store.count_attempt(&attempts, app.clock.now()).await?;
    counted.within(|| security_log::locked_out("address", None, Some(address)))
}
