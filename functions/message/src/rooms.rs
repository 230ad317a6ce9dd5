//! `join` and `leave`.

use shared::chat::Range;
use shared::identity::Speaker;
use shared::protocol::{Frame, HistoryFrame, MessageView, RoomRequest, ServerFrame};
use shared::{App, Error, rooms};

use crate::history::size_of;

/// Enters a room and gets its recent history.
pub(crate) async fn join(
    app: &App,
    speaker: &Speaker,
    request: RoomRequest,
    id: Option<&str>,
) -> Result<Frame, Error> {
    let room = rooms::join(app, &speaker.user, &request.room).await?;
    let recent = rooms::recent(app, &room, &speaker.user).await?;
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
    speaker: &Speaker,
    request: RoomRequest,
    id: Option<&str>,
) -> Result<Frame, Error> {
    let room = rooms::leave(app, &speaker.user, &request.room).await?;
    Ok(ServerFrame::Left { room: room.id, conversation: &room.conversation(), reason: None }
        .answer(id))
}
