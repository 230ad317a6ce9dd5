//! Who is meant by a name.

use uuid::Uuid;

use crate::domain::{Account, ConversationId, UserId, Username};
use crate::{App, Error};

/// The user a request means: by id, or where people have accounts by username. There is such a user;
/// in open mode everybody is whoever has a name.
pub async fn find_existing_user(app: &App, user: &str) -> Result<UserId, Error> {
    let user = find_user(app, user).await?;
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
pub async fn find_user(app: &App, user: &str) -> Result<UserId, Error> {
    if !app.config.has_accounts() {
        return UserId::given(user);
    }
    if let Ok(id) = Uuid::try_parse(user) {
        return UserId::parse(&id.to_string());
    }
    let username = Username::parse(user).map_err(|_| Error::NotFound("user"))?;
    app.store.user_named(&username).await?.ok_or(Error::NotFound("user"))
}

/// The conversation that a request means by `to` or by `room`.
pub async fn find_conversation(
    app: &App,
    user: &UserId,
    to: Option<&str>,
    room: Option<&str>,
) -> Result<ConversationId, Error> {
    match (to, room) {
        (Some(to), None) => Ok(ConversationId::direct(user, &find_user(app, to).await?)),
        (None, Some(room)) => Ok(ConversationId::Room(app.store.find_room_id(room).await?)),
        (Some(_), Some(_)) => Err(Error::Invalid("say either `to` or `room`".into())),
        (None, None) => Err(Error::Invalid("missing field `to` or `room`".into())),
    }
}

/// What somebody shows of themselves.
pub async fn account(app: &App, user: &UserId) -> Result<Account, Error> {
    let secured = app.store.account(user).await?;
    secured.map(|secured| secured.account).ok_or(Error::NotFound("user"))
}
