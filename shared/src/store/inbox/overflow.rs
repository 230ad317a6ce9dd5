//! One coarse mark for all that waits and found no room in the list.
//!
//! It says whether somebody is telling the owner right now, so that what is added meanwhile is told
//! again: whoever tells takes the mark first, and ends it only if it is still theirs.

use super::connections::{removals, with_names};
use super::{Inbox, Update};
use crate::Error;
use crate::domain::{ConnectionId, Timestamp, UserId};
use crate::store::Store;
use crate::store::item::s;

/// The mark while nobody tells.
pub(super) const UNTOLD: &str = "-";

impl Store {
    /// Marks that more waits than is listed, and forgets the connections that turned out gone.
    pub async fn mark_overflow(
        &self,
        user: &UserId,
        gone: &[ConnectionId],
        now: Timestamp,
    ) -> Result<Inbox, Error> {
        let removals = removals(gone);
        let update = with_names(self.update_inbox(user), gone)
            .update_expression(format!("SET overflow = :untold REMOVE arrived{removals}"))
            .expression_attribute_values(":untold", s(UNTOLD));
        let inbox = self.apply(update, "mark that more waits").await?.into_inbox();
        self.note_absence(user, &inbox, now).await?;
        Ok(inbox)
    }

    /// Notes that `teller` is about to tell the owner; refused when there is nothing to tell.
    pub async fn take_overflow(&self, user: &UserId, teller: &str) -> Result<Update, Error> {
        let update = self
            .update_inbox(user)
            .update_expression("SET overflow = :teller REMOVE arrived")
            .condition_expression("attribute_exists(overflow)")
            .expression_attribute_values(":teller", s(teller));
        self.apply(update, "take the word that more waits").await
    }

    /// The owner was told; refused when something was added since `teller` began, or another tells.
    pub async fn end_overflow(&self, user: &UserId, teller: &str) -> Result<Update, Error> {
        let update = self
            .update_inbox(user)
            .update_expression("REMOVE overflow, arrived")
            .condition_expression("overflow = :teller")
            .expression_attribute_values(":teller", s(teller));
        self.apply(update, "note that it was told that more waits").await
    }
}
