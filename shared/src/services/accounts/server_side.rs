//! What somebody's own backend does with accounts: it says who people are, instead of a password.

use secrecy::SecretString;
use uuid::Uuid;

use super::deletion;
use super::profile::{Profile, TAKEN, new_username, subject_key};
use crate::auth::ACCESS_LIFETIME;
use crate::config::Authentication;
use crate::domain::{Account, KeyId, SessionId, UserId};
use crate::services::access::check_no_operator;
use crate::store::{Owner, Secured};
use crate::{App, Error};

/// The longest id that a backend may have for somebody, in bytes.
const MOST_EXTERNAL_BYTES: usize = 256;

/// Whom somebody's backend wants there to be.
#[derive(Debug)]
pub struct NewUser {
    /// What they show of themselves.
    pub profile: Profile,
    /// Who they are to the backend.
    pub external_id: Option<String>,
}

/// Makes an account without a password; true if it is new. Whoever has this external id already is given
/// back as they are. A `conflict` tells who has the username.
pub async fn create(app: &App, key: KeyId, new: NewUser) -> Result<(Account, bool), Error> {
    let subject = new.external_id.as_deref().map(|id| external_key(app, id)).transpose()?;
    let profile = new.profile.checked()?;
    let username = profile.username.as_deref().map(|name| new_username(app, name)).transpose()?;
    if username.is_none() && subject.is_none() {
        return Err(Error::Invalid("missing field `username` or `external_id`".into()));
    }
    if let Some(known) = known_as(app, subject.as_deref()).await? {
        return Ok((known, false));
    }
    let account = Account {
        user: UserId::parse(&Uuid::now_v7().to_string())?,
        username,
        display_name: profile.display_name.filter(|name| !name.is_empty()),
        metadata: profile.metadata.flatten(),
        created_at: app.clock.now(),
    };
    let owner = Owner::Key(key, subject.as_deref());
    if app.store.create_account(&account, owner).await? {
        return Ok((account, true));
    }
    // Made twice at once.
    if let Some(known) = known_as(app, subject.as_deref()).await? {
        return Ok((known, false));
    }
    let taken = match &account.username {
        Some(username) => app.store.user_named(username).await?,
        None => None,
    };
    Err(taken.map_or(TAKEN, |user| Error::UsernameTaken(user.to_string())))
}

/// A token for somebody who is no operator, as long as one that they would get with a password, in a session
/// of its own that nothing refreshes.
pub async fn mint(app: &App, key: KeyId, user: &UserId) -> Result<(Account, SecretString), Error> {
    if let Authentication::Oidc { .. } = app.config.authentication {
        return Err(Error::NotFound("token here: people show those of the outside issuer"));
    }
    let tokens = app.tokens()?;
    let secured = app.store.account(user).await?.filter(|secured| secured.open);
    let Secured { account, .. } = secured.ok_or(Error::NotFound("user"))?;
    check_no_operator(app, &account)?;
    let (now, session) = (app.clock.now(), SessionId::fresh());
    let end = now.plus(ACCESS_LIFETIME);
    if !app.store.begin_minted_session(user, session, key, end).await? {
        return Err(Error::NotFound("user"));
    }
    Ok((account, tokens.issue(user, session, now)?))
}

/// Who is this to the backend, if they have an account.
async fn known_as(app: &App, subject: Option<&str>) -> Result<Option<Account>, Error> {
    let Some(subject) = subject else { return Ok(None) };
    let Some(user) = app.store.user_of_subject(subject).await? else { return Ok(None) };
    match app.store.account(&user).await? {
        Some(Secured { account, open: true, .. }) => Ok(Some(account)),
        Some(_) => {
            // They were to be forgotten, and that was interrupted.
            deletion::erase(app, &user).await?;
            Ok(None)
        }
        None => Ok(None),
    }
}

/// Under which key somebody is known by this id: with an outside issuer the id is the issuer's, so that
/// whoever is made is who will come with its token.
fn external_key(app: &App, id: &str) -> Result<String, Error> {
    if !(1..=MOST_EXTERNAL_BYTES).contains(&id.len()) {
        return Err(Error::Invalid(format!("`external_id` has 1 to {MOST_EXTERNAL_BYTES} bytes")));
    }
    Ok(match &app.config.authentication {
        Authentication::Oidc { issuer, .. } => subject_key(issuer, id),
        // No issuer has no name.
        Authentication::Accounts { .. } | Authentication::Open => subject_key("", id),
    })
}
