//! Whom messages are for.

use crate::domain::{ConversationId, Seq, UserId};
use crate::store::Inbox;
use crate::{App, Error};

/// Everybody some messages are for.
#[derive(Debug, Default)]
pub struct Recipients {
    /// They and their inboxes, read after the messages were stored.
    pub people: Vec<Recipient>,
    /// Why the inboxes of some could not be read.
    pub unread: Option<Error>,
}

/// Somebody some messages are for.
#[derive(Debug)]
pub struct Recipient {
    /// Who.
    pub user: UserId,
    /// What the table held of them.
    pub inbox: Inbox,
    /// The first message of the conversation that they may read.
    pub reads_from: Seq,
}

/// Everybody whom messages of a conversation up to `last` are for, read now: after they were stored. One of
/// them may be known already.
pub async fn recipients(
    app: &App,
    conversation: &ConversationId,
    last: Seq,
    known: Option<(&UserId, &Inbox)>,
) -> Result<Recipients, Error> {
    let from_the_start = |user| (user, 0);
    let everybody: Vec<(UserId, Seq)> = match conversation {
        ConversationId::Direct(..) => conversation.pair().into_iter().map(from_the_start).collect(),
        ConversationId::Room(room) => {
            let members = app.store.members(*room, None, None).await?.items;
            let theirs = members.into_iter().filter(|member| member.may_read(last));
            theirs.map(|member| (member.user, member.reads_from.unwrap_or_default())).collect()
        }
        ConversationId::Lobby => {
            let online = app.store.online_users(None, None).await?;
            online.into_iter().map(from_the_start).collect()
        }
    };
    let is_known = |user: &UserId| known.is_some_and(|(known, _)| known == user);
    let others = everybody.iter().map(|(user, _)| user).filter(|user| !is_known(user));
    let others: Vec<_> = others.cloned().collect();
    let (mut inboxes, unread) = app.store.readable_inboxes(&others).await;
    let mut people = Vec::with_capacity(everybody.len());
    for (user, reads_from) in everybody {
        let inbox = match known.filter(|(known, _)| **known == user) {
            Some((_, inbox)) => Some(inbox.clone()),
            None => inboxes.remove(&user),
        };
        people.extend(inbox.map(|inbox| Recipient { user, inbox, reads_from }));
    }
    Ok(Recipients { people, unread })
}
