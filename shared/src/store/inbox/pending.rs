//! What waits: pending marks, late writes and leases.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;

use super::connections::{notification, removals, with_names};
use super::{Inbox, Lease, Update};
use crate::Error;
use crate::domain::{ConnectionId, ConversationId, Seq, Timestamp, UserId};
use crate::store::Store;
use crate::store::item::{n, s};

/// A backlog delivery of one conversation into one inbox.
#[derive(Clone, Debug)]
pub struct BacklogDelivery<'a> {
    /// Whose inbox.
    pub user: &'a UserId,
    /// Which conversation.
    pub conversation: &'a ConversationId,
    /// Who delivers the backlog.
    pub holder: &'a str,
}

/// How far a backlog delivery got.
#[derive(Clone, Copy, Debug)]
pub struct Advance {
    /// Where the mark stood.
    pub mark: Seq,
    /// The first message that was not pushed.
    pub next: Seq,
}

impl Store {
    /// Marks that everything from `seq` waits, and forgets the connections that turned out gone;
    /// refused when an earlier mark stands already: marks only fall.
    pub async fn mark_pending(
        &self,
        user: &UserId,
        conversation: &ConversationId,
        seq: Seq,
        gone: &[ConnectionId],
        now: Timestamp,
    ) -> Result<Update, Error> {
        let (update, removals) = self.without(user, gone);
        let update = update
            .update_expression(format!("SET #wait = :seq REMOVE arrived{removals}"))
            .condition_expression("attribute_not_exists(#wait) OR #wait > :seq")
            .expression_attribute_names("#wait", format!("wait:{conversation}"))
            .expression_attribute_values(":seq", n(seq));
        let update = self.apply(update, "mark what waits").await?;
        if let Update::Applied(inbox) = &update {
            self.note_absence(user, inbox, now).await?;
        }
        Ok(update)
    }

    /// Notes that messages from the first to the last of `wrote` were written under the mark that was
    /// `seen`, for whoever delivers the backlog, and notifies `deliver` if `notify` says so; refused when the mark or the late write is
    /// not as it was seen.
    pub async fn note_late_write(
        &self,
        user: &UserId,
        conversation: &ConversationId,
        seen: (Seq, Option<Seq>),
        wrote: (Seq, Seq),
        notify: bool,
    ) -> Result<Update, Error> {
        let (mark, late_write) = seen;
        let (first, last) = wrote;
        let (set, remove) =
            if notify { (", arrived = :wake", "") } else { ("", " REMOVE arrived") };
        let same_skip =
            if late_write.is_some() { "#skip = :seen_skip" } else { "attribute_not_exists(#skip)" };
        let mut update = self
            .update_inbox(user)
            .update_expression(format!("SET #wait = :wait, #skip = :skip{set}{remove}"))
            .condition_expression(format!("#wait = :seen_wait AND {same_skip}"))
            .expression_attribute_names("#wait", format!("wait:{conversation}"))
            .expression_attribute_names("#skip", format!("skip:{conversation}"))
            .expression_attribute_values(":seen_wait", n(mark))
            .expression_attribute_values(":wait", n(mark.min(first)))
            .expression_attribute_values(
                ":skip",
                n(late_write.map_or(last, |noted| noted.max(last))),
            );
        if let Some(noted) = late_write {
            update = update.expression_attribute_values(":seen_skip", n(noted));
        }
        if notify {
            update = update.expression_attribute_values(":wake", s(notification()));
        }
        self.apply(update, "note a late write").await
    }

    /// Takes the right to deliver the backlog; refused when nothing waits or somebody else has it.
    ///
    /// Late writes noted so far are done with: their messages were stored before, and whoever delivers
    /// the backlog reads the log after this.
    pub async fn take_lease(
        &self,
        delivery: &BacklogDelivery<'_>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Update, Error> {
        let update = self
            .update_inbox(delivery.user)
            .update_expression("SET #lease = :lease REMOVE arrived, #skip")
            .condition_expression(
                "attribute_exists(#wait) AND (attribute_not_exists(#lease) OR #lease.#until < :now)",
            )
            .expression_attribute_names("#wait", format!("wait:{}", delivery.conversation))
            .expression_attribute_names("#lease", format!("lease:{}", delivery.conversation))
            .expression_attribute_names("#skip", format!("skip:{}", delivery.conversation))
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":lease", Lease::encode(delivery.holder, until))
            .expression_attribute_values(":now", n(now.as_millis()));
        self.apply(update, "take a lease").await
    }

    /// Moves the mark behind what was pushed and keeps the lease longer; refused when either is not
    /// this delivery's any more.
    pub async fn advance(
        &self,
        delivery: &BacklogDelivery<'_>,
        advance: Advance,
        until: Timestamp,
    ) -> Result<Update, Error> {
        let update = self
            .update_delivery(delivery, advance.mark)
            .update_expression("SET #wait = :next, #lease = :lease REMOVE arrived")
            .expression_attribute_values(":next", n(advance.next))
            .expression_attribute_values(":lease", Lease::encode(delivery.holder, until));
        self.apply(update, "advance a backlog delivery").await
    }

    /// Ends a backlog delivery: nothing waits any more; refused when the mark fell or a sender wrote
    /// something beyond `pushed` meanwhile.
    pub async fn finish(
        &self,
        delivery: &BacklogDelivery<'_>,
        mark: Seq,
        pushed: Seq,
    ) -> Result<Update, Error> {
        let update = self
            .update_inbox(delivery.user)
            .update_expression("REMOVE #wait, #lease, #skip, arrived")
            .condition_expression(
                "#lease.holder = :holder AND #wait = :mark \
                 AND (attribute_not_exists(#skip) OR #skip <= :pushed)",
            )
            .expression_attribute_names("#wait", format!("wait:{}", delivery.conversation))
            .expression_attribute_names("#lease", format!("lease:{}", delivery.conversation))
            .expression_attribute_names("#skip", format!("skip:{}", delivery.conversation))
            .expression_attribute_values(":holder", s(delivery.holder))
            .expression_attribute_values(":mark", n(mark))
            .expression_attribute_values(":pushed", n(pushed));
        self.apply(update, "finish a backlog delivery").await
    }

    /// Gives the lease back with the mark at the first message not pushed, and forgets the
    /// connections that turned out gone.
    pub async fn release_lease(
        &self,
        delivery: &BacklogDelivery<'_>,
        advance: Advance,
        gone: &[ConnectionId],
        now: Timestamp,
    ) -> Result<Inbox, Error> {
        let removals = removals(gone);
        let update = with_names(self.update_delivery(delivery, advance.mark), gone)
            .update_expression(format!("SET #wait = :next REMOVE #lease, arrived{removals}"))
            .expression_attribute_values(":next", n(advance.next));
        if let Update::Applied(inbox) = self.apply(update, "release a lease").await? {
            self.note_absence(delivery.user, &inbox, now).await?;
            return Ok(inbox);
        }
        let update = with_names(self.update_inbox(delivery.user), gone)
            .update_expression(format!("REMOVE #lease, arrived{removals}"))
            .condition_expression("#lease.holder = :holder")
            .expression_attribute_names("#lease", format!("lease:{}", delivery.conversation))
            .expression_attribute_values(":holder", s(delivery.holder));
        match self.apply(update, "release a lease").await? {
            Update::Refused(_) if !gone.is_empty() => {
                self.remove_connections(delivery.user, gone, now).await
            }
            Update::Applied(inbox) | Update::Refused(inbox) => {
                self.note_absence(delivery.user, &inbox, now).await?;
                Ok(inbox)
            }
        }
    }

    /// An update on condition that `delivery` holds the lease and the mark stands at `mark`.
    fn update_delivery(
        &self,
        delivery: &BacklogDelivery<'_>,
        mark: Seq,
    ) -> UpdateItemFluentBuilder {
        self.update_inbox(delivery.user)
            .condition_expression("#lease.holder = :holder AND #wait = :mark")
            .expression_attribute_names("#wait", format!("wait:{}", delivery.conversation))
            .expression_attribute_names("#lease", format!("lease:{}", delivery.conversation))
            .expression_attribute_values(":holder", s(delivery.holder))
            .expression_attribute_values(":mark", n(mark))
    }
}
