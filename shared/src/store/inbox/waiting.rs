//! What waits: marks, traces and leases.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;

use super::presence::{removals, wake_up, with_names};
use super::{Inbox, Lease, Update};
use crate::Error;
use crate::domain::{ConnectionId, ConversationId, Seq, Timestamp, UserId};
use crate::store::Store;
use crate::store::item::{n, s};

/// A drain of one conversation into one inbox.
#[derive(Clone, Debug)]
pub struct Drain<'a> {
    /// Whose inbox.
    pub user: &'a UserId,
    /// Which conversation.
    pub conversation: &'a ConversationId,
    /// Who drains.
    pub holder: &'a str,
}

/// How far a drain got.
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
    pub async fn mark(
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

    /// Leaves message `seq` to whoever drains the mark that was `seen`, and wakes `deliver` for it
    /// if `wake` says so; refused when the mark or the trace is not as it was seen.
    pub async fn leave_trace(
        &self,
        user: &UserId,
        conversation: &ConversationId,
        seen: (Seq, Option<Seq>),
        seq: Seq,
        wake: bool,
    ) -> Result<Update, Error> {
        let (mark, skip) = seen;
        let (set, remove) = if wake { (", arrived = :wake", "") } else { ("", " REMOVE arrived") };
        let same_skip =
            if skip.is_some() { "#skip = :seen_skip" } else { "attribute_not_exists(#skip)" };
        let mut update = self
            .update_inbox(user)
            .update_expression(format!("SET #wait = :wait, #skip = :skip{set}{remove}"))
            .condition_expression(format!("#wait = :seen_wait AND {same_skip}"))
            .expression_attribute_names("#wait", format!("wait:{conversation}"))
            .expression_attribute_names("#skip", format!("skip:{conversation}"))
            .expression_attribute_values(":seen_wait", n(mark))
            .expression_attribute_values(":wait", n(mark.min(seq)))
            .expression_attribute_values(":skip", n(skip.map_or(seq, |skip| skip.max(seq))));
        if let Some(skip) = skip {
            update = update.expression_attribute_values(":seen_skip", n(skip));
        }
        if wake {
            update = update.expression_attribute_values(":wake", s(wake_up()));
        }
        self.apply(update, "leave a message to whoever drains").await
    }

    /// Takes the right to drain; refused when nothing waits or somebody else has it.
    ///
    /// Traces left so far are done with: their messages were stored before, and whoever drains reads
    /// the log after this.
    pub async fn take_lease(
        &self,
        drain: &Drain<'_>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Update, Error> {
        let update = self
            .update_inbox(drain.user)
            .update_expression("SET #lease = :lease REMOVE arrived, #skip")
            .condition_expression(
                "attribute_exists(#wait) AND (attribute_not_exists(#lease) OR #lease.#until < :now)",
            )
            .expression_attribute_names("#wait", format!("wait:{}", drain.conversation))
            .expression_attribute_names("#lease", format!("lease:{}", drain.conversation))
            .expression_attribute_names("#skip", format!("skip:{}", drain.conversation))
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":lease", Lease::encode(drain.holder, until))
            .expression_attribute_values(":now", n(now.as_millis()));
        self.apply(update, "take the lease of a drain").await
    }

    /// Moves the mark behind what was pushed and keeps the lease longer; refused when either is not
    /// this drain's any more.
    pub async fn advance(
        &self,
        drain: &Drain<'_>,
        advance: Advance,
        until: Timestamp,
    ) -> Result<Update, Error> {
        let update = self
            .update_drained(drain, advance.mark)
            .update_expression("SET #wait = :next, #lease = :lease REMOVE arrived")
            .expression_attribute_values(":next", n(advance.next))
            .expression_attribute_values(":lease", Lease::encode(drain.holder, until));
        self.apply(update, "advance a drain").await
    }

    /// Ends a drain: nothing waits any more; refused when the mark fell or a sender left something
    /// beyond `pushed` meanwhile.
    pub async fn finish(&self, drain: &Drain<'_>, mark: Seq, pushed: Seq) -> Result<Update, Error> {
        let update = self
            .update_inbox(drain.user)
            .update_expression("REMOVE #wait, #lease, #skip, arrived")
            .condition_expression(
                "#lease.holder = :holder AND #wait = :mark \
                 AND (attribute_not_exists(#skip) OR #skip <= :pushed)",
            )
            .expression_attribute_names("#wait", format!("wait:{}", drain.conversation))
            .expression_attribute_names("#lease", format!("lease:{}", drain.conversation))
            .expression_attribute_names("#skip", format!("skip:{}", drain.conversation))
            .expression_attribute_values(":holder", s(drain.holder))
            .expression_attribute_values(":mark", n(mark))
            .expression_attribute_values(":pushed", n(pushed));
        self.apply(update, "finish a drain").await
    }

    /// Gives the lease back with the mark at the first message not pushed, and forgets the
    /// connections that turned out gone.
    pub async fn hand_back(
        &self,
        drain: &Drain<'_>,
        advance: Advance,
        gone: &[ConnectionId],
        now: Timestamp,
    ) -> Result<Inbox, Error> {
        let removals = removals(gone);
        let update = with_names(self.update_drained(drain, advance.mark), gone)
            .update_expression(format!("SET #wait = :next REMOVE #lease, arrived{removals}"))
            .expression_attribute_values(":next", n(advance.next));
        if let Update::Applied(inbox) = self.apply(update, "hand a drain back").await? {
            self.note_absence(drain.user, &inbox, now).await?;
            return Ok(inbox);
        }
        let update = with_names(self.update_inbox(drain.user), gone)
            .update_expression(format!("REMOVE #lease, arrived{removals}"))
            .condition_expression("#lease.holder = :holder")
            .expression_attribute_names("#lease", format!("lease:{}", drain.conversation))
            .expression_attribute_values(":holder", s(drain.holder));
        match self.apply(update, "give a lease back").await? {
            Update::Refused(_) if !gone.is_empty() => {
                self.remove_connections(drain.user, gone, now).await
            }
            Update::Applied(inbox) | Update::Refused(inbox) => {
                self.note_absence(drain.user, &inbox, now).await?;
                Ok(inbox)
            }
        }
    }

    /// An update on condition that `drain` holds the lease and the mark stands at `mark`.
    fn update_drained(&self, drain: &Drain<'_>, mark: Seq) -> UpdateItemFluentBuilder {
        self.update_inbox(drain.user)
            .condition_expression("#lease.holder = :holder AND #wait = :mark")
            .expression_attribute_names("#wait", format!("wait:{}", drain.conversation))
            .expression_attribute_names("#lease", format!("lease:{}", drain.conversation))
            .expression_attribute_values(":holder", s(drain.holder))
            .expression_attribute_values(":mark", n(mark))
    }
}
