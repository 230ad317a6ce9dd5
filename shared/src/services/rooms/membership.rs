//! People come and go, and get roles.

use super::notices::{admit, announce, count, is_counted, tell_turnover};
use super::{ATTEMPTS, check_room_limit, end_if_abandoned, limits, newest, permitted};
use crate::domain::permissions::Action;
use crate::domain::{
    Actor, ConversationId, Leaving, Notice, PageSize, Role, Room, RoomHistory, RoomId, Seq, UserId,
};
use crate::error::Reason;
use crate::store::{Departure, Entered, Removed};
use crate::{App, Error, security_log};

/// Puts `actor` into the room; joining twice changes nothing.
pub async fn join(app: &App, actor: impl Into<Actor>, id_or_name: &str) -> Result<Room, Error> {
    let actor = actor.into();
    let user = &actor.user;
    let (mut room, mut admitted) = (id_or_name.to_owned(), false);
    for _ in 0..ATTEMPTS {
        let mut seen = permitted(app, &actor, &room, Action::Join).await?;
        room = seen.room.id.to_string();
        if seen.member.is_some() {
            return Ok(seen.room);
        }
        if seen.non_member.ban.is_some() {
            // Of somebody who may come without being asked, and can end the ban.
            return Err(Error::Forbidden(Reason::Banned));
        }
        let most = u64::try_from(app.config.max_members_per_room).unwrap_or(u64::MAX);
        if seen.room.members >= most {
            return Err(Error::Conflict("the room is full"));
        }
        if !admitted {
            admit(app, &seen.room, user)?;
            admitted = true;
        }
        let reads_from = reads_from(app, &seen.room).await?;
        let (counted, now) = (is_counted(app, &seen.room), app.clock.now());
        match app.store.add_member(&seen, reads_from, (counted, now), limits(app)).await? {
            Entered::Yes => {
                seen.room.members += 1;
                if counted {
                    tell_turnover(app, &seen.room, user, Notice::Joined).await?;
                } else {
                    announce(app, &seen.room, user, Notice::Joined).await?;
                }
                return Ok(seen.room);
            }
            Entered::TooManyRooms => return Err(Error::Conflict("you are in too many rooms")),
            Entered::Stale => {}
        }
    }
    Err(check_room_limit("join a room"))
}

/// The first message that somebody may read who joins now, unless they may read all of them.
async fn reads_from(app: &App, room: &Room) -> Result<Option<Seq>, Error> {
    Ok(match room.history {
        RoomHistory::Everything => room.hidden.map(|hidden| hidden + 1),
        RoomHistory::SinceJoining => newest(app, room).await?.map(|newest| newest + 1),
    })
}

/// Takes `user` out of the room; leaving a room one is not in changes nothing. A private room to which
/// nobody is invited ends with its last member.
pub async fn leave(app: &App, user: &UserId, id_or_name: &str) -> Result<Room, Error> {
    leave_because(app, user, id_or_name, None).await
}

async fn leave_because(
    app: &App,
    user: &UserId,
    id_or_name: &str,
    reason: Option<Leaving>,
) -> Result<Room, Error> {
    let mut room = id_or_name.to_owned();
    for _ in 0..ATTEMPTS {
        let seen = permitted(app, user, &room, Action::Leave).await?;
        room = seen.room.id.to_string();
        let Some(member) = seen.member else { return Ok(seen.room) };
        let counted = is_counted(app, &seen.room);
        let departure = if counted { Departure::Counted } else { Departure::Out };
        match app.store.remove_member(seen.room.id, &member, &departure).await? {
            Removed::Yes => {
                if seen.room.members <= 1 && end_if_abandoned(app, &seen.room, user).await? {
                    return Ok(seen.room);
                }
                count(app, &seen.room, user);
                if counted {
                    tell_turnover(app, &seen.room, user, Notice::Left(reason)).await?;
                } else {
                    announce(app, &seen.room, user, Notice::Left(reason)).await?;
                }
                return Ok(seen.room);
            }
            Removed::LastOwner => return Err(last_owner()),
            Removed::Stale => {}
        }
    }
    Err(check_room_limit("leave a room"))
}

/// Takes `user`, whose account is being deleted, out of every room; a room that would have no owner gets another.
pub async fn leave_all(app: &App, user: &UserId) -> Result<(), Error> {
    let mut after = None;
    loop {
        let listed = app.store.memberships(user, after.as_ref(), PageSize::MAX).await?;
        for membership in &listed.items {
            if let ConversationId::Room(room) = membership.conversation {
                leave_for_good(app, user, room).await?;
            }
        }
        after = listed.items.into_iter().last().map(|membership| membership.conversation);
        if listed.next.is_none() || after.is_none() {
            return Ok(());
        }
    }
}

async fn leave_for_good(app: &App, user: &UserId, room: RoomId) -> Result<(), Error> {
    for _ in 0..ATTEMPTS {
        match leave_because(app, user, &room.to_string(), Some(Leaving::Deleted)).await {
            Ok(_) | Err(Error::NotFound(_)) => return Ok(()),
            // The last owner, among others.
            Err(Error::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
        let others = app.store.members(room, None, None).await?.items;
        let mut others: Vec<_> = others.into_iter().filter(|it| it.user != *user).collect();
        // A moderator before others, who has been there for longest before others.
        others.sort_by_key(|member| (member.role != Role::Moderator, member.joined_at));
        if let Some(heir) = others.first() {
            match pass_ownership(app, user, room, &heir.user).await {
                // The heir has left meanwhile, too.
                Ok(()) | Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Err(check_room_limit("leave a room for good"))
}

/// Makes `heir` an owner; whoever goes for good is never told that this was too often.
async fn pass_ownership(
    app: &App,
    user: &UserId,
    room: RoomId,
    heir: &UserId,
) -> Result<(), Error> {
    let room = permitted(app, user, &room.to_string(), Action::Appoint).await?.room;
    count(app, &room, user);
    give_role(app, &room, user, heir, Role::Owner).await
}

/// Gives a member another role.
pub async fn set_role(
    app: &App,
    actor: &Actor,
    id_or_name: &str,
    user: &UserId,
    role: Role,
) -> Result<(), Error> {
    let room = permitted(app, actor, id_or_name, Action::Appoint).await?.room;
    admit(app, &room, &actor.user)?;
    give_role(app, &room, &actor.user, user, role).await
}

async fn give_role(
    app: &App,
    room: &Room,
    actor: &UserId,
    user: &UserId,
    role: Role,
) -> Result<(), Error> {
    for _ in 0..ATTEMPTS {
        let member = app.store.member(room.id, user).await?;
        let member = member.ok_or(Error::NotFound("member"))?;
        if member.role == role {
            return Ok(());
        }
        match app.store.set_role(room.id, &member, role).await? {
            Removed::Yes => {
                security_log::role_changed(room.id, actor, user, role);
                return announce(app, room, actor, Notice::Appointed(user.clone(), role)).await;
            }
            Removed::LastOwner => return Err(last_owner()),
            Removed::Stale => {}
        }
    }
    Err(check_room_limit("give somebody a role"))
}

fn last_owner() -> Error {
    Error::Conflict("you are the last owner: make somebody else owner first")
}
