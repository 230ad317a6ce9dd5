//! Messages that the archive has: they are deleted, and nothing else becomes of them.

use serde_json::{Map, Value};

use super::append::Appended;
use crate::domain::{
    Change, ConversationId, Event, Message, MessageBody, NewBody, NewChange, NewMessage, Seq,
};
use crate::store::{Target, delete_archived, from_archive, take_words};
use crate::{App, Error};

/// An edit or a deletion that was stored, and the message whose words it takes away, as that was before.
#[derive(Debug)]
pub(super) struct Taken {
    event: Message,
    target: Target,
}

impl Taken {
    /// What `new` takes away, if it does.
    pub(super) fn of(new: &NewMessage, appended: &Appended) -> Option<Self> {
        let NewBody::Event { change: NewChange::Edit(_) | NewChange::Delete, .. } = new.body else {
            return None;
        };
        let target = appended.target.clone().filter(|_| !appended.idle)?;
        Some(Self { event: appended.message.clone(), target })
    }
}

/// The message `seq` as the archive has it, if it is there.
pub(super) async fn target(
    app: &App,
    conversation: &ConversationId,
    seq: Seq,
) -> Result<Option<Target>, Error> {
    let Some(archive) = &app.archive else { return Ok(None) };
    let Some(archived) = archive.find(conversation, seq).await? else { return Ok(None) };
    Ok(Target::archived(from_archive(conversation, archived.seq, &archived.attributes)?))
}

/// Whether these are the attributes of an edit that is not the last one of its message any more.
pub async fn has_old_words(
    app: &App,
    conversation: &ConversationId,
    seq: Seq,
    attributes: &Map<String, Value>,
) -> Result<bool, Error> {
    let event = from_archive(conversation, seq, attributes)?;
    let MessageBody::Event(Event { of, change: Change::Edited(Some(_)) }) = event.body else {
        return Ok(false);
    };
    let said = match app.store.target(conversation, of, None).await? {
        None => target(app, conversation, of).await?,
        said => said,
    };
    // A message that is on its way to the archive, too, is as it was: nobody could change it meanwhile.
    Ok(said.is_some_and(|target| target.said.edited.is_none_or(|(_, edit)| edit != seq)))
}

/// Takes the words away from wherever the transaction of the event could not. The message itself comes last: as
/// long as it has its words, whoever deletes it does all of it again.
pub(super) async fn forget(app: &App, taken: Option<Taken>) -> Result<(), Error> {
    let (Some(archive), Some(Taken { event, target })) = (&app.archive, taken) else {
        return Ok(());
    };
    let (conversation, of) = (&event.conversation, target.message.seq);
    let is_archived = target.message.archived;
    if let Some((_, edit)) = target.said.edited.filter(|_| is_archived || target.has_lost_edit) {
        app.store.empty_edit(conversation, edit).await?;
        archive.change(conversation, edit, take_words).await?;
    }
    if is_archived {
        app.store.erase_versions(conversation, of).await?;
        let delete = |attributes: &mut _| delete_archived(attributes, &event);
        archive.change(conversation, of, delete).await?;
    }
    Ok(())
}
