//! Keys, with which somebody's own backend calls: made, listed and ended by operators, and recognized.

use secrecy::SecretString;
use uuid::Uuid;

use super::access::check_operator;
use super::{accounts, directory};
use crate::auth::api_keys;
use crate::auth::identity::{Identity, KeyHolder, NO_KEYS};
use crate::domain::{Account, ApiKey, KeyId, Scope, Scopes, Timestamp, UserId};
use crate::error::Reason;
use crate::store::{KeptKey, ListPage};
use crate::{App, Error, invocation, security_log};

/// What an operator wants a new key to be.
#[derive(Debug)]
pub struct NewKey {
    /// What it is called, and its bot, if that is new.
    pub name: String,
    /// What it is good for.
    pub scopes: Vec<Scope>,
    /// Until when, if not until it is deleted.
    pub expires_at: Option<Timestamp>,
    /// The bot of an earlier key, by id; by default it gets one of its own.
    pub bot: Option<String>,
}

/// Makes a key; what proves it is in the answer and nowhere else.
pub async fn create(
    app: &App,
    by: &Identity,
    new: NewKey,
) -> Result<(ApiKey, SecretString), Error> {
    check_manager(app, by).await?;
    let name = accounts::display_name(&new.name)?;
    if name.is_empty() {
        return Err(Error::Invalid("`name` has at least one character".into()));
    }
    let now = app.clock.now();
    if new.expires_at.is_some_and(|end| end <= now) {
        return Err(Error::Invalid("`expires_at` is over already".into()));
    }
    let earlier = match &new.bot {
        Some(bot) => Some(directory::find_existing_user(app, bot).await?),
        None => None,
    };
    let own_bot = earlier.is_none();
    let bot = match earlier {
        Some(bot) => bot,
        None => UserId::parse(&Uuid::now_v7().to_string())?,
    };
    let key = ApiKey {
        id: KeyId::fresh(),
        name: name.clone(),
        scopes: Scopes::new(new.scopes)?,
        bot: bot.clone(),
        by: by.user.clone(),
        created_at: now,
        expires_at: new.expires_at,
    };
    let account = Account {
        user: bot,
        username: None,
        display_name: Some(name),
        metadata: None,
        created_at: now,
    };
    let (secret, hash) = api_keys::new_key(key.id)?;
    let kept = KeptKey { key, hash };
    if !app.store.create_key(&kept, own_bot.then_some(&account)).await? {
        return Err(Error::Invalid("`bot` is the bot of no earlier key".into()));
    }
    let key = kept.key;
    security_log::key_made(key.id, &key.by, &key.scopes);
    Ok((key, secret))
}

/// Keys by age, the first of them `after` one.
pub async fn list(
    app: &App,
    by: &Identity,
    after: Option<KeyId>,
    limit: usize,
) -> Result<ListPage<ApiKey>, Error> {
    check_manager(app, by).await?;
    app.store.keys(after, Some(limit)).await
}

/// Ends a key at once; its bot stays, so that what it said goes on having a name.
pub async fn delete(app: &App, by: &Identity, id: &str) -> Result<(), Error> {
    check_manager(app, by).await?;
    let id = KeyId::parse(id).ok_or(Error::NotFound("key"))?;
    if !app.store.delete_key(id).await? {
        return Err(Error::NotFound("key"));
    }
    security_log::key_deleted(id, &by.user);
    Ok(())
}

/// Whoever shows a key, in one read.
pub async fn identify(app: &App, shown: &SecretString) -> Result<KeyHolder, Error> {
    const INVALID: Error = Error::Untrusted("the key is not valid");
    if !app.config.has_accounts() {
        return Err(Error::Untrusted(NO_KEYS));
    }
    let Some((id, hash)) = api_keys::read_key(shown) else {
        security_log::key_refused(None, "malformed");
        return Err(INVALID);
    };
    let Some(KeptKey { key, .. }) = app.store.key(id).await?.filter(|kept| kept.hash == hash)
    else {
        security_log::key_refused(Some(id), "unknown");
        return Err(INVALID);
    };
    invocation::is_with(id);
    if key.expires_at.is_some_and(|end| end <= app.clock.now()) {
        security_log::key_refused(Some(id), "expired");
        return Err(Error::Untrusted("the key has expired"));
    }
    Ok(KeyHolder { key: id, bot: key.bot, scopes: key.scopes })
}

/// Refuses what a key is not good for.
pub fn check_scope(holder: &KeyHolder, scope: Scope) -> Result<(), Error> {
    if holder.scopes.has(scope) {
        return Ok(());
    }
    security_log::key_refused(Some(holder.key), "scope");
    Err(Error::Forbidden(Reason::Scope))
}

/// Refuses whoever does not operate this server, and whoever is an operator by a token that a key minted:
/// no key is to make others.
async fn check_manager(app: &App, by: &Identity) -> Result<(), Error> {
    if !app.config.has_accounts() {
        return Err(Error::NotFound("key: in open mode nobody is proved to be anybody"));
    }
    check_operator(app, &by.user).await?;
    match by.session {
        Some(session) if app.store.session_is_minted(&by.user, session).await? => {
            Err(Error::Forbidden(Reason::Scope))
        }
        _ => Ok(()),
    }
}
