//! `typing`: somebody is about to say something. It is never stored, and nobody waits for it.

use shared::domain::permissions::Action;
use shared::domain::{ConversationId, UserId};
use shared::protocol::{ServerFrame, TypingRequest, typing};
use shared::services::access::{audience_of_caller, check_permission};
use shared::services::directory::{self, find_conversation};
use shared::services::own_inbox::OwnInbox;
use shared::services::presence::presence_audience_of;
use shared::{App, Error, limits};

use crate::receipts;

/// Shows it to the others who are there; in rooms only to few.
pub(crate) async fn show(
    app: &App,
    own: &OwnInbox<'_>,
    request: TypingRequest,
) -> Result<(), Error> {
    let caller = own.caller;
    let (to, room) = (request.to.as_deref(), request.room.as_deref());
    let conversation = find_conversation(app, &caller.user, to, room).await?;
    check_permission(app, &caller.user, &conversation, Action::Type).await?;
    if !is_news(app, &caller.user, &conversation, request.typing) {
        return Ok(());
    }
    if let Some(other) = conversation.addressee(&caller.user) {
        directory::check_exists(app, other).await?;
    }
    let people = presence_audience_of(app, &conversation).await?;
    if people.iter().all(|user| *user == caller.user) {
        return Ok(());
    }
    let mut people = audience_of_caller(app, own, people, Action::Type).await?;
    people.remove(&caller.user);
    let typing = typing(&caller.user, &conversation, request.typing);
    receipts::show(app, caller, &people, &ServerFrame::Typing(typing).encode()).await;
    Ok(())
}

/// Whether others are to see it, as far as one environment knows: that somebody types at most so often,
/// and that they have stopped once after that.
fn is_news(app: &App, user: &UserId, conversation: &ConversationId, typing: bool) -> bool {
    let [types, stops] = ["types", "stops"].map(|what| format!("{conversation} {user} {what}"));
    let now = app.clock.now();
    if !typing {
        return app.typing_limit.admits(stops, now, limits::TYPING_EVERY);
    }
    let admitted = app.typing_limit.admits(types, now, limits::TYPING_EVERY);
    if admitted {
        app.typing_limit.forget(&stops);
    }
    admitted
}
