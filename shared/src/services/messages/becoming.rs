//! What is to be put into a log for something new, with what it is about as that was read.

use crate::Error;
use crate::domain::{
    Change, Event, Message, MessageBody, NewBody, NewChange, NewMessage, ReactionKey, Revision,
    Said, Wording, react,
};
use crate::limits;
use crate::store::Target;

/// What something new becomes.
pub(super) enum Becoming {
    /// An entry of the log.
    Entry(MessageBody),
    /// Nothing: the message is so already.
    AsItIs(Message),
}

/// What `new` becomes; an event is about `target`.
pub(super) fn becoming(new: &NewMessage, target: Option<&Target>) -> Result<Becoming, Error> {
    let (of, change) = match &new.body {
        NewBody::Said(said) => return Ok(Becoming::Entry(MessageBody::Said(said.clone()))),
        NewBody::Notice(it) => return Ok(Becoming::Entry(MessageBody::Notice(it.clone()))),
        NewBody::Event { of, change } => (*of, change),
    };
    let target = target.ok_or(Error::NotFound("message"))?;
    let change = match change {
        NewChange::Edit(revision) => {
            edited(revision, &target.said)?.map(|it| Change::Edited(Some(it)))
        }
        NewChange::Delete => target.said.deleted.is_none().then_some(Change::Deleted),
        NewChange::React { key, on } => reacted(key, *on, new, target)?,
        NewChange::Pin { on } => pinned(*on, &target.said)?,
    };
    Ok(match change {
        Some(change) => Becoming::Entry(MessageBody::Event(Event { of, change })),
        None => Becoming::AsItIs(target.message.clone()),
    })
}

/// What it says then; `None` if it says that already.
fn edited(revision: &Revision, said: &Said) -> Result<Option<Wording>, Error> {
    let old = said.wording.as_ref().ok_or(DELETED)?;
    let new = Wording {
        content: revision.content.clone().unwrap_or_else(|| old.content.clone()),
        data: revision.data.clone().unwrap_or_else(|| old.data.clone()),
        mentions: revision.mentions.clone().unwrap_or_else(|| old.mentions.clone()),
    };
    Ok((new != *old).then_some(new))
}

/// That somebody reacts or does not any more; `None` if that is so already.
fn reacted(
    key: &ReactionKey,
    on: bool,
    new: &NewMessage,
    target: &Target,
) -> Result<Option<Change>, Error> {
    let said = &target.said;
    if said.deleted.is_some() {
        return Err(DELETED);
    }
    if target.own.contains(key) == on {
        return Ok(None);
    }
    let (reactions, count) = react(said.reactions.clone(), &new.from, key, on);
    if on && reactions.len() > limits::REACTIONS {
        return Err(Error::Conflict("people react in too many ways already"));
    }
    Ok(Some(Change::Reacted { key: key.clone(), on, count }))
}

/// That it is pinned or not any more; `None` if that is so already.
fn pinned(on: bool, said: &Said) -> Result<Option<Change>, Error> {
    if said.deleted.is_some() {
        return Err(DELETED);
    }
    Ok((said.pinned.is_some() != on).then_some(Change::Pinned { on }))
}

/// The message is no more.
const DELETED: Error = Error::Conflict("the message is deleted");
