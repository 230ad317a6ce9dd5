//! The end of a conversation: nobody is left who could read it.

use crate::domain::ConversationId;
use crate::{App, Error};

/// Whether a conversation has ended: its room is deleted, or of two people neither has an account any
/// more.
pub async fn has_ended(app: &App, conversation: &ConversationId) -> Result<bool, Error> {
    match conversation {
        ConversationId::Room(room) => Ok(app.store.room(*room).await?.is_none()),
        ConversationId::Direct(..) => {
            let gone = app.store.gone(conversation).await?;
            Ok(conversation.pair().iter().all(|user| gone.contains(user)))
        }
        ConversationId::Lobby => Ok(false),
    }
}

/// Forgets what was said in a conversation that has ended, in the table and in the archive.
pub async fn forget(app: &App, conversation: &ConversationId) -> Result<(), Error> {
    app.store.erase_log(conversation).await?;
    forget_archived(app, conversation).await
}

/// The same in the archive.
pub async fn forget_archived(app: &App, conversation: &ConversationId) -> Result<(), Error> {
    match &app.archive {
        Some(archive) => archive.erase(conversation).await,
        None => Ok(()),
    }
}
