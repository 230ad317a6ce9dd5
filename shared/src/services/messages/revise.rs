//! Something becomes of what was said: whoever said it edits it or takes it back, others react to it, pin it or
//! put an end to it.

use futures::{join, try_join};
use serde_json::{Map, Value};

use super::append::append;
use super::archived::{self, Taken};
use super::references::find_mentioned;
use super::send::{Sent, bring, bring_over};
use crate::domain::permissions::{self, Action, Relationship};
use crate::domain::{
    Actor, Content, ConversationId, Data, MessageId, NewBody, NewChange, NewMessage, ReactionKey,
    Revision, Seq, UserId,
};
use crate::error::Reason;
use crate::services::access::{is_lobby_moderator, relationship, relationship_over};
use crate::services::own_inbox::OwnInbox;
use crate::store::Target;
use crate::{App, Error};

/// What is to become of a message, as somebody wrote it: what is not given stays as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Draft<'a> {
    /// The text.
    pub content: Option<&'a str>,
    /// What the sender's program keeps with it.
    pub data: Option<Option<&'a Map<String, Value>>>,
    /// Whom it calls, by id or username.
    pub mentions: Option<&'a [String]>,
    /// Whether it calls everybody.
    pub mentions_everyone: Option<bool>,
}

/// What somebody does to a message.
#[derive(Clone, Copy, Debug)]
pub enum Deed<'a> {
    /// They edit it.
    Edit(Draft<'a>),
    /// They take it back, or put an end to it.
    Delete,
    /// They react to it, or do not any more.
    React {
        /// With what.
        key: &'a str,
        /// Whether they do.
        on: bool,
    },
    /// They pin it, or it is not to be pinned any more.
    Pin {
        /// Whether it is to be.
        on: bool,
    },
}

/// Which message somebody does something to.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Where it was said.
    pub conversation: &'a ConversationId,
    /// Its number there.
    pub seq: Seq,
}

/// What `from` wants to become of the message `of`, checked as far as that goes without it.
pub async fn new_event(
    app: &App,
    from: &UserId,
    of: Seq,
    deed: Deed<'_>,
    id: Option<&str>,
) -> Result<NewMessage, Error> {
    let change = match deed {
        Deed::Edit(draft) => NewChange::Edit(revision(app, draft).await?),
        Deed::Delete => NewChange::Delete,
        Deed::React { key, on } => NewChange::React { key: ReactionKey::parse(key)?, on },
        Deed::Pin { on } => NewChange::Pin { on },
    };
    let id = id.map(MessageId::parse).transpose()?;
    Ok(NewMessage { id, from: from.clone(), body: NewBody::Event { of, change } })
}

async fn revision(app: &App, draft: Draft<'_>) -> Result<Revision, Error> {
    let most = app.config.max_content_bytes;
    let content = draft.content.map(|content| Content::parse(content, most)).transpose()?;
    let data = match draft.data {
        Some(Some(data)) => Some(Some(Data::new(data.clone())?)),
        Some(None) => Some(None),
        None => None,
    };
    let mentions = match (draft.mentions, draft.mentions_everyone) {
        (None, None) => None,
        (users, everyone) => {
            let (users, everyone) = (users.unwrap_or_default(), everyone.unwrap_or_default());
            Some(find_mentioned(app, users, everyone).await?)
        }
    };
    if content.is_none() && data.is_none() && mentions.is_none() {
        return Err(Error::Invalid(
            "say what is to be another: `content`, `data` or `mentions`".into(),
        ));
    }
    Ok(Revision { content, data, mentions })
}

/// Does it without a connection, by the right of `actor`, in whose name it is.
pub async fn revise(
    app: &App,
    actor: &Actor,
    conversation: &ConversationId,
    new: &NewMessage,
) -> Result<Sent, Error> {
    let admit = || async {
        let target = target(app, conversation, new);
        let relationship = relationship(app, actor, conversation);
        let (target, relationship) = try_join!(target, relationship)?;
        admitted(app, (conversation, new), target, relationship).await
    };
    let appended = Box::pin(append(app, conversation, new, admit)).await?;
    let taken = Taken::of(new, &appended);
    let (sent, forgotten) =
        join!(Box::pin(bring(app, appended, None)), archived::forget(app, taken));
    forgotten?;
    sent
}

/// The same over a connection.
pub async fn revise_over(
    app: &App,
    conversation: &ConversationId,
    new: &NewMessage,
    own: &OwnInbox<'_>,
) -> Result<Sent, Error> {
    let admit = || async {
        let target = target(app, conversation, new);
        let relationship = relationship_over(app, own, conversation);
        let (target, relationship) = try_join!(target, relationship)?;
        admitted(app, (conversation, new), target, relationship).await
    };
    let appended = Box::pin(append(app, conversation, new, admit)).await?;
    let taken = Taken::of(new, &appended);
    let (sent, forgotten) =
        join!(Box::pin(bring_over(app, appended, own)), archived::forget(app, taken));
    forgotten?;
    sent
}

/// The message that an event is about, if it is there.
async fn target(
    app: &App,
    conversation: &ConversationId,
    new: &NewMessage,
) -> Result<Option<Target>, Error> {
    let NewBody::Event { of, change } = &new.body else { return Ok(None) };
    let reacting = matches!(change, NewChange::React { .. }).then_some(&new.from);
    let target = app.store.target(conversation, *of, reacting).await?;
    // With an archive what has expired is shown as long as it is there, and then from the archive.
    let is_shown = |target: &Target| app.archive.is_some() || !target.is_expired(app.clock.now());
    Ok(target.filter(is_shown))
}

/// The message, if whoever is this to the conversation may do that to it.
async fn admitted(
    app: &App,
    (conversation, new): (&ConversationId, &NewMessage),
    target: Option<Target>,
    (relationship, first): (Relationship, Seq),
) -> Result<Option<Target>, Error> {
    let NewBody::Event { of, change } = &new.body else { return Ok(None) };
    permissions::check(Action::Read, relationship)?;
    let target = match target {
        None if *of >= first => archived::target(app, conversation, *of).await?,
        target => target,
    };
    let target = target.filter(|target| target.message.seq >= first);
    let target = target.ok_or(Error::NotFound("message"))?;
    let message = &target.message;
    let is_own = message.from == new.from;
    match change {
        NewChange::React { .. } => permissions::check(Action::React, relationship)?,
        NewChange::Edit(_) if !is_own => return Err(Error::Forbidden(Reason::NotYours)),
        NewChange::Edit(_) => {
            permissions::check(Action::Edit, relationship)?;
            let age = app.clock.now().since(message.sent_at);
            if app.config.edit_window.is_some_and(|window| age > window) {
                return Err(Error::Forbidden(Reason::TooLate));
            }
        }
        NewChange::Delete if is_own => permissions::check(Action::TakeBack, relationship)?,
        NewChange::Delete | NewChange::Pin { .. }
            if is_lobby_moderator(app, &new.from, &message.conversation).await? => {}
        NewChange::Pin { .. } => permissions::check(Action::Pin, relationship)?,
        NewChange::Delete => permissions::check(Action::DeleteOthers, relationship)?,
    }
    let is_over = message.archived
        || matches!(change, NewChange::Pin { .. }) && target.is_expired(app.clock.now());
    if is_over && !matches!(change, NewChange::Delete) {
        return Err(Error::Conflict("the message is archived: it can only be deleted"));
    }
    Ok(Some(target))
}
