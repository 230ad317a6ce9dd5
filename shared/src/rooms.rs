//! People make, join and leave rooms, and the room hears of it.

use serde_json::{Map, Value};

use crate::chat::{
    Content, ConversationId, Kind, MessageId, PageSize, Range, Room, RoomId, RoomName, UserId,
};
use crate::delivery::deliver;
use crate::speaking::{recipients, require_part};
use crate::store::{Appended, Draft, RoomLimits};
use crate::{App, Error};

/// What somebody wants a new room to be.
#[derive(Debug)]
pub struct NewRoom {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub topic: Option<String>,
    /// Whatever is to be kept with it.
    pub metadata: Option<Map<String, Value>>,
}

/// Makes a room with its creator in it; making it twice is making it once.
pub async fn create(app: &App, creator: &UserId, new: NewRoom) -> Result<Room, Error> {
    Room::check(new.topic.as_deref(), new.metadata.as_ref())?;
    let room = Room {
        id: RoomId::fresh(),
        name: RoomName::parse(&new.name)?,
        topic: new.topic,
        metadata: new.metadata,
        creator: creator.clone(),
        created_at: app.clock.now(),
        members: 1,
    };
    let made = app.store.create_room(&room, limits(app)).await;
    if matches!(made, Err(Error::Conflict(_)))
        && let Some(earlier) = made_before(app, &room).await?
    {
        return Ok(earlier);
    }
    made?;
    announce(app, &room, creator, Kind::Joined).await?;
    Ok(room)
}

/// The room that the same request made before, if its answer was lost: of the same creator, who is in
/// it, and alike. If that request got no further than the room, the rest is made up for.
async fn made_before(app: &App, room: &Room) -> Result<Option<Room>, Error> {
    let earlier = match app.store.find_room(room.name.as_str()).await {
        Err(Error::NotFound(_)) => return Ok(None),
        earlier => earlier?,
    };
    let alike = earlier.creator == room.creator
        && earlier.topic == room.topic
        && earlier.metadata == room.metadata;
    if !alike || app.store.member(earlier.id, &room.creator).await?.is_none() {
        return Ok(None);
    }
    let log = app.store.page(&earlier.conversation(), Range::default(), 1, None).await?;
    if log.messages.is_empty() {
        announce(app, &earlier, &room.creator, Kind::Joined).await?;
    }
    Ok(Some(earlier))
}

/// Puts `user` into the room; joining twice changes nothing.
pub async fn join(app: &App, user: &UserId, id_or_name: &str) -> Result<Room, Error> {
    let mut room = app.store.find_room(id_or_name).await?;
    if app.store.add_member(room.id, user, app.clock.now(), limits(app)).await? {
        room.members += 1;
        announce(app, &room, user, Kind::Joined).await?;
    }
    Ok(room)
}

/// Takes `user` out of the room; leaving a room one is not in changes nothing.
pub async fn leave(app: &App, user: &UserId, id_or_name: &str) -> Result<Room, Error> {
    let room = app.store.find_room(id_or_name).await?;
    if app.store.remove_member(room.id, user).await? {
        announce(app, &room, user, Kind::Left).await?;
    }
    Ok(room)
}

/// Takes `user` out of every room.
pub async fn leave_all(app: &App, user: &UserId) -> Result<(), Error> {
    let mut after = None;
    loop {
        let listed = app.store.listings(user, after.as_ref(), PageSize::MAX).await?;
        for listing in &listed.items {
            if let ConversationId::Room(room) = listing.conversation {
                match leave(app, user, &room.to_string()).await {
                    Ok(_) | Err(Error::NotFound(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        after = listed.items.into_iter().last().map(|listing| listing.conversation);
        if listed.next.is_none() || after.is_none() {
            return Ok(());
        }
    }
}

/// Deletes the room and all that was said in it; only its creator may. Its name is free at once.
///
/// A deletion that was interrupted goes on when it is asked for again, by the room's id.
pub async fn delete(app: &App, user: &UserId, id_or_name: &str) -> Result<(), Error> {
    let id = app.store.find_room_id(id_or_name).await?;
    let room = app.store.room_or_rest(id).await?.ok_or(Error::NotFound("room"))?;
    if room.creator != *user {
        return Err(Error::Forbidden);
    }
    app.store.close_room(&room).await?;
    loop {
        let members = app.store.members(id, None, Some(PageSize::MAX)).await?;
        for member in &members.items {
            app.store.remove_member(id, &member.user).await?;
        }
        if members.next.is_none() {
            break;
        }
    }
    app.store.erase(&room.conversation()).await
}

/// The room's last messages, for `user` who has just joined.
pub async fn recent(app: &App, room: &Room, user: &UserId) -> Result<crate::chat::Page, Error> {
    let (conversation, limit) = (room.conversation(), PageSize::DEFAULT.get());
    let now = app.clock.now();
    let page = app.store.page(&conversation, Range::default(), limit, Some(now)).await?;
    // Looked up after the page: whoever has left meanwhile is not shown what was said since.
    require_part(app, user, &conversation).await?;
    Ok(page)
}

/// Leaves a notice in the room's log and hands it over like anything that is said.
async fn announce(app: &App, room: &Room, user: &UserId, kind: Kind) -> Result<(), Error> {
    let conversation = room.conversation();
    let words = if kind == Kind::Left { "left" } else { "joined" };
    let draft = Draft {
        id: Some(MessageId::fresh(app.clock.now())),
        kind,
        from: user.clone(),
        content: Content::stored(format!("{user} {words}")),
    };
    let permission = || std::future::ready(Ok(()));
    let rules = app.config.rules();
    let appended = app.store.append(&conversation, &draft, permission, app.clock.now(), rules);
    let (Appended::Stored(message) | Appended::Repeat(message)) = appended.await?;
    let inboxes = recipients(app, &conversation).await?;
    deliver(app, &message, inboxes, None).await?;
    if kind == Kind::Joined {
        // What was said before one came is not unread. Last, so that the room hears of it anyhow.
        app.store.mark_read(user, &conversation, message.seq).await?;
    }
    Ok(())
}

fn limits(app: &App) -> RoomLimits {
    RoomLimits {
        rooms_per_user: app.config.max_rooms_per_user,
        members_per_room: app.config.max_members_per_room,
    }
}
