//! Reading what was said: the one place that every page passes on its way to somebody.

use crate::domain::permissions::Action;
use crate::domain::{ConversationId, Page, Range, UserId};
use crate::services::access::reads_from;
use crate::services::directory;
use crate::services::messages::log_page;
use crate::{App, Error};

/// Up to `limit` messages of a conversation that `user` may read; refused to whoever may not do
/// `action` there.
///
/// Who that is is looked up after the page: whoever left before something on it was said is not shown
/// it. `not_found` for a conversation with somebody who was never there.
pub async fn page(
    app: &App,
    user: &UserId,
    conversation: &ConversationId,
    mut range: Range,
    limit: usize,
    action: Action,
) -> Result<Page, Error> {
    loop {
        let mut page = log_page(app, conversation, range, limit).await?;
        let first = reads_from(app, user, conversation, action).await?;
        if range.after.is_some_and(|after| after.saturating_add(1) < first) {
            // A page of nothing but what is hidden helps nobody: it begins where the reader may begin.
            range.after = Some(first - 1);
            continue;
        }
        let whole = range.before.is_none() && range.after.is_none_or(|after| after == 0);
        if page.messages.is_empty()
            && whole
            && let Some(other) = conversation.addressee(user)
            && let Err(unknown) = directory::check_exists(app, other).await
        {
            // Whoever is gone now may have been written to after the page was read; since they are gone
            // nobody can any more.
            page = log_page(app, conversation, range, limit).await?;
            if page.messages.is_empty() {
                return Err(unknown);
            }
        }
        return Ok(page.starting_at(first));
    }
}
