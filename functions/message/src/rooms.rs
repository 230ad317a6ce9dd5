//! `join` and `leave`.

use shared::domain::Range;
use shared::protocol::{Frame, HistoryFrame, MessageView, RoomRequest, ServerFrame};
use shared::services::own_inbox::OwnInbox;
use shared::services::rooms;
use shared::{App, Error};

use crate::history::size_of;

/// Enters a room and gets its recent history.
pub(crate) async fn join(
    app: &App,
    own: &OwnInbox<'_>,
    request: RoomRequest,
    id: Option<&str>,
) -> Result<Frame, Error> {
    own.get().await?;
    let room = rooms::join(app, &own.caller.user, &request.room).await?;
    let recent = rooms::recent(app, &room, &own.caller.user).await?;
    let recent = recent.within(HistoryFrame::MAX_BYTES, size_of, Range::default());
    let joined = ServerFrame::Joined {
        room: (&room).into(),
        conversation: &room.conversation(),
        messages: recent.messages.iter().map(MessageView::from).collect(),
        before: recent.before,
    };
    Ok(joined.answer(id))
}

/// Leaves a room.
pub(crate) async fn leave(
    app: &App,
    own: &OwnInbox<'_>,
    request: RoomRequest,
    id: Option<&str>,
) -> Result<Frame, Error> {
    own.get().await?;
    let room = rooms::leave(app, &own.caller.user, &request.room).await?;
    Ok(ServerFrame::Left { room: room.id, conversation: &room.conversation(), reason: None }
        .answer(id))
}
