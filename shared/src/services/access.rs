//! Who may say, read and hear what.

use std::collections::BTreeMap;

use futures::try_join;

use super::directory;
use super::own_inbox::OwnInbox;
use crate::config::Broadcasters;
use crate::domain::permissions::{self, Action, Relationship};
use crate::domain::{Account, Actor, ConversationId, Member, RoomId, Seq, UserId, Username};
use crate::error::Reason;
use crate::store::Inbox;
use crate::{App, Error};

/// What `actor` is to a conversation, whatever the two of a direct one think of each other, and the first
/// message there that is for them; in a room a member costs one read, anybody else one more.
pub async fn relationship(
    app: &App,
    actor: impl Into<Actor>,
    conversation: &ConversationId,
) -> Result<(Relationship, Seq), Error> {
    let actor = actor.into();
    let user = &actor.user;
    let relationship = match conversation {
        ConversationId::Lobby => Relationship::Peer,
        ConversationId::Direct(first, second) if user == first || user == second => {
            Relationship::Peer
        }
        ConversationId::Direct(..) => Relationship::NonParticipant,
        ConversationId::Room(room) if actor.is_as_owner() => {
            let relation = app.store.user_in_room(*room, user).await?;
            actor.relationship(&relation, app.clock.now())
        }
        ConversationId::Room(room) => {
            let member = app.store.member(*room, user).await?;
            return relationship_to_room(app, user, *room, member).await;
        }
    };
    Ok((relationship, 0))
}

/// The same of a room, of which `user` may be a `member`.
async fn relationship_to_room(
    app: &App,
    user: &UserId,
    room: RoomId,
    member: Option<Member>,
) -> Result<(Relationship, Seq), Error> {
    let now = app.clock.now();
    if let Some(member) = member {
        return Ok((member.relationship(now), member.reads_from.unwrap_or(0)));
    }
    Ok((app.store.user_in_room(room, user).await?.relationship(now), 0))
}

/// The first message that `user` hears of a conversation, if any; nobody hears what is not theirs.
pub async fn can_receive(
    app: &App,
    user: &UserId,
    conversation: &ConversationId,
) -> Result<Option<Seq>, Error> {
    match relationship(app, user, conversation).await {
        Ok((relationship, first)) => {
            Ok(permissions::allows(Action::Hear, relationship).then_some(first))
        }
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The first message of a conversation that `actor` may read; refused if they may not do `action` there.
pub async fn reads_from(
    app: &App,
    actor: impl Into<Actor>,
    conversation: &ConversationId,
    action: Action,
) -> Result<Seq, Error> {
    let (relationship, first) = relationship(app, actor, conversation).await?;
    permissions::check(action, relationship)?;
    Ok(first)
}

/// Refuses what `actor` may not do in a conversation.
pub async fn check_permission(
    app: &App,
    actor: impl Into<Actor>,
    conversation: &ConversationId,
    action: Action,
) -> Result<(), Error> {
    reads_from(app, actor, conversation, action).await.map(drop)
}

/// Refuses a frame of somebody who may not speak in a conversation, or whose session has ended.
pub async fn check_speaker(
    app: &App,
    own: &OwnInbox<'_>,
    conversation: &ConversationId,
) -> Result<(), Error> {
    let (relationship, _) = relationship_over(app, own, conversation).await?;
    permissions::check(Action::Speak, relationship)
}

/// What whoever sent a frame is to a conversation, and the first message there that is for them; refused if
/// their session has ended.
///
/// Their inbox is read meanwhile, of a member in the same request.
pub async fn relationship_over(
    app: &App,
    own: &OwnInbox<'_>,
    conversation: &ConversationId,
) -> Result<(Relationship, Seq), Error> {
    let user = &own.caller.user;
    let ConversationId::Room(room) = conversation else {
        let (relationship, _) = try_join!(relationship(app, user, conversation), own.get())?;
        return Ok(relationship);
    };
    let member = own.get_with_member(*room).await?;
    relationship_to_room(app, user, *room, member).await
}

/// Refuses whoever may not say something to everybody.
pub async fn check_broadcast(app: &App, user: &UserId) -> Result<(), Error> {
    let is_let = match &app.config.broadcasters {
        Broadcasters::Everybody => true,
        Broadcasters::Nobody => false,
        Broadcasters::These(names) => is_among(app, user, names).await?,
    };
    if is_let { Ok(()) } else { Err(Error::Forbidden(Reason::Broadcast)) }
}

/// Whether this is the lobby, and `user` keeps order there.
pub async fn is_lobby_moderator(
    app: &App,
    user: &UserId,
    conversation: &ConversationId,
) -> Result<bool, Error> {
    let is_lobby = *conversation == ConversationId::Lobby;
    Ok(is_lobby && is_among(app, user, &app.config.lobby_moderators).await?)
}

/// Refuses whoever does not operate this server.
pub async fn check_operator(app: &App, user: &UserId) -> Result<(), Error> {
    let is_operator = is_among(app, user, &app.config.operators).await?;
    if is_operator { Ok(()) } else { Err(Error::Forbidden(Reason::Role)) }
}

/// Refuses what no key does to an operator: whoever had their name would make keys.
pub fn check_no_operator(app: &App, account: &Account) -> Result<(), Error> {
    let names = &app.config.operators;
    let is_operator = names.iter().any(|name| name == account.user.as_str())
        || is_named(account.username.as_ref(), names);
    if is_operator { Err(Error::Forbidden(Reason::Role)) } else { Ok(()) }
}

/// Whether somebody is named by id or username. Where usernames are named, one read tells the caller's.
async fn is_among(app: &App, user: &UserId, names: &[String]) -> Result<bool, Error> {
    if names.iter().any(|name| name == user.as_str()) {
        return Ok(true);
    }
    if !app.config.has_accounts() || names.is_empty() {
        return Ok(false);
    }
    Ok(is_named(directory::account(app, user).await?.username.as_ref(), names))
}

fn is_named(username: Option<&Username>, names: &[String]) -> bool {
    let Some(username) = username.map(Username::key) else { return false };
    let mut named = names.iter().filter_map(|name| Username::parse(name).ok());
    named.any(|name| name.key() == username)
}

/// What `user` is to the conversation with `other`, by the inboxes of both.
pub fn relationship_of_two(user: (&UserId, &Inbox), other: (&UserId, &Inbox)) -> Relationship {
    permissions::between_two(
        user.1.blocked.contains_key(other.0),
        other.1.blocked.contains_key(user.0),
    )
}

/// The inboxes of `people` to whom no block hides `action` of `user`, that of `user` among them.
pub async fn audience(
    app: &App,
    user: &UserId,
    mut people: Vec<UserId>,
    action: Action,
) -> Result<BTreeMap<UserId, Inbox>, Error> {
    if !people.contains(user) {
        people.push(user.clone());
    }
    let mut inboxes = app.store.inboxes(&people).await?;
    let own = inboxes.get(user).cloned().unwrap_or_default();
    inboxes.retain(|other, inbox| {
        other == user
            || permissions::allows(action, relationship_of_two((user, &own), (other, inbox)))
    });
    Ok(inboxes)
}

/// The same for whoever sent a frame, whose own inbox is read once.
pub async fn audience_of_caller(
    app: &App,
    own: &OwnInbox<'_>,
    mut people: Vec<UserId>,
    action: Action,
) -> Result<BTreeMap<UserId, Inbox>, Error> {
    let user = &own.caller.user;
    people.retain(|person| person != user);
    let (own, mut inboxes) = try_join!(own.get(), app.store.inboxes(&people))?;
    inboxes.retain(|other, inbox| {
        permissions::allows(action, relationship_of_two((user, own), (other, inbox)))
    });
    inboxes.insert(user.clone(), own.clone());
    Ok(inboxes)
}
