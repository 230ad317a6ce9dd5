//! Hands over what waits: under a lease, in order, and never past a message nobody took.

use std::collections::HashMap;
use std::time::Duration;

use futures::try_join;
use shared::domain::permissions::{self, Action};
use shared::domain::{ConnectionId, ConversationId, Message, Page, Range, Seq, Timestamp, UserId};
use shared::protocol::{Receipt, ServerFrame};
use shared::pusher::Push;
use shared::services::access::{between, hears};
use shared::store::{Advance, Drain, Inbox, Update};
use shared::{App, Error};
use uuid::Uuid;

use crate::overflow;

/// How long a drain may be silent before another may take over; longer than one push can take.
const LEASE: Duration = Duration::from_secs(10);
/// How long one invocation drains before it leaves the rest to another; the function has two minutes.
const BUDGET: Duration = Duration::from_secs(60);
/// How many messages are read at once.
const PAGE: usize = 50;
/// How often to try again when API Gateway takes nothing though the connection stands.
const TRIES: u32 = 4;
/// How long to wait before trying again; doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// How one conversation's drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drained {
    /// Nothing waits any more.
    Empty,
    /// Somebody else drains, until then at most.
    Elsewhere(Timestamp),
    /// A message was not taken; it and what follows waits on.
    Stuck,
    /// There is more than one invocation has time for; another goes on.
    OutOfTime,
}

/// Where a drain stands.
struct Progress {
    /// The mark as this drain knows it.
    mark: Seq,
    /// The first message not pushed.
    next: Seq,
    /// When the lease was last taken or renewed.
    renewed: Timestamp,
    /// The last message that a sender left to this drain, as far as is known.
    left: Option<Seq>,
}

impl Progress {
    fn advance(&self) -> Advance {
        Advance { mark: self.mark, next: self.next }
    }
}

/// What became of a page.
enum Pushed {
    /// Each message was taken, as far as time allowed; perhaps there are more.
    All { more: bool },
    /// Nobody took one, and the drain was given back.
    Stuck,
}

/// Drains every conversation of which something waits, while somebody is there to take it.
///
/// An error if API Gateway takes nothing for long though a connection stands: the stream tries again.
pub(crate) async fn everything(app: &App, user: &UserId, mut inbox: Inbox) -> Result<(), Error> {
    let deadline = app.clock.now().plus(BUDGET);
    let mut pause = FIRST_PAUSE;
    let mut others = HashMap::new();
    let mut tries = 0;
    loop {
        let waiting = inbox.waiting_conversations();
        if !inbox.has_waiting() || inbox.ready(app.clock.now()).is_empty() {
            return Ok(());
        }
        let (mut stuck, mut again) = (!overflow::tell(app, user, &inbox).await?, false);
        for conversation in waiting {
            match conversation_of(app, user, &conversation, deadline).await? {
                Drained::Empty => {}
                Drained::Stuck => stuck = true,
                // A lease that is renewed is somebody alive; one that is not, is worth waiting for.
                Drained::Elsewhere(until) => {
                    again |= others.insert(conversation, until).is_none_or(|seen| seen == until);
                }
                Drained::OutOfTime => return app.store.wake(user).await,
            }
        }
        if !stuck && !again {
            return Ok(());
        }
        tries += u32::from(stuck);
        if tries > TRIES {
            return Err(Error::Push {
                action: "hand over what waits",
                source: "API Gateway takes nothing for a connection that stands".into(),
            });
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(4));
        inbox = app.store.inbox(user).await?;
    }
}

async fn conversation_of(
    app: &App,
    user: &UserId,
    conversation: &ConversationId,
    deadline: Timestamp,
) -> Result<Drained, Error> {
    let holder = Uuid::now_v7().to_string();
    let drain = Drain { user, conversation, holder: &holder };
    let now = app.clock.now();
    let (Update::Applied(inbox) | Update::Refused(inbox)) =
        app.store.take_lease(&drain, now, now.plus(LEASE)).await?;
    let waiting = inbox.waiting(conversation);
    let (Some(mark), Some(lease)) = (waiting.from, waiting.lease) else {
        return Ok(Drained::Empty);
    };
    if lease.holder != holder {
        return Ok(Drained::Elsewhere(lease.until));
    }
    hand_over(app, &drain, Progress { mark, next: mark, renewed: now, left: None }, deadline).await
}

async fn hand_over(
    app: &App,
    drain: &Drain<'_>,
    mut progress: Progress,
    deadline: Timestamp,
) -> Result<Drained, Error> {
    loop {
        if app.clock.now() > deadline {
            let advance = progress.advance();
            app.store.hand_back(drain, advance, &[], app.clock.now()).await?;
            return Ok(Drained::OutOfTime);
        }
        let range = Range { before: None, after: Some(progress.next - 1) };
        let now = Some(app.clock.now());
        let page = app.store.page(drain.conversation, range, PAGE, now).await?;
        // Read after the page: whoever was ready when a message on it was sent is seen here, and
        // whoever left before one was said is seen to have left.
        let (inbox, hears) =
            try_join!(app.store.inbox(drain.user), hears(app, drain.user, drain.conversation))?;
        let after = match hears {
            Some(first) if progress.next < first => {
                // What was said before they came is not for them.
                progress.next = first;
                continue;
            }
            Some(_) => match push_page(app, drain, &mut progress, &page, &inbox).await? {
                Pushed::All { more } => step(app, drain, &mut progress, more).await?,
                Pushed::Stuck => return Ok(Drained::Stuck),
            },
            None => drop_mark(app, drain, &progress).await?,
        };
        let Some(after) = after else {
            show_receipt(app, drain, &inbox, progress.next).await?;
            return Ok(Drained::Empty);
        };

        let waiting = after.waiting(drain.conversation);
        progress.left = waiting.skip;
        match (waiting.from, waiting.lease) {
            (Some(mark), Some(lease)) if lease.holder == drain.holder => {
                if mark != progress.mark {
                    progress = Progress { mark, next: progress.next.min(mark), ..progress };
                }
            }
            (Some(_), Some(lease)) => return Ok(Drained::Elsewhere(lease.until)),
            _ => return Ok(Drained::Empty),
        }
    }
}

/// Pushes a page in order; if nobody takes a message, gives the drain back there.
async fn push_page(
    app: &App,
    drain: &Drain<'_>,
    progress: &mut Progress,
    page: &Page,
    inbox: &Inbox,
) -> Result<Pushed, Error> {
    let mut ready = inbox.ready(app.clock.now());
    let mut gone = Vec::new();
    for message in &page.messages {
        if !push(app, message, &mut ready, &mut gone).await {
            let advance = progress.advance();
            app.store.hand_back(drain, advance, &gone, app.clock.now()).await?;
            return Ok(Pushed::Stuck);
        }
        progress.next = message.seq + 1;
        if app.clock.now().since(progress.renewed) > LEASE / 2 {
            break;
        }
    }
    if !gone.is_empty() {
        app.store.remove_connections(drain.user, &gone, app.clock.now()).await?;
    }
    let rest = page.messages.last().is_some_and(|last| last.seq >= progress.next);
    if let Some(after) = page.after.filter(|_| !rest) {
        // What ends the page may have expired.
        progress.next = progress.next.max(after + 1);
    }
    Ok(Pushed::All { more: rest || page.after.is_some() })
}

/// Whoever has no part in a conversation any more hears nothing of it: what waits is dropped, unless
/// somebody left something since that was looked up.
async fn drop_mark(
    app: &App,
    drain: &Drain<'_>,
    progress: &Progress,
) -> Result<Option<Inbox>, Error> {
    let before = progress.left.unwrap_or(progress.mark - 1);
    match app.store.finish(drain, progress.mark, before).await? {
        Update::Applied(_) => Ok(None),
        Update::Refused(inbox) => Ok(Some(inbox)),
    }
}

/// Tells the other person of a direct conversation that everything before `next` was delivered: one
/// receipt for the whole backlog. Nobody waits for it.
async fn show_receipt(app: &App, drain: &Drain<'_>, own: &Inbox, next: Seq) -> Result<(), Error> {
    let Some(other) = drain.conversation.addressee(drain.user).filter(|it| *it != drain.user)
    else {
        return Ok(());
    };
    if own.overflows() {
        // Something before it may wait without being listed.
        return Ok(());
    }
    let receipt = ServerFrame::Receipt(Receipt {
        conversation: drain.conversation.to_string(),
        user: drain.user.to_string(),
        delivered: Some(next - 1),
        read: None,
    });
    let inbox = app.store.inbox(other).await?;
    if !permissions::allows(Action::Note, between((drain.user, own), (other, &inbox))) {
        return Ok(());
    }
    app.pusher.push_to_all(inbox.ready(app.clock.now()), &receipt.encode()).await;
    Ok(())
}

/// Renews the lease if there is more, else tries to finish; the inbox unless it is finished.
async fn step(
    app: &App,
    drain: &Drain<'_>,
    progress: &mut Progress,
    more: bool,
) -> Result<Option<Inbox>, Error> {
    let store = &app.store;
    if more {
        let now = app.clock.now();
        let advance = progress.advance();
        let update = store.advance(drain, advance, now.plus(LEASE)).await?;
        if matches!(update, Update::Applied(_)) {
            *progress = Progress { mark: progress.next, renewed: now, ..*progress };
        }
        return Ok(Some(update.into_inbox()));
    }
    match store.finish(drain, progress.mark, progress.next - 1).await? {
        Update::Applied(_) => Ok(None),
        Update::Refused(inbox) => Ok(Some(inbox)),
    }
}

/// Pushes one message to all of `ready`; those found gone move to `gone`. False if nobody took it.
async fn push(
    app: &App,
    message: &Message,
    ready: &mut Vec<ConnectionId>,
    gone: &mut Vec<ConnectionId>,
) -> bool {
    let frame = ServerFrame::Message(message.into()).encode();
    let pushes = app.pusher.push_to_all(ready.clone(), &frame).await;
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
