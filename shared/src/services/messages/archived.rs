//! Messages that the archive has: they are deleted, and nothing else becomes of them.

use serde_json::{Map, Value};

use crate::domain::{Change, ConversationId, Event, Message, MessageBody, Seq};
use crate::store::{Target, delete_archived, from_archive, take_words};
use crate::{App, Error};

/// An event that takes away what was said, and what is known of that.
#[derive(Debug)]
pub(super) struct Taken {
    /// The number of the message.
    pub(super) of: Seq,
    /// Whether that is archived.
    pub(super) is_archived: bool,
    /// The number of the event that has its words, too, if it was edited.
    pub(super) edit: Option<Seq>,
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

/// Takes the words away from wherever the transaction of `event` could not. The message itself comes last: as
/// long as it has its words, whoever deletes it does all of it again.
pub(super) async fn forget(
    app: &App,
    event: &Message,
    taken: &Taken,
    has_lost_edit: bool,
) -> Result<(), Error> {
    let Some(archive) = &app.archive else { return Ok(()) };
    let conversation = &event.conversation;
    if let Some(edit) = taken.edit.filter(|_| taken.is_archived || has_lost_edit) {
        app.store.empty_edit(conversation, edit).await?;
        archive.change(conversation, edit, take_words).await?;
    }
    if taken.is_archived {
        app.store.erase_versions(conversation, taken.of).await?;
        let delete = |attributes: &mut _| delete_archived(attributes, event);
        archive.change(conversation, taken.of, delete).await?;
    }
    Ok(())
}
