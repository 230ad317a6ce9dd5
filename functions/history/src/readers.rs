//! `GET /api/conversations/{conversation}/readers`: who has read how far.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use shared::domain::permissions::{self, Action};
use shared::domain::{ConversationId, Seq, UserId};
use shared::edge::http::{Caller, Failure, Paging, Params, Path};
use shared::protocol::Reader;
use shared::services::access;
use shared::{App, Error};

/// The query string beside `after` and `limit`.
#[derive(Deserialize)]
pub(crate) struct ReadersQuery {
    seq: Option<Seq>,
}

/// Everybody of a room, or the two people of a conversation, by id; only those who have read as far as `seq`,
/// if that is given. A block hides how far the other of two has read.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(conversation): Path<String>,
    paging: Paging,
    Params(ReadersQuery { seq }): Params<ReadersQuery>,
) -> Result<Response, Failure> {
    let user = caller.require()?;
    let conversation = ConversationId::parse(&conversation)?;
    if conversation == ConversationId::Lobby {
        let reason = "nobody keeps how far people have read in the lobby";
        return Err(Error::Invalid(reason.into()).into());
    }
    let after = paging.after(UserId::from_encoded)?;
    access::check_permission(&app, &user, &conversation, Action::Note).await?;
    let (people, next) = match conversation {
        ConversationId::Room(room) => {
            let page = app.store.members(room, after.as_ref(), Some(paging.limit)).await?;
            (page.items.into_iter().map(|member| member.user).collect(), page.next)
        }
        ConversationId::Direct(..) | ConversationId::Lobby => {
            two(&app, &user, &conversation, after.as_ref(), paging.limit).await?
        }
    };
    if people.is_empty() {
        return Ok(paging.list(&Vec::<Reader>::new(), None));
    }
    let read = app.store.read_positions(&conversation, &people).await?;
    let upto = |user: &UserId| read.iter().find(|(it, _)| it == user).map_or(0, |(_, seq)| *seq);
    let readers = people.iter().map(|user| (user, upto(user)));
    let readers = readers.filter(|(_, upto)| seq.is_none_or(|seq| *upto >= seq));
    let readers: Vec<_> =
        readers.map(|(user, read_seq)| Reader { user: user.to_string(), read_seq }).collect();
    Ok(paging.list(&readers, next.as_deref()))
}

/// The people of a conversation of two whom `user` is shown, and where the list goes on.
async fn two(
    app: &App,
    user: &UserId,
    conversation: &ConversationId,
    after: Option<&UserId>,
    limit: usize,
) -> Result<(Vec<UserId>, Option<String>), Error> {
    let mut people = conversation.pair();
    if let [first, second] = &people[..] {
        let inboxes = app.store.inboxes(&people).await?;
        let inbox = |user| inboxes.get(user).cloned().unwrap_or_default();
        let (first, second) = ((first, &inbox(first)), (second, &inbox(second)));
        if !permissions::allows(Action::Note, access::relationship_of_two(first, second)) {
            people.retain(|person| person == user);
        }
    }
    people.sort_by_key(UserId::encoded);
    people.retain(|person| after.is_none_or(|after| person.encoded() > after.encoded()));
    let more = people.len() > limit;
    people.truncate(limit);
    let next = people.last().filter(|_| more).map(UserId::encoded);
    Ok((people, next))
}
