//! Shows people what happened that concerns them, besides what is said. Nobody waits for it: it takes
//! so long at most, and fails nothing.

use std::time::Duration;

use crate::domain::{Account, ConversationId, Room, RoomId, UserId};
use crate::protocol::{
    EncodedFrame, Profile, ServerFrame, SettingsChanged, SettingsView, Uninvited, Withdrawal,
    room_change,
};
use crate::services::presence;
use crate::{App, Error};

/// How many people are looked up at once.
const PAGE: usize = 100;
/// How long one page of people may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// Pushes `frame` to every connection of `people`.
pub async fn show(app: &App, people: &[UserId], frame: &EncodedFrame) {
    for people in people.chunks(PAGE) {
        in_time(push(app, people, frame)).await;
    }
}

/// Pushes what `by` made of a room to its members.
pub async fn show_room(app: &App, room: &Room, by: &UserId) {
    let frame = ServerFrame::Room(room_change(room, by)).encode();
    let mut after = None;
    loop {
        let page = app.store.members(room.id, after.as_ref(), Some(PAGE)).await;
        let page = match page {
            Ok(page) => page,
            Err(error) => return error.log(),
        };
        let people: Vec<_> = page.items.into_iter().map(|member| member.user).collect();
        show(app, &people, &frame).await;
        after = people.into_iter().last();
        if page.next.is_none() || after.is_none() {
            return;
        }
    }
}

/// Shows the other members of a room that is not too large how far `user` has read.
pub async fn show_read(app: &App, room: RoomId, user: &UserId, receipt: &EncodedFrame) {
    let most = app.config.receipt_room_size;
    if most == 0 {
        return;
    }
    in_time(async {
        let mut people = presence::members_if_few(app, room, most).await?;
        people.retain(|member| member != user);
        push(app, &people, receipt).await
    })
    .await;
}

/// Tells somebody that `by` asks them to join a room.
pub async fn show_invitation(app: &App, room: &Room, by: &UserId, user: &UserId) {
    let frame = ServerFrame::Invited(room_change(room, by)).encode();
    show(app, std::slice::from_ref(user), &frame).await;
}

/// Tells people that they are not asked to join a room any more.
pub async fn show_withdrawal(app: &App, room: &Room, people: &[UserId], reason: Withdrawal) {
    let conversation = room.conversation().to_string();
    let frame =
        ServerFrame::Uninvited(Uninvited { room: room.id.to_string(), conversation, reason });
    show(app, people, &frame.encode()).await;
}

/// Shows somebody on every connection what they have decided about a conversation.
pub async fn show_settings(
    app: &App,
    user: &UserId,
    conversation: &ConversationId,
    settings: &SettingsView,
) {
    let (conversation, settings) = (conversation.to_string(), settings.clone());
    let frame = ServerFrame::Settings(SettingsChanged { conversation, settings }).encode();
    show(app, std::slice::from_ref(user), &frame).await;
}

/// Shows what somebody shows of themselves now, to them and to those who see whether they are there.
pub async fn show_profile(app: &App, account: &Account) {
    let frame = ServerFrame::Profile(account.into()).encode();
    in_time(async {
        let watchers = presence::watchers(app, &account.user).await?;
        let now = app.clock.now();
        let connections = watchers.values().flat_map(|inbox| inbox.ready(now)).collect();
        app.pusher.push_to_all(connections, &frame).await;
        Ok(())
    })
    .await;
}

/// Tells `people`, who saw whether `user` was there, that the account is no more.
pub async fn show_deletion(app: &App, user: &UserId, people: &[UserId]) {
    let frame =
        ServerFrame::Profile(Profile::Deleted { user: user.to_string(), deleted: true }).encode();
    show(app, people, &frame).await;
}

async fn push(app: &App, people: &[UserId], frame: &EncodedFrame) -> Result<(), Error> {
    let inboxes = app.store.inboxes(people).await?;
    let now = app.clock.now();
    let connections = inboxes.values().flat_map(|inbox| inbox.ready(now)).collect();
    app.pusher.push_to_all(connections, frame).await;
    Ok(())
}

async fn in_time(shown: impl Future<Output = Result<(), Error>>) {
    match tokio::time::timeout(PATIENCE, shown).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => error.log(),
        Err(_) => tracing::warn!("an event was not shown to everybody in time"),
    }
}
