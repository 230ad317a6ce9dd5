//! What happens to people in a room is told in its log, and to whoever is put out.

use crate::domain::{Content, ConversationId, Kind, MessageId, NewMessage, Room, UserId};
use crate::protocol::{Removal, ServerFrame};
use crate::services::delivery::deliver;
use crate::services::messages::append::{Appended, append};
use crate::services::messages::send::recipients;
use crate::{App, Error};

/// Counts something that the room will hear of `user`, before it is done; refused if that has happened
/// too often. Whoever may not speak could otherwise make the room speak of them.
pub(super) fn admit(app: &App, room: &Room, user: &UserId) -> Result<(), Error> {
    app.count_notice(format!("{} {user}", room.id), "changes to one room in one minute")
}

/// Counts what nobody is kept from, such as that `user` leaves: they come in again only as often as they
/// may.
pub(super) fn count(app: &App, room: &Room, user: &UserId) {
    drop(admit(app, room, user));
}

/// Leaves a notice in the room's log and hands it over like anything that is said.
pub(super) async fn announce(
    app: &App,
    room: &Room,
    user: &UserId,
    kind: Kind,
    about: Option<&UserId>,
) -> Result<(), Error> {
    let conversation = room.conversation();
    let whom = about.map(|about| format!(" {about}")).unwrap_or_default();
    let notice = NewMessage {
        id: Some(MessageId::fresh(app.clock.now())),
        kind,
        from: user.clone(),
        about: about.cloned(),
        content: Content::stored(format!("{user} {}{whom}", kind.as_str())),
    };
    tell(app, &conversation, &notice, kind == Kind::Joined).await
}

/// Tells a room that somebody has another role.
pub(super) async fn announce_role(
    app: &App,
    room: &Room,
    by: &UserId,
    about: &UserId,
    role: &str,
) -> Result<(), Error> {
    let notice = NewMessage {
        id: Some(MessageId::fresh(app.clock.now())),
        kind: Kind::Appointed,
        from: by.clone(),
        about: Some(about.clone()),
        content: Content::stored(format!("{by} made {about} {role}")),
    };
    tell(app, &room.conversation(), &notice, false).await
}

async fn tell(
    app: &App,
    conversation: &ConversationId,
    notice: &NewMessage,
    newcomer: bool,
) -> Result<(), Error> {
    let permission = || std::future::ready(Ok(()));
    let appended = append(app, conversation, notice, permission).await?;
    let (Appended::Stored(message) | Appended::Repeat(message)) = appended;
    let inboxes = recipients(app, &message).await?;
    deliver(app, &message, inboxes, None).await?;
    if newcomer {
        // What was said before one came is not unread. Last, so that the room hears of it anyhow.
        app.store.mark_read(&notice.from, conversation, message.seq).await?;
    }
    Ok(())
}

/// Tells somebody on all their connections that they were put out. Nobody waits for it.
pub(super) async fn show_removal(
    app: &App,
    room: &Room,
    user: &UserId,
    reason: Removal,
) -> Result<(), Error> {
    let conversation = &room.conversation();
    let left = ServerFrame::Left { room: room.id, conversation, reason: Some(reason) }.encode();
    let inbox = app.store.inbox(user).await?;
    app.pusher.push_to_all(inbox.ready(app.clock.now()), &left).await;
    Ok(())
}
