//! `history`: one page of a conversation.

use shared::chat::{ConversationId, Message, PageSize, Range, UserId};
use shared::identity::Speaker;
use shared::protocol::{Frame, HistoryFrame, HistoryRequest, MessageView, ServerFrame};
use shared::{App, Error};

/// Reads a page of a conversation the speaker is part of.
pub(crate) async fn history(
    app: &App,
    speaker: &Speaker,
    request: HistoryRequest,
) -> Result<Frame, Error> {
    let conversation = match (&request.with, &request.conversation) {
        (Some(with), None) => ConversationId::direct(&speaker.user, &UserId::parse(with)?),
        (None, Some(conversation)) => ConversationId::parse(conversation)?,
        _ => return Err(Error::Invalid("say either `with` or `conversation`".into())),
    };
    if !conversation.includes(&speaker.user) {
        return Err(Error::Forbidden);
    }
    let range = Range { before: request.before, after: request.after };
    let limit = PageSize::parse(request.limit)?;
    let page = app.store.page(&conversation, range, limit.get(), Some(app.clock.now())).await?;
    let size_of = |message: &Message| MessageView::from(message).encoded_len();
    let page = page.within(HistoryFrame::MAX_BYTES, size_of, range);
    Ok(ServerFrame::History(HistoryFrame::of(&conversation, &page)).encode())
}
