//! What people show of themselves, and the names they may take.

use std::time::Duration;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::auth::oidc::Subject;
use crate::auth::tokens;
use crate::domain::{Account, Room, UserId, Username, name};
use crate::services::directory::account;
use crate::services::events;
use crate::store::{Attempts, Moment, Owner};
use crate::{App, Error, limits};

/// How often somebody takes another username: each that is given up rests, and nobody is to hoard them.
const RENAMES_PER_DAY: u64 = 5;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// What is said of a username that cannot be had.
pub(super) const TAKEN: Error =
    Error::Conflict("this username, or one that looks like it, is taken, or was given up lately");

/// What somebody shows of themselves; what is `None` stays as it is.
#[derive(Debug, Default)]
pub struct Profile {
    /// Another name to be addressed by.
    pub username: Option<String>,
    /// What they like to be called; empty for nothing.
    pub display_name: Option<String>,
    /// Whatever the application keeps with them; `Some(None)` for nothing.
    pub metadata: Option<Option<Map<String, Value>>>,
}

/// Changes what somebody shows of themselves.
pub async fn change_profile(app: &App, user: &UserId, profile: Profile) -> Result<Account, Error> {
    let profile = profile.checked()?;
    app.count_notice(format!("profile {user}"), "changes to a profile in one minute")?;
    let before = account(app, user).await?;
    if let Some(username) = profile.username.as_deref()
        && before.username.as_ref().is_none_or(|before| before.as_str() != username)
    {
        let username = new_username(app, username)?;
        let renames = Attempts::at("rename", user.as_str(), RENAMES_PER_DAY);
        let renames = renames.of("changes of a username in one day", DAY);
        let now = app.clock.now();
        app.store.count_attempt(&renames, now).await?.within(|| ())?;
        if !app.store.rename_account(&before, &username, moment(app)).await? {
            app.store.undo_attempt(&renames, now).await?;
            return Err(TAKEN);
        }
    }
    app.store.change_profile(user, profile.display_name, profile.metadata).await?;
    let after = account(app, user).await?;
    if after != before {
        events::show_profile(app, &after).await;
    }
    Ok(after)
}

/// A name that somebody wants to have, unless nobody may.
pub(super) fn new_username(app: &App, username: &str) -> Result<Username, Error> {
    let username = Username::parse(username)?;
    if app.config.reserved_names.has(username.as_str()) {
        return Err(Error::Conflict("this username, or one that looks like it, is reserved"));
    }
    Ok(username)
}

/// When something happens to a name now.
pub(super) fn moment(app: &App) -> Moment {
    let now = app.clock.now();
    Moment { now, rests_until: now.plus(app.config.name_rest) }
}

impl Profile {
    /// What may be shown, as it is shown.
    pub(super) fn checked(self) -> Result<Self, Error> {
        Room::check(None, self.metadata.as_ref().and_then(Option::as_ref))?;
        let display_name = self.display_name.as_deref().map(display_name).transpose()?;
        Ok(Self { display_name, ..self })
    }
}

/// A display name as it is shown; others may have the same.
pub(crate) fn display_name(typed: &str) -> Result<String, Error> {
    let shown = name::shown("`display_name`", typed)?;
    if shown.chars().count() > limits::DISPLAY_NAME_CHARS {
        let most = limits::DISPLAY_NAME_CHARS;
        return Err(Error::Invalid(format!("`display_name` has at most {most} characters")));
    }
    Ok(shown)
}

/// What an outside issuer's subject is kept under.
pub(super) fn subject_key(issuer: &str, subject: &str) -> String {
    tokens::hash(format!("{issuer}\n{subject}").as_bytes())
}

/// Who an outside issuer's subject is here: with an account from first sight on.
pub(super) async fn of_subject(app: &App, subject: Subject) -> Result<UserId, Error> {
    let key = subject_key(&subject.issuer, &subject.subject);
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
    if app.store.create_account(&account, Owner::Subject(&key)).await? {
        return Ok(account.user);
    }
    // Seen for the first time twice at once.
    app.store.user_of_subject(&key).await?.ok_or(Error::Corrupt("subject"))
}
