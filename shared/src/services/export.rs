//! What somebody takes with them: all that is kept of a person, or of a room, page by page.

use crate::domain::permissions::Action;
use crate::domain::{Actor, ConversationId, Message, Range, Seq, UserId};
use crate::protocol::{Block, ExportLine, Person, RoomView, member_at};
use crate::services::messages::read;
use crate::services::{directory, rooms, settings};
use crate::{App, Error};

/// Where an export goes on: behind this message of this conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The conversation.
    pub conversation: ConversationId,
    /// The message; 0 before the first.
    pub seq: Seq,
}

impl Place {
    /// Reads what [`Display`](std::fmt::Display) wrote.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let invalid = || Error::Invalid("this is no place of an export".into());
        let (conversation, seq) = text.rsplit_once('@').ok_or_else(invalid)?;
        let conversation = ConversationId::parse(conversation)?;
        Ok(Self { conversation, seq: seq.parse().map_err(|_| invalid())? })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.conversation, self.seq)
    }
}

/// Some of an export, and where it goes on.
#[derive(Debug)]
pub struct Part {
    /// The lines.
    pub lines: Vec<ExportLine>,
    /// Where the next part begins, if there is one.
    pub next: Option<Place>,
}

/// All that is kept of a person: who they are and whom they have blocked, then conversation after
/// conversation with what they may read there, also of the archive; at most so many messages at once.
pub async fn person(
    app: &App,
    user: &UserId,
    after: Option<Place>,
    limit: usize,
) -> Result<Part, Error> {
    let Some(Place { conversation, seq }) = after else {
        let mut lines = about(app, user).await?;
        let next = begin_next(app, user, None, &mut lines).await?;
        return Ok(Part { lines, next });
    };
    let range = Range { before: None, after: Some(seq) };
    let page = read::page(app, user, &conversation, range, limit, Action::Read).await;
    let (mut lines, more) = match page {
        Ok(page) => (messages(&page.messages), page.after),
        // They have left meanwhile.
        Err(error) if error.is_clients_fault() => (Vec::new(), None),
        Err(error) => return Err(error),
    };
    let next = match more {
        Some(seq) => Some(Place { conversation, seq }),
        None => begin_next(app, user, Some(&conversation), &mut lines).await?,
    };
    Ok(Part { lines, next })
}

/// All that is kept of a room, for its owners: what it is, who is in it, then what was said.
pub async fn room(
    app: &App,
    actor: &Actor,
    id_or_name: &str,
    after: Option<Place>,
    limit: usize,
) -> Result<Part, Error> {
    let room = rooms::permitted(app, actor, id_or_name, Action::Change).await?.room;
    let conversation = room.conversation();
    let Some(Place { seq, .. }) = after else {
        let mut lines = vec![ExportLine::Room(RoomView::from(&room))];
        let members = app.store.members(room.id, None, None).await?.items;
        let now = app.clock.now();
        lines.extend(members.iter().map(|member| ExportLine::Member(member_at(now, member))));
        return Ok(Part { lines, next: Some(Place { conversation, seq: 0 }) });
    };
    let range = Range { before: None, after: Some(seq) };
    let page = read::page(app, actor, &conversation, range, limit, Action::Read).await?;
    let lines = messages(&page.messages);
    Ok(Part { lines, next: page.after.map(|seq| Place { conversation, seq }) })
}

/// Who somebody is, and whom they have blocked.
async fn about(app: &App, user: &UserId) -> Result<Vec<ExportLine>, Error> {
    let person = if app.config.has_accounts() {
        directory::account(app, user).await?.into()
    } else {
        Person::Named { id: user.to_string() }
    };
    let blocked = app.store.inbox(user).await?.blocked.into_iter();
    let blocks = blocked.map(|(user, since)| Block { user: user.to_string(), since });
    let person = std::iter::once(ExportLine::Person(person));
    Ok(person.chain(blocks.map(ExportLine::Block)).collect())
}

/// Begins with the next conversation of `user`, if there is one.
async fn begin_next(
    app: &App,
    user: &UserId,
    after: Option<&ConversationId>,
    lines: &mut Vec<ExportLine>,
) -> Result<Option<Place>, Error> {
    let listed = app.store.memberships(user, after, 1).await?;
    let Some(membership) = listed.items.into_iter().next() else { return Ok(None) };
    let conversation = membership.conversation;
    lines.push(ExportLine::Conversation {
        conversation: conversation.to_string(),
        joined_at: membership.joined_at,
        read_seq: membership.read_seq,
        settings: settings::shown(app, &conversation, &membership.settings).await?,
    });
    Ok(Some(Place { conversation, seq: 0 }))
}

fn messages(messages: &[Message]) -> Vec<ExportLine> {
    messages.iter().map(|message| ExportLine::Message(Box::new(message.into()))).collect()
}
