//! People make, join and leave rooms, keep order there, and the room hears of it.

mod invitations;
mod membership;
mod moderation;
mod notices;

use serde_json::{Map, Value};

use crate::domain::permissions::{self, Action};
use crate::domain::{
    Access, Actor, Notice, PageSize, Range, Room, RoomHistory, RoomId, RoomName, Seq, UserId,
    UserInRoom,
};
use crate::protocol::{Removal, Withdrawal};
use crate::services::events;
use crate::services::messages::{forget_archived, read};
use crate::store::{Change, Changed, Departure, ListPage, RoomLimits};
use crate::{App, Error, security_log};

pub use invitations::{decline, invite, withdraw};
pub use membership::{join, leave, leave_all, set_role};
pub use moderation::{ban, kick, mute, unban, unmute};

pub use notices::left;

use notices::{admit, announce};

/// How often something is tried again because the table was not as it had been read.
const ATTEMPTS: usize = 10;

/// What somebody wants a new room to be.
#[derive(Debug)]
pub struct NewRoom {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub topic: Option<String>,
    /// Whatever is to be kept with it.
    pub metadata: Option<Map<String, Value>>,
    /// Who may find and join it.
    pub access: Access,
    /// What people who join may read of what was said before.
    pub history: RoomHistory,
    /// How many days what is said in it is kept; `None` for as long as everybody's.
    pub retention_days: Option<u32>,
}

/// Makes a room with its creator in it; making it twice is making it once.
pub async fn create(app: &App, creator: &UserId, new: NewRoom) -> Result<Room, Error> {
    Room::check(new.topic.as_deref(), new.metadata.as_ref())?;
    Room::check_retention(new.retention_days, app.config.retention)?;
    let room = Room {
        id: RoomId::fresh(),
        name: RoomName::parse(&new.name)?,
        topic: new.topic,
        metadata: new.metadata,
        access: new.access,
        history: new.history,
        hidden: None,
        retention_days: new.retention_days,
        creator: creator.clone(),
        created_at: app.clock.now(),
        members: 1,
        told_at: None,
    };
    let made = app.store.create_room(&room, limits(app)).await;
    if matches!(made, Err(Error::Conflict(_)))
        && let Some(earlier) = made_before(app, &room).await?
    {
        return Ok(earlier);
    }
    made?;
    announce(app, &room, creator, Notice::Joined).await?;
    Ok(room)
}

/// The room that the same request made before, if its answer was lost: of the same creator, who is in
/// it, and alike. If that request got no further than the room, the rest is made up for.
async fn made_before(app: &App, room: &Room) -> Result<Option<Room>, Error> {
    let earlier = match app.store.find_room(room.name.as_str()).await {
        Err(Error::NotFound(_)) => return Ok(None),
        earlier => earlier?,
    };
    // However the name is spelled now, but not if it only looks like it.
    let same = Room { name: room.name.clone(), ..earlier.clone() };
    let alike = earlier.name.folded() == room.name.folded()
        && earlier.creator == room.creator
        && same.looks_like(room);
    if !alike || app.store.member(earlier.id, &room.creator).await?.is_none() {
        return Ok(None);
    }
    let log = app.store.page(&earlier.conversation(), Range::default(), 1, None).await?;
    if log.messages.is_empty() {
        announce(app, &earlier, &room.creator, Notice::Joined).await?;
    }
    Ok(Some(earlier))
}

/// The room of this id or name and what `actor` is to it, if that lets them do `action`, or they may it
/// anyhow.
pub async fn permitted(
    app: &App,
    actor: impl Into<Actor>,
    id_or_name: &str,
    action: Action,
) -> Result<UserInRoom, Error> {
    let actor = actor.into();
    let id = app.store.find_room_id(id_or_name).await?;
    let relation = app.store.user_in_room(id, &actor.user).await?;
    permissions::check(action, actor.relationship(&relation, app.clock.now()))?;
    Ok(relation)
}

/// The room of this id or name, for whoever may find it; nobody in particular may find public ones.
pub async fn find(app: &App, actor: Option<&Actor>, id_or_name: &str) -> Result<Room, Error> {
    if let Some(actor) = actor {
        return Ok(permitted(app, actor, id_or_name, Action::Find).await?.room);
    }
    let room = app.store.find_room(id_or_name).await?;
    match room.access {
        Access::Public => Ok(room),
        Access::Private => Err(Error::NotFound("room")),
    }
}

/// Rooms by name, the first of them `after` one: all public ones, and the private ones that `user` is
/// in.
pub async fn list(
    app: &App,
    user: Option<&UserId>,
    after: Option<&str>,
    limit: usize,
) -> Result<ListPage<Room>, Error> {
    let mut rooms = app.store.rooms(after, limit).await?;
    // The index may lag behind.
    rooms.items.retain(|room| room.access == Access::Public);
    if let Some(user) = user {
        let after = after.unwrap_or_default();
        let own = app.store.rooms_with(user).await?.into_iter();
        // Those behind what was read of the others belong on a later page.
        let here = |name: String| {
            name.as_str() > after && rooms.next.as_ref().is_none_or(|it| name <= *it)
        };
        let own = own.filter(|it| it.access == Access::Private && here(it.name.folded()));
        rooms.items.extend(own);
        rooms.items.sort_by_key(|room| room.name.folded());
    }
    if rooms.items.len() > limit {
        rooms.items.truncate(limit);
        rooms.next = rooms.items.last().map(|room| room.name.folded());
    }
    Ok(rooms)
}

/// Changes what the room is, and shows that to its members.
pub async fn change(
    app: &App,
    actor: &Actor,
    id_or_name: &str,
    change: &Change,
) -> Result<Room, Error> {
    let user = &actor.user;
    let (topic, metadata) = (change.topic.as_ref(), change.metadata.as_ref());
    Room::check(topic.and_then(Option::as_deref), metadata.and_then(Option::as_ref))?;
    Room::check_retention(change.retention_days.flatten(), app.config.retention)?;
    let (id, mut admitted) = (app.store.find_room_id(id_or_name).await?, false);
    for _ in 0..ATTEMPTS {
        let before = permitted(app, actor, &id.to_string(), Action::Change).await?.room;
        if !admitted {
            admit(app, &before, user)?;
            admitted = true;
        }
        let newest =
            if change.hides_the_past(&before) { newest(app, &before).await? } else { None };
        match app.store.change_room(&before, change, newest).await? {
            Changed::Yes => {
                let after = app.store.room(id).await?.ok_or(Error::NotFound("room"))?;
                if !after.looks_like(&before) {
                    events::show_room(app, &after, user).await;
                }
                return Ok(after);
            }
            Changed::NameTaken => {
                return Err(Error::Conflict("there is a room of this name already"));
            }
            Changed::Stale => {}
        }
    }
    Err(check_room_limit("change a room"))
}

/// The room's last message, also one that has expired.
async fn newest(app: &App, room: &Room) -> Result<Option<Seq>, Error> {
    let log = app.store.page(&room.conversation(), Range::default(), 1, None).await?;
    Ok(log.messages.last().map(|newest| newest.seq))
}

/// Deletes the room and all that was said in it; then its name is free.
///
/// A deletion that was interrupted goes on when whoever began it asks again.
pub async fn delete(app: &App, actor: &Actor, id_or_name: &str) -> Result<(), Error> {
    let user = &actor.user;
    let id = app.store.find_room_id(id_or_name).await?;
    let room = match permitted(app, actor, &id.to_string(), Action::Delete).await {
        Ok(relation) => relation.room,
        Err(Error::NotFound(what)) => {
            app.store.rest_of_room(id, user).await?.ok_or(Error::NotFound(what))?
        }
        Err(error) => return Err(error),
    };
    app.store.close_room(id, user).await?;
    let left = left(&room, Some(Removal::Deleted)).encode();
    loop {
        let members = app.store.members(id, None, Some(PageSize::MAX)).await?;
        for member in &members.items {
            app.store.remove_member(id, member, &Departure::Closing).await?;
        }
        let people: Vec<_> = members.items.into_iter().map(|member| member.user).collect();
        events::show(app, &people, &left).await;
        if members.next.is_none() {
            break;
        }
    }
    let invited = erase(app, &room).await?;
    security_log::room_deleted(room.id, user);
    events::show_withdrawal(app, &room, &invited, Withdrawal::Deleted).await;
    Ok(())
}

/// Ends a private room that nobody is in and nobody may enter: nobody could find it any more, nor have
/// its name. True if it has ended; `by` is the last who could have come.
async fn end_if_abandoned(app: &App, room: &Room, by: &UserId) -> Result<bool, Error> {
    let is_abandoned = room.access == Access::Private
        && !app.store.has_invitations(room.id).await?
        && app.store.close_empty_room(room.id, by).await?;
    if is_abandoned {
        erase(app, room).await?;
        security_log::room_deleted(room.id, by);
    }
    Ok(is_abandoned)
}

/// Removes all that is kept of a room that is closed; who was invited to it.
async fn erase(app: &App, room: &Room) -> Result<Vec<UserId>, Error> {
    // While the room can still be found, so that this goes on if it is interrupted.
    forget_archived(app, &room.conversation()).await?;
    app.store.erase(room).await
}

/// The room's last messages, for `user` who has just joined.
pub async fn recent(app: &App, room: &Room, user: &UserId) -> Result<crate::domain::Page, Error> {
    let (conversation, limit) = (room.conversation(), PageSize::DEFAULT.get());
    read::page(app, user, &conversation, Range::default(), limit, Action::Read).await
}

fn limits(app: &App) -> RoomLimits {
    RoomLimits {
        rooms_per_user: app.config.max_rooms_per_user,
        members_per_room: app.config.max_members_per_room,
    }
}

/// What to say when the table kept changing.
fn check_room_limit(action: &'static str) -> Error {
    Error::Storage { action, source: "others kept changing it at the same time".into() }
}
