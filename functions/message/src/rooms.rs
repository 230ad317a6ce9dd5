//! `join` and `leave`.

use shared::domain::Range;
use shared::protocol::{EncodedFrame, History, Joined, MessageView, RoomRequest, ServerFrame};
use shared::services::own_inbox::OwnInbox;
use shared::services::rooms;
use shared::{App, Error};

use crate::history::{size_of, stands};

/// Enters a room and gets its recent history.
pub(crate) async fn join(
    app: &App,
    own: &OwnInbox<'_>,
    request: RoomRequest,
    id: Option<&str>,
) -> Result<EncodedFrame, Error> {
    stands(app, own).await?;
    let room = rooms::join(app, &own.caller.user, &request.room).await?;
    let recent = rooms::recent(app, &room, &own.caller.user).await?;
    let recent = recent.within(History::MAX_BYTES, size_of, Range::default());
    let joined = ServerFrame::Joined(Joined {
        room: (&room).into(),
        conversation: room.conversation().to_string(),
        messages: recent.messages.iter().map(MessageView::from).collect(),
        before: recent.before,
    });
    Ok(joined.answer(id))
}

/// Leaves a room.
pub(crate) async fn leave(
    app: &App,
    own: &OwnInbox<'_>,
    request: RoomRequest,
    id: Option<&str>,
) -> Result<EncodedFrame, Error> {
    own.get().await?;
    let room = rooms::leave(app, &own.caller.user, &request.room).await?;
    Ok(rooms::left(&room, None).answer(id))
}
