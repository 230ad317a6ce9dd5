//! What a message names: the one that it answers, and the people whom it calls.

use std::collections::BTreeSet;

use futures::try_join;

use crate::domain::permissions::{self, Action};
use crate::domain::{
    ConversationId, Mentions, NewBody, NewChange, NewMessage, Revision, RoomId, Seq, UserId,
};
use crate::error::Reason;
use crate::services::access::{is_lobby_moderator, reads_from};
use crate::services::directory;
use crate::services::shown::quotes;
use crate::{App, Error};

/// The people whom a message calls, by id or username; whether it may call them is asked later.
pub(super) async fn find_mentioned(
    app: &App,
    names: &[String],
    everyone: bool,
) -> Result<Mentions, Error> {
    let mut users = BTreeSet::new();
    // No more are looked up than one message may call, and one that tells that these are more.
    for name in names.iter().take(crate::limits::MENTIONS + 1) {
        let user = directory::find_user(app, name).await;
        users.insert(user.map_err(|error| match error {
            Error::NotFound(_) => Error::NotFound("person to mention"),
            error => error,
        })?);
    }
    Mentions::new(users, everyone)
}

/// Refuses to answer what is not there, or not for whoever answers, and to call who does not hear it. It
/// costs nothing where nothing is answered and nobody called.
pub(super) async fn check(
    app: &App,
    conversation: &ConversationId,
    new: &NewMessage,
) -> Result<(), Error> {
    let (mentions, reply) = match &new.body {
        NewBody::Said(said) => {
            let mentions = said.wording.as_ref().map(|wording| &wording.mentions);
            (mentions, said.reply_to.as_ref().map(|reply| reply.seq))
        }
        NewBody::Event { change: NewChange::Edit(Revision { mentions, .. }), .. } => {
            (mentions.as_ref(), None)
        }
        NewBody::Event { .. } | NewBody::Notice(_) => (None, None),
    };
    if let Some(seq) = reply {
        check_reply(app, conversation, &new.from, seq).await?;
    }
    match mentions {
        Some(mentions) => check_mentions(app, conversation, &new.from, mentions).await,
        None => Ok(()),
    }
}

async fn check_reply(
    app: &App,
    conversation: &ConversationId,
    user: &UserId,
    seq: Seq,
) -> Result<(), Error> {
    let original = quotes::original(app, conversation, seq);
    let first = reads_from(app, user, conversation, Action::Read);
    let (original, first) = try_join!(original, first)?;
    let is_there = original.is_some() && seq >= first;
    if is_there { Ok(()) } else { Err(Error::NotFound("message to answer")) }
}

async fn check_mentions(
    app: &App,
    conversation: &ConversationId,
    user: &UserId,
    mentions: &Mentions,
) -> Result<(), Error> {
    let Mentions { users, everyone } = mentions;
    if users.is_empty() && !everyone {
        return Ok(());
    }
    let unknown = Error::NotFound("person to mention in this conversation");
    match conversation {
        ConversationId::Room(room) => check_members(app, *room, user, mentions).await,
        _ if *everyone && !is_lobby_moderator(app, user, conversation).await? => {
            Err(Error::Forbidden(Reason::Role))
        }
        ConversationId::Direct(first, second) => {
            let are_these = users.iter().all(|user| user == first || user == second);
            if are_these { Ok(()) } else { Err(unknown) }
        }
        ConversationId::Lobby => {
            for user in users {
                directory::check_exists(app, user).await?;
            }
            Ok(())
        }
    }
}

async fn check_members(
    app: &App,
    room: RoomId,
    user: &UserId,
    Mentions { users, everyone }: &Mentions,
) -> Result<(), Error> {
    let asked: BTreeSet<_> = users.iter().chain([user]).cloned().collect();
    let members = app.store.members_among(room, &asked).await?;
    let is_member = |user: &UserId| members.iter().any(|member| member.user == *user);
    if !users.iter().all(is_member) {
        return Err(Error::NotFound("person to mention in this room"));
    }
    match members.iter().find(|member| member.user == *user).filter(|_| *everyone) {
        Some(own) => permissions::check(Action::MentionEveryone, own.relationship(app.clock.now())),
        None => Ok(()),
    }
}
