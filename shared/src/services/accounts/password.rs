//! Passwords are changed, and asked for again.

use futures::try_join;
use secrecy::SecretString;

use super::sessions::end_all;
use crate::auth::password;
use crate::domain::{Account, SessionId, UserId, Username};
use crate::error::Reason;
use crate::metrics::Count;
use crate::services::directory::account;
use crate::store::{Attempts, Secured};
use crate::{App, Error, security_log};

/// How many attempts an account takes in a quarter of an hour; one that succeeds forgives the others.
pub(super) const ATTEMPTS_PER_ACCOUNT: u64 = 10;

/// One password for another.
#[derive(Debug)]
pub struct NewPassword {
    /// The one that is the account's now.
    pub current: SecretString,
    /// The one that is to be.
    pub new: SecretString,
}

/// Changes the password, and ends all sessions but the one that asks.
pub async fn change_password(
    app: &App,
    user: &UserId,
    session: Option<SessionId>,
    passwords: NewPassword,
) -> Result<(), Error> {
    let NewPassword { current, new } = passwords;
    let username = account(app, user).await?.username;
    password::check(&new, username.as_ref().map_or("", Username::as_str))?;
    let account = check_password(app, user, current).await?;
    let hash = password::hash(new).await?;
    app.store.change_password(&account.user, &hash).await?;
    security_log::password_changed(user);
    end_all(app, user, session).await
}

/// The account of somebody who knows its password.
pub(super) async fn check_password(
    app: &App,
    user: &UserId,
    password: SecretString,
) -> Result<Account, Error> {
    let checked = check_among_attempts(app, user, password).await;
    if matches!(checked, Err(Error::Forbidden(_) | Error::RateLimited { .. })) {
        app.metrics.count(Count::SignInsRefused);
    }
    checked
}

async fn check_among_attempts(
    app: &App,
    user: &UserId,
    password: SecretString,
) -> Result<Account, Error> {
    let attempts = Attempts::at("password", user.as_str(), ATTEMPTS_PER_ACCOUNT);
    let counted = app.store.count_attempt(&attempts, app.clock.now()).await?;
    counted.within(|| security_log::locked_out("password", Some(user), None))?;
    let (secured, hash) = with_password(app, user).await?;
    let secured = secured.ok_or(Error::NotFound("user"))?;
    if !password::matches(password, hash).await? {
        return Err(Error::Forbidden(Reason::Password));
    }
    app.store.reset_attempts(&attempts, app.clock.now()).await?;
    Ok(secured.account)
}

/// The account of a user, and the hash of their password.
pub(super) async fn with_password(
    app: &App,
    user: &UserId,
) -> Result<(Option<Secured>, Option<String>), Error> {
    let (secured, hash) = try_join!(app.store.account(user), app.store.password_hash(user))?;
    let old_hash = secured.as_ref().and_then(|secured| secured.old_hash.clone());
    if let (None, Some(old)) = (&hash, &old_hash) {
        app.store.move_password(user, old).await?;
    }
    Ok((secured, hash.or(old_hash)))
}
