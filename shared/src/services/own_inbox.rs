//! The inbox of whoever sent a frame: read once, and asked whether they may still speak.

use tokio::sync::OnceCell;

use crate::auth::identity::WebSocketCaller;
use crate::domain::{Member, RoomId};
use crate::store::{Inbox, Overdue};
use crate::{App, Error};

/// The caller of one frame with their inbox, which is read when it is first asked for.
///
/// The authorizer looks at a session once, when its connection is made. What happened to the session
/// since, the inbox tells; so every action asks for it, beside whatever else it reads first, and before
/// anything is said, shown or changed.
#[derive(Debug)]
pub struct OwnInbox<'a> {
    app: &'a App,
    /// Who sent the frame.
    pub caller: &'a WebSocketCaller,
    read: OnceCell<Inbox>,
    stands: OnceCell<()>,
}

impl<'a> OwnInbox<'a> {
    /// Reads nothing yet.
    pub fn of(app: &'a App, caller: &'a WebSocketCaller) -> Self {
        Self { app, caller, read: OnceCell::new(), stands: OnceCell::new() }
    }

    /// The inbox, strongly consistent; refused if the connection's session has ended.
    pub async fn get(&self) -> Result<&Inbox, Error> {
        let read = || self.app.store.inbox(&self.caller.user);
        let inbox = self.read.get_or_try_init(read).await?;
        if self.shows_the_end(inbox) { Err(Overdue::Session.why()) } else { Ok(inbox) }
    }

    /// The inbox, and what the caller is to a room if they are its member: in one request; refused as well
    /// if the connection's session has ended.
    pub async fn get_with_member(&self, room: RoomId) -> Result<Option<Member>, Error> {
        let (member, inbox) = self.app.store.member_and_inbox(room, &self.caller.user).await?;
        let has_ended = self.shows_the_end(&inbox);
        // One that was read before is good enough.
        drop(self.read.set(inbox));
        if has_ended { Err(Overdue::Session.why()) } else { Ok(member) }
    }

    /// Has `note` note that the connection stands, once however many ask.
    pub async fn stands(&self, note: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
        self.stands.get_or_try_init(|| note).await.copied()
    }

    /// Whether it was read, and said that the connection's session has ended.
    pub fn has_ended(&self) -> bool {
        self.read.get().is_some_and(|inbox| self.shows_the_end(inbox))
    }

    fn shows_the_end(&self, inbox: &Inbox) -> bool {
        inbox.has_ended_for(&self.caller.connection, self.caller.session)
    }
}
