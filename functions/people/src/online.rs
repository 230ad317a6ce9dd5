//! Who is online.

use axum::extract::State;
use axum::response::Response;
use futures::try_join;
use shared::App;
use shared::domain::UserId;
use shared::domain::permissions::{self, Action};
use shared::edge::http::{Caller, Failure, Paging};
use shared::protocol::OnlineUser;
use shared::services::access::relationship_of_two;
use shared::store::Inbox;

/// `GET /api/online_users`: those with a connection that stands, by name, but for those whom a block
/// hides from the caller.
pub(crate) async fn users(
    State(app): State<App>,
    caller: Caller,
    paging: Paging,
) -> Result<Response, Failure> {
    let after = paging.after(UserId::from_encoded)?;
    let own = async {
        Ok(match caller.user() {
            Some(user) => Some((app.store.inbox(&user).await?, user)),
            None => None,
        })
    };
    let online = app.store.online(after.as_ref(), Some(paging.limit));
    let (online, own) = try_join!(online, own)?;
    let now = app.clock.now();
    let watches = |other: &UserId, theirs: &Inbox| {
        own.as_ref().is_none_or(|(inbox, user)| {
            user == other
                || permissions::allows(
                    Action::Watch,
                    relationship_of_two((user, inbox), (other, theirs)),
                )
        })
    };
    let shown = online.items.into_iter().filter(|(user, inbox)| watches(user, inbox));
    let users = shown.filter_map(|(user, inbox)| {
        let connected_at = inbox.live(now).map(|(_, connection)| connection.connected_at).min()?;
        Some(OnlineUser { user: user.to_string(), connected_at })
    });
    let users: Vec<_> = users.collect();
    Ok(paging.list(&users, online.next.as_deref()))
}
