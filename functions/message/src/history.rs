//! `history`: one page of a conversation.

use futures::try_join;
use shared::domain::permissions::Action;
use shared::domain::{ConversationId, Message, PageSize, Range};
use shared::protocol::{EncodedFrame, History, HistoryRequest, MessageView, ServerFrame, history};
use shared::services::directory::find_conversation;
use shared::services::messages::read;
use shared::services::own_inbox::OwnInbox;
use shared::{App, Error};

/// Reads a page of a conversation the caller has part in.
pub(crate) async fn page(
    app: &App,
    own: &OwnInbox<'_>,
    request: HistoryRequest,
    id: Option<&str>,
) -> Result<EncodedFrame, Error> {
    let conversation = match (&request.with, &request.room, &request.conversation) {
        (None, None, Some(conversation)) => ConversationId::parse(conversation)?,
        (Some(_), None, None) | (None, Some(_), None) => {
            let (with, room) = (request.with.as_deref(), request.room.as_deref());
            find_conversation(app, &own.caller.user, with, room).await?
        }
        _ => {
            let reason = "say one of `with`, `room` and `conversation`";
            return Err(Error::Invalid(reason.into()));
        }
    };
    let range = Range { before: request.before, after: request.after };
    let limit = PageSize::parse(request.limit)?;
    let (user, action) = (&own.caller.user, Action::Read);
    let page = read::page(app, user, &conversation, range, limit.get(), action);
    let (page, _) = try_join!(page, own.get())?;
    let page = page.within(History::MAX_BYTES, size_of, range);
    Ok(ServerFrame::History(history(&conversation, &page)).answer(id))
}

/// What a message takes in a frame.
pub(crate) fn size_of(message: &Message) -> usize {
    MessageView::from(message).encoded_len()
}
