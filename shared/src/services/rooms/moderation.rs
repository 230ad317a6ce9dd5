//! Whoever has a role keeps order: kicks, bans and mutes.

use futures::try_join;

use super::notices::{admit, announce, show_removal};
use super::{ATTEMPTS, check_room_limit, permitted};
use crate::domain::permissions::{self, Action};
use crate::domain::{Actor, Decision, Member, Mute, Notice, Role, Room, UserId};
use crate::protocol::{Removal, Withdrawal};
use crate::services::events;
use crate::store::{Departure, Removed};
use crate::{App, Error, security_log};

/// Puts a member out of the room; they may come again.
pub async fn kick(app: &App, actor: &Actor, id_or_name: &str, user: &UserId) -> Result<(), Error> {
    let Acting { room, actor, role } = acting(app, actor, id_or_name, Action::Kick).await?;
    let room = &room;
    for _ in 0..ATTEMPTS {
        let member = app.store.member(room.id, user).await?;
        let member = check_below(role, member)?.ok_or(Error::NotFound("member"))?;
        match app.store.remove_member(room.id, &member, &Departure::Out).await? {
            Removed::Yes => {
                return announce_removal(app, (room, &actor), user, Removal::Kicked).await;
            }
            Removed::Stale | Removed::LastOwner => {}
        }
    }
    Err(check_room_limit("put somebody out"))
}

/// Puts somebody out of the room if they are in it, and lets them in no more.
pub async fn ban(app: &App, actor: &Actor, id_or_name: &str, user: &UserId) -> Result<(), Error> {
    let Acting { room, actor, role } = acting(app, actor, id_or_name, Action::Ban).await?;
    let room = &room;
    let decision = Decision { by: actor.clone(), at: app.clock.now() };
    for _ in 0..ATTEMPTS {
        let seen = app.store.user_in_room(room.id, user).await?;
        if let Some(member) = check_below(role, seen.member.clone())? {
            let departure = Departure::Banned(decision.clone());
            if app.store.remove_member(room.id, &member, &departure).await? == Removed::Yes {
                security_log::banned(room.id, &actor, user);
                return announce_removal(app, (room, &actor), user, Removal::Banned).await;
            }
        } else if seen.non_member.ban.is_some() {
            return Ok(());
        } else if app.store.ban_non_member(&seen, &decision).await? {
            security_log::banned(room.id, &actor, user);
            if seen.non_member.invitation.is_some() {
                let invited = std::slice::from_ref(user);
                events::show_withdrawal(app, room, invited, Withdrawal::Withdrawn).await;
            }
            return announce(app, room, &actor, Notice::Banned(user.clone())).await;
        }
    }
    Err(check_room_limit("ban somebody"))
}

/// Lets somebody join again; nothing to do if they are not banned.
pub async fn unban(app: &App, actor: &Actor, id_or_name: &str, user: &UserId) -> Result<(), Error> {
    let Acting { room, actor, .. } = acting(app, actor, id_or_name, Action::Ban).await?;
    let seen = app.store.user_in_room(room.id, user).await?;
    if seen.non_member.ban.is_some() && app.store.unban(&seen).await? {
        announce(app, &room, &actor, Notice::Unbanned(user.clone())).await?;
    }
    Ok(())
}

/// Lets a member hear and not speak.
pub async fn mute(
    app: &App,
    actor: &Actor,
    id_or_name: &str,
    user: &UserId,
    mute: Mute,
) -> Result<(), Error> {
    let Acting { room, actor, role } = acting(app, actor, id_or_name, Action::Mute).await?;
    let room = &room;
    for _ in 0..ATTEMPTS {
        let member = app.store.member(room.id, user).await?;
        let member = check_below(role, member)?.ok_or(Error::NotFound("member"))?;
        if member.mute == Some(mute) {
            return Ok(());
        }
        if app.store.set_mute(room.id, &member, Some(mute)).await? {
            return announce(app, room, &actor, Notice::Muted(user.clone())).await;
        }
    }
    Err(check_room_limit("mute somebody"))
}

/// Lets a member speak again, also one who left meanwhile; nothing to do if they are not muted.
pub async fn unmute(
    app: &App,
    actor: &Actor,
    id_or_name: &str,
    user: &UserId,
) -> Result<(), Error> {
    let Acting { room, actor, role } = acting(app, actor, id_or_name, Action::Mute).await?;
    let room = &room;
    for _ in 0..ATTEMPTS {
        let seen = app.store.user_in_room(room.id, user).await?;
        let Some(member) = check_below(role, seen.member.clone())? else {
            if seen.non_member.mute.is_some() {
                app.store.unmute_non_member(&seen).await?;
            }
            return Ok(());
        };
        if member.mute.is_none() {
            return Ok(());
        }
        if app.store.set_mute(room.id, &member, None).await? {
            return announce(app, room, &actor, Notice::Unmuted(user.clone())).await;
        }
    }
    Err(check_room_limit("end a mute"))
}

/// Somebody who keeps order in a room.
struct Acting {
    room: Room,
    actor: UserId,
    /// Whom they outrank.
    role: Role,
}

/// Whoever may do that in the room of this id or name; counted, because the room will hear of it.
async fn acting(
    app: &App,
    actor: &Actor,
    id_or_name: &str,
    action: Action,
) -> Result<Acting, Error> {
    let relation = permitted(app, actor, id_or_name, action).await?;
    admit(app, &relation.room, &actor.user)?;
    let role = actor.role(&relation);
    Ok(Acting { room: relation.room, actor: relation.user, role })
}

/// The member, if there is one, whom somebody of this role outranks.
fn check_below(role: Role, member: Option<Member>) -> Result<Option<Member>, Error> {
    if let Some(member) = &member {
        permissions::check_outranks(role, member.role)?;
    }
    Ok(member)
}

/// Tells the room and whoever was put out of it.
async fn announce_removal(
    app: &App,
    (room, actor): (&Room, &UserId),
    user: &UserId,
    removal: Removal,
) -> Result<(), Error> {
    let notice = match removal {
        Removal::Banned => Notice::Banned(user.clone()),
        Removal::Kicked | Removal::Deleted => Notice::Kicked(user.clone()),
    };
    let told = announce(app, room, actor, notice);
    try_join!(told, show_removal(app, room, user, removal)).map(drop)
}
