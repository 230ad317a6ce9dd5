//! What happens to people in a room is told in its log, and to whoever is put out.

use std::time::Duration;

use super::newest;
use crate::domain::{MessageId, NewBody, NewMessage, Notice, Room, Turnover, UserId};
use crate::protocol::{Left, Removal, ServerFrame};
use crate::services::messages::append::append;
use crate::services::messages::send::bring;
use crate::{App, Error};

/// How often a large room is told how many come and go.
const MINUTE: Duration = Duration::from_secs(60);

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

/// Leaves a notice in the room's log that `user` did this, and hands it over like anything that is said.
pub(super) async fn announce(
    app: &App,
    room: &Room,
    user: &UserId,
    notice: Notice,
) -> Result<(), Error> {
    let conversation = &room.conversation();
    let newcomer = notice == Notice::Joined;
    let new = NewMessage {
        id: Some(MessageId::fresh(app.clock.now())),
        from: user.clone(),
        body: NewBody::Notice(notice),
    };
    let admit = || std::future::ready(Ok(None));
    let appended = Box::pin(append(app, conversation, &new, admit)).await?;
    let message = Box::pin(bring(app, appended, None)).await?.message;
    if newcomer {
        // What was said before one came is not unread. Last, so that the room hears of it anyhow.
        app.store.mark_read(user, conversation, message.seq).await?;
    }
    Ok(())
}

/// Whether the room is so large that it is told how many come and go, and not who.
pub(super) fn is_counted(app: &App, room: &Room) -> bool {
    let least = app.config.fan_out_members;
    least > 0 && usize::try_from(room.members).unwrap_or(usize::MAX) >= least
}

/// Tells a large room once a minute how many came and went; by `alone` if nobody did but `user`.
///
/// What is not told now is told with whoever comes or goes after that minute.
pub(super) async fn tell_turnover(
    app: &App,
    room: &Room,
    user: &UserId,
    alone: Notice,
) -> Result<(), Error> {
    let now = app.clock.now();
    let is_newcomer = alone == Notice::Joined;
    let is_due = room.told_at.is_none_or(|told_at| now.since(told_at) >= MINUTE);
    let turnover = if is_due { app.store.take_turnover(room, now).await? } else { None };
    match turnover {
        Some(Turnover { joined: 1, left: 0 } | Turnover { joined: 0, left: 1 }) => {
            return announce(app, room, user, alone).await;
        }
        Some(turnover) => {
            announce(app, room, user, Notice::Members(turnover)).await?;
        }
        None => {}
    }
    let newest = if is_newcomer { newest(app, room).await? } else { None };
    match newest {
        Some(newest) => app.store.mark_read(user, &room.conversation(), newest).await.map(drop),
        None => Ok(()),
    }
}

/// That one is not in a room any more.
pub fn left(room: &Room, reason: Option<Removal>) -> ServerFrame {
    let conversation = room.conversation().to_string();
    ServerFrame::Left(Left { room: room.id.to_string(), conversation, reason })
}

/// Tells somebody on all their connections that they were put out. Nobody waits for it.
pub(super) async fn show_removal(
    app: &App,
    room: &Room,
    user: &UserId,
    reason: Removal,
) -> Result<(), Error> {
    let left = left(room, Some(reason)).encode();
    let inbox = app.store.inbox(user).await?;
    app.pusher.push_to_all(inbox.ready(app.clock.now()), &left).await;
    Ok(())
}
