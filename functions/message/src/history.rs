//! `history`: one page of a conversation.

use std::time::Duration;

use futures::try_join;
use shared::domain::permissions::Action;
use shared::domain::{ConversationId, Message, PageSize, Range};
use shared::protocol::{EncodedFrame, History, HistoryRequest, MessageView, ServerFrame, history};
use shared::services::directory::find_conversation;
use shared::services::messages::read;
use shared::services::own_inbox::OwnInbox;
use shared::services::presence::mark_connection_ready;
use shared::{App, Error};

/// For how long after its handshake a connection may have to be noted.
const NEW: Duration = Duration::from_secs(20);

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
    let page = as_one_who_stands(app, own, || {
        read::page(app, user, &conversation, range, limit.get(), action)
    });
    let page = page.await?;
    let page = page.within(History::MAX_BYTES, size_of, range);
    Ok(ServerFrame::History(history(&conversation, &page)).answer(id))
}

/// What `read` reads, if the connection that asks is known to stand before that: what becomes of a message after
/// that is pushed to it. Refused if its session has ended.
///
/// Who has come just now is noted first. Of others that is known, so that it is looked up meanwhile.
pub(crate) async fn as_one_who_stands<T, Read: Future<Output = Result<T, Error>>>(
    app: &App,
    own: &OwnInbox<'_>,
    read: impl Fn() -> Read,
) -> Result<T, Error> {
    let (caller, now) = (own.caller, app.clock.now());
    if now.since(caller.connected_at) >= NEW {
        let (read_now, inbox) = try_join!(read(), own.get())?;
        if inbox.has_settled(&caller.connection, now) {
            return Ok(read_now);
        }
    }
    stands(app, own).await?;
    read().await
}

/// Notes that the connection that asks stands. Refused if its session has ended.
pub(crate) async fn stands(app: &App, own: &OwnInbox<'_>) -> Result<(), Error> {
    let note = async {
        let inbox = own.get().await?;
        mark_connection_ready(app, own.caller, inbox).await.map(drop)
    };
    own.stands(note).await
}

/// What a message takes in a frame.
pub(crate) fn size_of(message: &Message) -> usize {
    MessageView::from(message).encoded_len()
}
