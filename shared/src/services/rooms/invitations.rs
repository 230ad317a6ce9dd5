//! Who is asked to join.

use super::notices::admit;
use super::{ATTEMPTS, check_room_limit, end_if_abandoned, permitted};
use crate::domain::permissions::Action;
use crate::domain::{Actor, Decision, Room, UserId};
use crate::error::Reason;
use crate::protocol::Withdrawal;
use crate::services::events;
use crate::{App, Error};

/// Asks `user` to join, unless they have blocked who asks; asking twice, or somebody who is in the room, changes nothing.
pub async fn invite(
    app: &App,
    actor: impl Into<Actor>,
    id_or_name: &str,
    user: &UserId,
) -> Result<(), Error> {
    let actor = actor.into();
    let room = permitted(app, &actor, id_or_name, Action::Invite).await?.room;
    let actor = &actor.user;
    admit(app, &room, actor)?;
    // Whoever makes ever new rooms does not get round that.
    app.count_notice(format!("invite {actor} {user}"), "invitations to one person in one minute")?;
    if app.store.inbox(user).await?.blocked.contains_key(actor) {
        return Err(Error::Forbidden(Reason::Blocked));
    }
    let decision = Decision { by: actor.clone(), at: app.clock.now() };
    for _ in 0..ATTEMPTS {
        let seen = app.store.user_in_room(room.id, user).await?;
        if seen.non_member.ban.is_some() {
            return Err(Error::Conflict("they are banned"));
        }
        let asked = seen.member.is_some() || seen.non_member.invitation.is_some();
        if asked {
            return Ok(());
        }
        if app.store.invite(&seen, &decision).await? {
            events::show_invitation(app, &seen.room, actor, user).await;
            return Ok(());
        }
    }
    Err(check_room_limit("invite somebody"))
}

/// Takes an invitation back; nothing to do if there is none.
pub async fn withdraw(
    app: &App,
    actor: &Actor,
    id_or_name: &str,
    user: &UserId,
) -> Result<(), Error> {
    let room = permitted(app, actor, id_or_name, Action::Invite).await?.room;
    admit(app, &room, &actor.user)?;
    let seen = app.store.user_in_room(room.id, user).await?;
    if seen.non_member.invitation.is_some() {
        app.store.end_invitation(&seen).await?;
        withdrawn(app, &room, user, Withdrawal::Withdrawn).await;
    }
    Ok(())
}

/// Tells somebody that an invitation of theirs has ended.
async fn withdrawn(app: &App, room: &Room, user: &UserId, reason: Withdrawal) {
    events::show_withdrawal(app, room, std::slice::from_ref(user), reason).await;
}

/// Turns an invitation down. The last one to a private room that everybody has left ends the room.
pub async fn decline(app: &App, user: &UserId, id_or_name: &str) -> Result<(), Error> {
    let seen = permitted(app, user, id_or_name, Action::Decline).await?;
    app.store.end_invitation(&seen).await?;
    withdrawn(app, &seen.room, user, Withdrawal::Declined).await;
    if seen.room.members == 0 {
        end_if_abandoned(app, &seen.room, user).await?;
    }
    Ok(())
}
