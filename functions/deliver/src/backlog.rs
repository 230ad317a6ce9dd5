//! Delivers what waits: under a lease, in order, and never past a message nobody took.

use std::collections::HashMap;
use std::time::Duration;

use futures::try_join;
use shared::domain::permissions::{self, Action};
use shared::domain::{ConnectionId, ConversationId, Page, Range, Seq, Timestamp, UserId};
use shared::protocol::{Batch, Receipt, ServerFrame, StepKind, batches};
use shared::pusher::Push;
use shared::services::access::{can_receive, relationship_of_two};
use shared::services::delivery::count_delivered;
use shared::services::shown::{quotes, reader};
use shared::store::{Advance, BacklogDelivery, Inbox, Update};
use shared::{App, Error};
use uuid::Uuid;

use crate::overflow;

/// How long a backlog delivery may be silent before another may take over; longer than one push can
/// take.
const LEASE: Duration = Duration::from_secs(10);
/// How long one invocation delivers before it leaves the rest to another; the function has two minutes.
const BUDGET: Duration = Duration::from_secs(60);
/// How many messages are read at once, and how many come of more than are delivered.
const PAGE: usize = 100;
/// How often to try again when API Gateway takes nothing though the connection stands.
const TRIES: u32 = 4;
/// How long to wait before trying again; doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// How one conversation's backlog delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Nothing waits any more.
    Empty,
    /// Somebody else delivers the backlog, until then at most.
    Elsewhere(Timestamp),
    /// A message was not taken; it and what follows waits on.
    Stuck,
    /// There is more than one invocation has time for; another goes on.
    OutOfTime,
}

/// Where a backlog delivery stands.
struct Position {
    /// The mark as this delivery knows it.
    mark: Seq,
    /// The first message not pushed.
    next: Seq,
    /// When the lease was last taken or renewed.
    renewed: Timestamp,
    /// The last message that a sender left to this delivery, as far as is known.
    left: Option<Seq>,
}

impl Position {
    fn advance(&self) -> Advance {
        Advance { mark: self.mark, next: self.next }
    }
}

/// What became of a page.
enum Pushed {
    /// Each message was taken, as far as time allowed; perhaps there are more.
    All { more: bool },
    /// Nobody took one, and the lease was released.
    Stuck,
}

/// Delivers the backlog of every conversation of which something waits, while somebody is there to
/// take it.
///
/// An error if API Gateway takes nothing for long though a connection stands: the stream tries again.
pub(crate) async fn deliver(app: &App, user: &UserId, mut inbox: Inbox) -> Result<(), Error> {
    let deadline = app.clock.now().plus(BUDGET);
    let mut pause = FIRST_PAUSE;
    let mut others = HashMap::new();
    let mut tries = 0;
    loop {
        let pending = inbox.pending_conversations();
        if !inbox.has_pending() || inbox.ready(app.clock.now()).is_empty() {
            return Ok(());
        }
        let (mut stuck, mut again) =
            (!overflow::push_more_waiting(app, user, &inbox).await?, false);
        for conversation in pending {
            match deliver_conversation(app, user, &conversation, deadline).await? {
                Outcome::Empty => {}
                Outcome::Stuck => stuck = true,
                // A lease that is renewed is somebody alive; one that is not, is worth waiting for.
                Outcome::Elsewhere(until) => {
                    again |= others.insert(conversation, until).is_none_or(|seen| seen == until);
                }
                Outcome::OutOfTime => return app.store.notify(user).await,
            }
        }
        if !stuck && !again {
            return Ok(());
        }
        tries += u32::from(stuck);
        if tries > TRIES {
            return Err(Error::Push {
                action: "deliver what waits",
                source: "API Gateway takes nothing for a connection that stands".into(),
            });
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(4));
        inbox = app.store.inbox(user).await?;
    }
}

async fn deliver_conversation(
    app: &App,
    user: &UserId,
    conversation: &ConversationId,
    deadline: Timestamp,
) -> Result<Outcome, Error> {
    let holder = Uuid::now_v7().to_string();
    let delivery = BacklogDelivery { user, conversation, holder: &holder };
    let now = app.clock.now();
    let (Update::Applied(inbox) | Update::Refused(inbox)) =
        app.store.take_lease(&delivery, now, now.plus(LEASE)).await?;
    let pending = inbox.pending(conversation);
    let (Some(mark), Some(lease)) = (pending.from, pending.lease) else {
        return Ok(Outcome::Empty);
    };
    if lease.holder != holder {
        return Ok(Outcome::Elsewhere(lease.until));
    }
    deliver_under_lease(
        app,
        &delivery,
        Position { mark, next: mark, renewed: now, left: None },
        deadline,
    )
    .await
}

async fn deliver_under_lease(
    app: &App,
    delivery: &BacklogDelivery<'_>,
    mut position: Position,
    deadline: Timestamp,
) -> Result<Outcome, Error> {
    loop {
        if app.clock.now() > deadline {
            let advance = position.advance();
            app.store.release_lease(delivery, advance, &[], app.clock.now()).await?;
            return Ok(Outcome::OutOfTime);
        }
        let (mut page, skips) = next_page(app, delivery.conversation, position.next).await?;
        quotes::fill(app, &mut page.messages).await?;
        // Read after the page: whoever was ready when a message on it was sent is seen here, and
        // whoever left before one was said is seen to have left.
        let (inbox, readable_from) = try_join!(
            app.store.inbox(delivery.user),
            can_receive(app, delivery.user, delivery.conversation)
        )?;
        match inbox.pending(delivery.conversation).lease {
            Some(lease) if lease.holder == delivery.holder => {}
            // It took too long, and another delivers by now.
            Some(lease) => return Ok(Outcome::Elsewhere(lease.until)),
            None => return Ok(Outcome::Empty),
        }
        let after = match readable_from {
            Some(first) if position.next < first => {
                // What was said before they came is not for them.
                position.next = first;
                continue;
            }
            Some(first) => {
                reader::fit(app, (delivery.user, first), &mut page.messages).await?;
                match push_page(app, delivery, &mut position, (&page, skips), &inbox).await? {
                    Pushed::All { more } => {
                        advance_or_finish(app, delivery, &mut position, more).await?
                    }
                    Pushed::Stuck => return Ok(Outcome::Stuck),
                }
            }
            None => drop_backlog(app, delivery, &position).await?,
        };
        let Some(after) = after else {
            show_receipt(app, delivery, &inbox, position.next).await?;
            return Ok(Outcome::Empty);
        };

        let pending = after.pending(delivery.conversation);
        position.left = pending.late_write;
        match (pending.from, pending.lease) {
            (Some(mark), Some(lease)) if lease.holder == delivery.holder => {
                if mark != position.mark {
                    position = Position { mark, next: position.next.min(mark), ..position };
                }
            }
            (Some(_), Some(lease)) => return Ok(Outcome::Elsewhere(lease.until)),
            _ => return Ok(Outcome::Empty),
        }
    }
}

/// The messages from `next` on; or the newest, and that others are skipped, if more wait than are
/// delivered.
async fn next_page(
    app: &App,
    conversation: &ConversationId,
    next: Seq,
) -> Result<(Page, bool), Error> {
    let most = app.config.backlog_messages;
    let limit = if most == 0 { PAGE } else { PAGE.min(most) };
    let (now, range) = (Some(app.clock.now()), Range { before: None, after: Some(next - 1) });
    let page = app.store.page(conversation, range, limit, now).await?;
    if most == 0 || page.after.is_none() {
        return Ok((page, false));
    }
    let newest = app.store.page(conversation, Range::default(), limit, now).await?;
    let ends = newest.messages.first().zip(newest.messages.last());
    let far = u64::try_from(most).unwrap_or(u64::MAX);
    match ends {
        Some((first, last)) if first.seq > next && last.seq - next >= far => {
            Ok((Page { before: None, ..newest }, true))
        }
        _ => Ok((page, false)),
    }
}

/// Pushes a page in order, which `skips` others before it or not; if nobody takes a frame, releases the
/// lease there.
async fn push_page(
    app: &App,
    delivery: &BacklogDelivery<'_>,
    position: &mut Position,
    (page, skips): (&Page, bool),
    inbox: &Inbox,
) -> Result<Pushed, Error> {
    let mut ready = inbox.ready(app.clock.now());
    let mut gone = Vec::new();
    let steps = app.steps(delivery.conversation);
    for Batch { frame, messages } in batches(&page.messages, skips) {
        let pushes = app.pusher.push_to_all(ready.clone(), &frame).await;
        let ends = messages.first().zip(messages.last());
        if let Some((first, last)) = ends {
            steps.pushed(StepKind::Drained, (first.seq, last.seq), delivery.user, &pushes);
        }
        if !sort_out(pushes, &mut ready, &mut gone) {
            let advance = position.advance();
            app.store.release_lease(delivery, advance, &gone, app.clock.now()).await?;
            return Ok(Pushed::Stuck);
        }
        // How long they waited says nothing of how fast deliveries are.
        count_delivered(app, delivery.user, messages);
        position.next = messages.last().map_or(position.next, |last| last.seq + 1);
        if app.clock.now().since(position.renewed) > LEASE / 2 {
            break;
        }
    }
    if !gone.is_empty() {
        app.store.remove_connections(delivery.user, &gone, app.clock.now()).await?;
    }
    let rest = page.messages.last().is_some_and(|last| last.seq >= position.next);
    if let Some(after) = page.after.filter(|_| !rest) {
        // What ends the page may have expired.
        position.next = position.next.max(after + 1);
    }
    Ok(Pushed::All { more: rest || page.after.is_some() })
}

/// Whoever has no part in a conversation any more hears nothing of it: what waits is dropped, unless
/// somebody left something since that was looked up.
async fn drop_backlog(
    app: &App,
    delivery: &BacklogDelivery<'_>,
    position: &Position,
) -> Result<Option<Inbox>, Error> {
    let before = position.left.unwrap_or(position.mark - 1);
    match app.store.finish(delivery, position.mark, before).await? {
        Update::Applied(_) => Ok(None),
        Update::Refused(inbox) => Ok(Some(inbox)),
    }
}

/// Tells the other person of a direct conversation that everything before `next` was delivered: one
/// receipt for the whole backlog. Nobody waits for it.
async fn show_receipt(
    app: &App,
    delivery: &BacklogDelivery<'_>,
    own: &Inbox,
    next: Seq,
) -> Result<(), Error> {
    let Some(other) =
        delivery.conversation.addressee(delivery.user).filter(|it| *it != delivery.user)
    else {
        return Ok(());
    };
    if own.overflows() {
        // Something before it may wait without being listed.
        return Ok(());
    }
    let receipt = ServerFrame::Receipt(Receipt {
        conversation: delivery.conversation.to_string(),
        user: delivery.user.to_string(),
        delivered: Some(next - 1),
        read: None,
    });
    let inbox = app.store.inbox(other).await?;
    if !permissions::allows(
        Action::Note,
        relationship_of_two((delivery.user, own), (other, &inbox)),
    ) {
        return Ok(());
    }
    app.pusher.push_to_all(inbox.ready(app.clock.now()), &receipt.encode()).await;
    Ok(())
}

/// Renews the lease if there is more, else tries to finish; the inbox unless it is finished.
async fn advance_or_finish(
    app: &App,
    delivery: &BacklogDelivery<'_>,
    position: &mut Position,
    more: bool,
) -> Result<Option<Inbox>, Error> {
    let store = &app.store;
    if more {
        let now = app.clock.now();
        let advance = position.advance();
        let update = store.advance(delivery, advance, now.plus(LEASE)).await?;
        if matches!(update, Update::Applied(_)) {
            *position = Position { mark: position.next, renewed: now, ..*position };
        }
        return Ok(Some(update.into_inbox()));
    }
    match store.finish(delivery, position.mark, position.next - 1).await? {
        Update::Applied(_) => Ok(None),
        Update::Refused(inbox) => Ok(Some(inbox)),
    }
}

/// Connections of `ready` that were found gone move to `gone`. False if nobody took the frame.
fn sort_out(
    pushes: Vec<(ConnectionId, Push)>,
    ready: &mut Vec<ConnectionId>,
    gone: &mut Vec<ConnectionId>,
) -> bool {
    let mut taken = false;
    for (connection, push) in pushes {
        match push {
            Push::Taken => taken = true,
            Push::Gone => {
                ready.retain(|other| *other != connection);
                gone.push(connection);
            }
            Push::Failed => {}
        }
    }
    taken
}
