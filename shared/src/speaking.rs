//! Saying something: over a WebSocket or by HTTP, to somebody, in a room or to everybody.

use std::collections::BTreeMap;

use futures::{join, try_join};

use crate::accounts::Username;
use crate::chat::{Content, ConversationId, Kind, Message, MessageId, Seq, UserId};
use crate::config::Broadcasters;
use crate::delivery::{Recipients, deliver};
use crate::error::Reason;
use crate::identity::Speaker;
use crate::lambda::log_failure;
use crate::own_inbox::OwnInbox;
use crate::protocol::Ack;
use crate::rules::{self, Action, Standing};
use crate::store::{Appended, Draft, Inbox, Update};
use crate::{App, Error, accounts};

/// What became of something said.
#[derive(Debug)]
pub struct Said {
    /// The message as it is kept.
    pub message: Message,
    /// Whether it had been stored by an earlier send.
    pub duplicate: bool,
    /// Whether a connection of a recipient took it.
    pub delivered: bool,
}

impl Said {
    /// The acknowledgement.
    pub fn ack(&self) -> Ack<'_> {
        Ack {
            status: "ok",
            id: &self.message.id,
            conversation: &self.message.conversation,
            seq: self.message.seq,
            timestamp: self.message.sent_at,
            delivered: self.delivered,
            duplicate: self.duplicate,
        }
    }
}

/// What somebody wants to say, checked.
pub fn draft(app: &App, from: &UserId, content: &str, id: Option<&str>) -> Result<Draft, Error> {
    Ok(Draft {
        id: id.map(MessageId::parse).transpose()?,
        kind: Kind::Message,
        from: from.clone(),
        about: None,
        content: Content::parse(content, app.config.max_content_bytes)?,
    })
}

/// The conversation that a request means by `to` or by `room`.
pub async fn addressed(
    app: &App,
    user: &UserId,
    to: Option<&str>,
    room: Option<&str>,
) -> Result<ConversationId, Error> {
    match (to, room) {
        (Some(to), None) => Ok(ConversationId::direct(user, &accounts::named(app, to).await?)),
        (None, Some(room)) => Ok(ConversationId::Room(app.store.find_room_id(room).await?)),
        (Some(_), Some(_)) => Err(Error::Invalid("say either `to` or `room`".into())),
        (None, None) => Err(Error::Invalid("missing field `to` or `room`".into())),
    }
}

/// What `user` is to a conversation, whatever the two of a direct one think of each other, and the first
/// message there that is for them; in a room a member costs one read, anybody else one more.
async fn standing(
    app: &App,
    user: &UserId,
    conversation: &ConversationId,
) -> Result<(Standing, Seq), Error> {
    let now = app.clock.now();
    let standing = match conversation {
        ConversationId::Lobby => Standing::Peer,
        ConversationId::Direct(first, second) if user == first || user == second => Standing::Peer,
        ConversationId::Direct(..) => Standing::Third,
        ConversationId::Room(room) => match app.store.member(*room, user).await? {
            Some(member) => {
                return Ok((member.standing(now), member.reads_from.unwrap_or(0)));
            }
            None => app.store.relation(*room, user).await?.standing(now),
        },
    };
    Ok((standing, 0))
}

/// The first message that `user` hears of a conversation, if any; nobody hears what is not theirs.
pub async fn hears(
    app: &App,
    user: &UserId,
    conversation: &ConversationId,
) -> Result<Option<Seq>, Error> {
    match standing(app, user, conversation).await {
        Ok((standing, first)) => Ok(rules::allows(Action::Hear, standing).then_some(first)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The first message of a conversation that `user` may read; refused if they may not do `action` there.
pub async fn reads_from(
    app: &App,
    user: &UserId,
    conversation: &ConversationId,
    action: Action,
) -> Result<Seq, Error> {
    let (standing, first) = standing(app, user, conversation).await?;
    rules::permit(action, standing)?;
    Ok(first)
}

/// Refuses what `user` may not do in a conversation.
pub async fn permit(
    app: &App,
    user: &UserId,
    conversation: &ConversationId,
    action: Action,
) -> Result<(), Error> {
    reads_from(app, user, conversation, action).await.map(drop)
}

/// Refuses whoever may not say something to everybody. Where usernames are named, one read tells the
/// caller's.
pub async fn permit_broadcast(app: &App, user: &UserId) -> Result<(), Error> {
    const REFUSED: Error = Error::Forbidden(Reason::Broadcast);
    let names = match &app.config.broadcasters {
        Broadcasters::Everybody => return Ok(()),
        Broadcasters::Nobody => return Err(REFUSED),
        Broadcasters::These(names) => names,
    };
    if names.iter().any(|name| name == user.as_str()) {
        return Ok(());
    }
    if !app.config.has_accounts() {
        return Err(REFUSED);
    }
    let username = accounts::account(app, user).await?.username.map(|username| username.key());
    let named = names.iter().filter_map(|name| Username::parse(name).ok());
    let named = named.map(|name| name.key()).any(|name| Some(name) == username);
    if named { Ok(()) } else { Err(REFUSED) }
}

/// What `user` is to the conversation with `other`, by the inboxes of both.
pub fn between(user: (&UserId, &Inbox), other: (&UserId, &Inbox)) -> Standing {
    rules::of_two(user.1.blocked.contains_key(other.0), other.1.blocked.contains_key(user.0))
}

/// The inboxes of `people` to whom no block hides `action` of `user`, that of `user` among them.
pub async fn audience(
    app: &App,
    user: &UserId,
    mut people: Vec<UserId>,
    action: Action,
) -> Result<BTreeMap<UserId, Inbox>, Error> {
    if !people.contains(user) {
        people.push(user.clone());
    }
    let mut inboxes = app.store.inboxes(&people).await?;
    let own = inboxes.get(user).cloned().unwrap_or_default();
    inboxes.retain(|other, inbox| {
        other == user || rules::allows(action, between((user, &own), (other, inbox)))
    });
    Ok(inboxes)
}

/// The same for whoever sent a frame, whose own inbox is read once.
pub async fn audience_of(
    app: &App,
    own: &OwnInbox<'_>,
    mut people: Vec<UserId>,
    action: Action,
) -> Result<BTreeMap<UserId, Inbox>, Error> {
    let user = &own.speaker.user;
    people.retain(|person| person != user);
    let (own, mut inboxes) = try_join!(own.get(), app.store.inboxes(&people))?;
    inboxes.retain(|other, inbox| rules::allows(action, between((user, own), (other, inbox))));
    inboxes.insert(user.clone(), own.clone());
    Ok(inboxes)
}

/// Says something without a connection: stores before it delivers, and is done only when everybody
/// was reached or marked.
pub async fn say(app: &App, conversation: &ConversationId, draft: &Draft) -> Result<Said, Error> {
    let permission = || permit(app, &draft.from, conversation, Action::Speak);
    let (message, duplicate) = store(app, conversation, draft, permission).await?;
    let recipients = recipients(app, &message).await?;
    let delivered = deliver(app, &message, recipients, None).await?;
    Ok(Said { message, duplicate, delivered })
}

/// The same over a connection.
///
/// The speaker's own inbox is read before the message is stored, beside the permission, so that whoever
/// has signed out says nothing. Nothing waits for the speaker, who has the ack: for them an older image
/// is good enough.
pub async fn say_over(
    app: &App,
    conversation: &ConversationId,
    draft: &Draft,
    own: &OwnInbox<'_>,
) -> Result<Said, Error> {
    let permission = || async {
        let permission = permit(app, &draft.from, conversation, Action::Speak);
        try_join!(permission, own.get()).map(drop)
    };
    let (message, duplicate) = store(app, conversation, draft, permission).await?;
    let inbox = own.get().await?;
    let (recipients, noted) = join!(
        recipients_beside(app, &message, Some((&draft.from, inbox))),
        note_presence(app, own.speaker, inbox),
    );
    // The next frame notes it again.
    noted.map_or_else(|error| log_failure(&error), drop);
    let delivered = deliver(app, &message, recipients?, Some(&own.speaker.connection)).await?;
    Ok(Said { message, duplicate, delivered })
}

/// The message as it is kept, and whether it was before.
async fn store<Permission: Future<Output = Result<(), Error>>>(
    app: &App,
    conversation: &ConversationId,
    draft: &Draft,
    permission: impl Fn() -> Permission,
) -> Result<(Message, bool), Error> {
    let (now, rules) = (app.clock.now(), app.config.rules());
    Ok(match app.store.append(conversation, draft, permission, now, rules).await? {
        Appended::Stored(message) => (message, false),
        Appended::Repeat(message) => (message, true),
    })
}

/// Everybody a message is for.
pub(crate) async fn recipients(app: &App, message: &Message) -> Result<Recipients, Error> {
    recipients_beside(app, message, None).await
}

/// The same, one of whom is known already.
async fn recipients_beside(
    app: &App,
    message: &Message,
    known: Option<(&UserId, &Inbox)>,
) -> Result<Recipients, Error> {
    let conversation = &message.conversation;
    let mut people = match conversation {
        ConversationId::Direct(..) => conversation.pair(),
        ConversationId::Room(room) => {
            let members = app.store.members(*room, None, None).await?.items;
            let theirs = members.into_iter().filter(|member| member.may_read(message.seq));
            theirs.map(|member| member.user).collect()
        }
        ConversationId::Lobby => app.store.online_users(None, None).await?,
    };
    let known = known.filter(|(user, _)| people.contains(user));
    people.retain(|person| known.is_none_or(|(user, _)| person != user));
    let (mut inboxes, unread) = app.store.readable_inboxes(&people).await;
    inboxes.extend(known.map(|(user, inbox)| (user.clone(), inbox.clone())));
    Ok(Recipients { inboxes: inboxes.into_iter().collect(), unread })
}

/// Who sees each other come, go and type in a conversation: two people, or the members of a small
/// room; nobody if it is of many.
pub async fn circle(app: &App, conversation: &ConversationId) -> Result<Vec<UserId>, Error> {
    let ConversationId::Room(room) = conversation else { return Ok(conversation.pair()) };
    let most = app.config.presence_room_size;
    // One more tells whether it is too large.
    let members = app.store.members(*room, None, Some(most + 1)).await?.items;
    if members.len() > most {
        return Ok(Vec::new());
    }
    Ok(members.into_iter().map(|member| member.user).collect())
}

/// Remembers the speaking connection as ready unless `inbox` says so already; true if it did not.
///
/// Its greeting may be late or lost; a client's own frame proves that the handshake is through.
pub async fn note_presence(app: &App, speaker: &Speaker, inbox: &Inbox) -> Result<bool, Error> {
    let Speaker { user, connection, .. } = speaker;
    let known = inbox.connections.get(connection);
    if known.is_some_and(|known| known.ready) {
        return Ok(false);
    }
    let readied = match known {
        Some(_) => app.store.make_ready(user, connection).await?,
        None => Update::Refused(Inbox::default()),
    };
    let after = match readied {
        Update::Applied(after) => after,
        Update::Refused(_) => {
            app.store.make_present(user, connection, &speaker.as_connection(true)).await?
        }
    };
    if after.has_waiting() {
        app.store.wake(user).await?;
    }
    Ok(true)
}
