//! `read`: how far somebody has read.

use std::collections::BTreeMap;

use futures::{join, try_join};
use shared::auth::identity::WebSocketCaller;
use shared::domain::permissions::Action;
use shared::domain::{ConversationId, Range, UserId};
use shared::protocol::{EncodedFrame, ReadRequest, Receipt, ServerFrame};
use shared::services::access::{audience_of_caller, check_permission};
use shared::services::own_inbox::OwnInbox;
use shared::services::{directory, events, settings};
use shared::store::Inbox;
use shared::{App, Error};

/// Notes it, answers with what is kept, and shows it to the other person of a direct conversation or the members of
/// a room that is not too large, and to one's own devices.
pub(crate) async fn read(
    app: &App,
    own: &OwnInbox<'_>,
    request: ReadRequest,
    id: Option<&str>,
) -> Result<EncodedFrame, Error> {
    let conversation = ConversationId::parse(&request.conversation)?;
    let caller = own.caller;
    check_permission(app, &caller.user, &conversation, Action::Note).await?;
    let newest = app.store.page(&conversation, Range::default(), 1, None);
    let (newest, _) = try_join!(newest, own.get())?;
    if newest.messages.first().is_none_or(|newest| newest.seq < request.seq) {
        if let Some(other) = conversation.addressee(&caller.user) {
            directory::check_exists(app, other).await?;
        }
        return Err(Error::Invalid("`seq` is beyond the last message".into()));
    }
    let mark = app.store.mark_read(&caller.user, &conversation, request.seq).await?;
    let receipt = ServerFrame::Receipt(Receipt {
        conversation: conversation.to_string(),
        user: caller.user.to_string(),
        delivered: None,
        read: Some(mark.upto),
    });
    if mark.moved {
        let people = audience_of_caller(app, own, conversation.pair(), Action::Note).await?;
        let frame = receipt.encode();
        let others = async {
            if let ConversationId::Room(room) = conversation {
                events::show_read(app, room, &caller.user, &frame).await;
            }
        };
        join!(show(app, caller, &people, &frame), others);
    }
    if let Some(kept) = &mark.unmarked {
        settings::show_kept(app, &caller.user, &conversation, kept).await;
    }
    Ok(receipt.answer(id))
}

/// Pushes a frame to the connections of `people`, but for the speaking one. Nothing waits for it.
pub(crate) async fn show(
    app: &App,
    caller: &WebSocketCaller,
    people: &BTreeMap<UserId, Inbox>,
    frame: &EncodedFrame,
) {
    let now = app.clock.now();
    let mut connections: Vec<_> = people.values().flat_map(|inbox| inbox.ready(now)).collect();
    connections.retain(|connection| *connection != caller.connection);
    app.pusher.push_to_all(connections, frame).await;
}
