//! Brings the messages of a room to its members that go by the table's stream.
//!
//! The stream only wakes: it promises no order between messages, and may bring the same again. What is
//! brought next the room's `handed` item says, and who has its lease goes on from there.

use std::time::Duration;

use shared::domain::{ConversationId, Seq, Timestamp};
use shared::services::delivery::{Copies, deliver, recipients};
use shared::services::shown::quotes;
use shared::store::{HandOverLease, Taken};
use shared::{App, Error};
use uuid::Uuid;

/// How long a lease holds that nobody keeps.
const LEASE: Duration = Duration::from_secs(10);
/// How often it is kept meanwhile.
const KEPT_EVERY: Duration = Duration::from_secs(3);
/// How many messages are brought at once.
const PAGE: usize = 100;
/// How long one invocation goes on; the function has two minutes.
const BUDGET: Duration = Duration::from_secs(60);
/// How long to wait before looking again whether another has brought them; doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// At most so long.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How the right to bring messages ended.
enum Outcome {
    /// They were brought.
    Done,
    /// Another has it by now.
    Lost,
}

/// Is done when everything up to `last` was brought, by this invocation or another; an error if that takes
/// too long, so that the stream tries again.
pub(crate) async fn hand_over(
    app: &App,
    conversation: &ConversationId,
    last: Seq,
) -> Result<(), Error> {
    let holder = Uuid::now_v7().to_string();
    let lease = HandOverLease { conversation, holder: &holder, lasts: LEASE };
    let deadline = app.clock.now().plus(BUDGET);
    let mut pause = FIRST_PAUSE;
    while app.clock.now() < deadline {
        match app.store.take_hand_over(lease, last, app.clock.now()).await? {
            Taken::Passed => return Ok(()),
            Taken::ByAnother => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Taken::After(handed) => {
                match under_lease(app, lease, (handed, last), deadline).await {
                    Ok(Outcome::Done) => return Ok(()),
                    Ok(Outcome::Lost) => {}
                    Err(error) => {
                        // If that fails too, the lease ends by itself.
                        let released = app.store.release_hand_over(lease).await;
                        released.unwrap_or_else(|error| error.log());
                        return Err(error);
                    }
                }
            }
        }
    }
    Err(too_long())
}

/// The stream tries again, and goes on where this ended.
fn too_long() -> Error {
    Error::Storage { action: "bring messages to a room", source: "it takes too long".into() }
}

async fn under_lease(
    app: &App,
    lease: HandOverLease<'_>,
    (mut handed, last): (Seq, Seq),
    deadline: Timestamp,
) -> Result<Outcome, Error> {
    loop {
        let read_at = app.clock.now();
        let (mut messages, looked) = app.store.by_stream_after(lease.conversation, handed).await?;
        quotes::fill(app, &mut messages).await?;
        // At the end of the log there is nothing else up to `last`.
        let newest = messages.last().map_or(0, |newest| newest.seq);
        let end = looked.unwrap_or(last).max(newest);
        let mut parts = messages.chunks(PAGE).peekable();
        while handed < end {
            let part = parts.next().unwrap_or_default();
            let upto = part.last().filter(|_| parts.peek().is_some()).map_or(end, |it| it.seq);
            let members = tokio::select! {
                biased;
                members = bring(app, lease.conversation, Copies { messages: part, read_at }) => members?,
                () = until_lost(app, lease) => return Ok(Outcome::Lost),
            };
            let (is_done, now) = (upto >= last, app.clock.now());
            if !app.store.advance_hand_over(lease, upto, members, (is_done, now)).await? {
                return Ok(Outcome::Lost);
            }
            if is_done {
                return Ok(Outcome::Done);
            }
            if now >= deadline {
                return Err(too_long());
            }
            handed = upto;
        }
    }
}

/// Brings messages to everybody who is in the room now; how many these are.
async fn bring(
    app: &App,
    conversation: &ConversationId,
    copies: Copies<'_>,
) -> Result<Option<usize>, Error> {
    let (Some(oldest), Some(newest)) = (copies.messages.first(), copies.messages.last()) else {
        return Ok(None);
    };
    let steps = app.steps(conversation);
    steps.handed_over((oldest.seq, newest.seq));
    let recipients = recipients(app, conversation, newest.seq, None).await?;
    let members = recipients.people.len();
    deliver(app, copies, recipients, None, &steps).await?;
    Ok(Some(members))
}

/// Keeps the lease for as long as it is ours.
async fn until_lost(app: &App, lease: HandOverLease<'_>) {
    loop {
        tokio::time::sleep(KEPT_EVERY).await;
        match app.store.keep_hand_over(lease, app.clock.now()).await {
            Ok(true) => {}
            Ok(false) => return,
            // It holds for longer than that.
            Err(error) => error.log(),
        }
    }
}
