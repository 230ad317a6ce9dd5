//! Whoever has a role keeps order: kicks, bans and mutes.

use futures::try_join;

use super::notices::{admit, announce, show_removal};
use super::{ATTEMPTS, check_room_limit, permitted};
use crate::domain::permissions::{self, Action};
use crate::domain::{Decision, Member, Mute, Notice, Role, Room, UserId, UserInRoom};
use crate::protocol::{Removal, Withdrawal};
use crate::services::events;
use crate::store::{Departure, Removed};
use crate::{App, Error, security_log};

/// Puts a member out of the room; they may come again.
pub async fn kick(app: &App, actor: &UserId, id_or_name: &str, user: &UserId) -> Result<(), Error> {
    let actor = permitted(app, actor, id_or_name, Action::Kick).await?;
    admit(app, &actor.room, &actor.user)?;
    for _ in 0..ATTEMPTS {
        let member = app.store.member(actor.room.id, user).await?;
        let member = check_below(&actor, member)?.ok_or(Error::NotFound("member"))?;
        match app.store.remove_member(actor.room.id, &member, &Departure::Out).await? {
            Removed::Yes => return announce_removal(app, &actor, user, Removal::Kicked).await,
            Removed::Stale | Removed::LastOwner => {}
        }
    }
    Err(check_room_limit("put somebody out"))
}

/// Puts somebody out of the room if they are in it, and lets them in no more.
pub async fn ban(app: &App, actor: &UserId, id_or_name: &str, user: &UserId) -> Result<(), Error> {
    let actor = permitted(app, actor, id_or_name, Action::Ban).await?;
    admit(app, &actor.room, &actor.user)?;
    let room = &actor.room;
    let decision = Decision { by: actor.user.clone(), at: app.clock.now() };
    for _ in 0..ATTEMPTS {
        let seen = app.store.user_in_room(room.id, user).await?;
        if let Some(member) = check_below(&actor, seen.member.clone())? {
            let departure = Departure::Banned(decision.clone());
            if app.store.remove_member(room.id, &member, &departure).await? == Removed::Yes {
                security_log::banned(room.id, &actor.user, user);
                return announce_removal(app, &actor, user, Removal::Banned).await;
            }
        } else if seen.non_member.ban.is_some() {
            return Ok(());
        } else if app.store.ban_non_member(&seen, &decision).await? {
            security_log::banned(room.id, &actor.user, user);
            if seen.non_member.invitation.is_some() {
                let invited = std::slice::from_ref(user);
                events::show_withdrawal(app, room, invited, Withdrawal::Withdrawn).await;
            }
            return announce(app, room, &actor.user, Notice::Banned(user.clone())).await;
        }
    }
    Err(check_room_limit("ban somebody"))
}

/// Lets somebody join again; nothing to do if they are not banned.
pub async fn unban(
    app: &App,
    actor: &UserId,
    id_or_name: &str,
    user: &UserId,
) -> Result<(), Error> {
    let room = permitted(app, actor, id_or_name, Action::Ban).await?.room;
    admit(app, &room, actor)?;
    let seen = app.store.user_in_room(room.id, user).await?;
    if seen.non_member.ban.is_some() && app.store.unban(&seen).await? {
        announce(app, &room, actor, Notice::Unbanned(user.clone())).await?;
    }
    Ok(())
}

/// Lets a member hear and not speak.
pub async fn mute(
    app: &App,
    actor: &UserId,
    id_or_name: &str,
    user: &UserId,
    mute: Mute,
) -> Result<(), Error> {
    let actor = permitted(app, actor, id_or_name, Action::Mute).await?;
    admit(app, &actor.room, &actor.user)?;
    for _ in 0..ATTEMPTS {
        let member = app.store.member(actor.room.id, user).await?;
        let member = check_below(&actor, member)?.ok_or(Error::NotFound("member"))?;
        if member.mute == Some(mute) {
            return Ok(());
        }
        if app.store.set_mute(actor.room.id, &member, Some(mute)).await? {
            return announce(app, &actor.room, &actor.user, Notice::Muted(user.clone())).await;
        }
    }
    Err(check_room_limit("mute somebody"))
}

/// Lets a member speak again, also one who left meanwhile; nothing to do if they are not muted.
pub async fn unmute(
    app: &App,
    actor: &UserId,
    id_or_name: &str,
    user: &UserId,
) -> Result<(), Error> {
    let actor = permitted(app, actor, id_or_name, Action::Mute).await?;
    admit(app, &actor.room, &actor.user)?;
    let room: &Room = &actor.room;
    for _ in 0..ATTEMPTS {
        let seen = app.store.user_in_room(room.id, user).await?;
        let Some(member) = check_below(&actor, seen.member.clone())? else {
            if seen.non_member.mute.is_some() {
                app.store.unmute_non_member(&seen).await?;
            }
            return Ok(());
        };
        if member.mute.is_none() {
            return Ok(());
        }
        if app.store.set_mute(room.id, &member, None).await? {
            return announce(app, room, &actor.user, Notice::Unmuted(user.clone())).await;
        }
    }
    Err(check_room_limit("end a mute"))
}

/// The member, if there is one, whom the actor outranks.
fn check_below(actor: &UserInRoom, member: Option<Member>) -> Result<Option<Member>, Error> {
    let role = actor.member.as_ref().map_or(Role::Member, |member| member.role);
    if let Some(member) = &member {
        permissions::check_outranks(role, member.role)?;
    }
    Ok(member)
}

/// Tells the room and whoever was put out of it.
async fn announce_removal(
    app: &App,
    actor: &UserInRoom,
    user: &UserId,
    removal: Removal,
) -> Result<(), Error> {
    let notice = match removal {
        Removal::Banned => Notice::Banned(user.clone()),
        Removal::Kicked | Removal::Deleted => Notice::Kicked(user.clone()),
    };
    let told = announce(app, &actor.room, &actor.user, notice);
    try_join!(told, show_removal(app, &actor.room, user, removal)).map(drop)
}
