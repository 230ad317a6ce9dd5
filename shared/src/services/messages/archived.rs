//! Messages that the archive has: they are deleted, and nothing else becomes of them.

use crate::archive::Direction;
use crate::domain::{ConversationId, Message, Seq};
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
    let found = archive.read(conversation, &(seq..=seq), Direction::Upwards, 1).await?;
    let Some(archived) = found.into_iter().next() else { return Ok(None) };
    Ok(Target::archived(from_archive(conversation, archived.seq, &archived.attributes)?))
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
