//! What is asked over HTTP while the conversation goes on.

use client::Target;
use protocol::{
    ConversationView, MemberView, MessageView, OnlineUser, Presence, PresenceView, Role, RoomView,
    SettingsView,
};
use reqwest::Method;
use serde_json::json;

use crate::account::Account;
use crate::http::{HttpError, List, segment};
use crate::mentions::Named;
use crate::names::Names;
use crate::screen::Show;
use crate::text::visible;

/// How many people are named in a line: with accounts, each name is asked for.
pub(super) const NAMED: usize = 100;

/// An answer, and what to do with it.
pub(crate) enum Reply {
    /// Show it.
    Show(Show),
    /// Somebody has this id, or there is nobody of that name.
    Person { name: String, id: Result<String, HttpError> },
    /// Somebody is there, or is not, if that is known.
    Presence { user: String, status: Option<Presence> },
    /// Where something waits that the inbox did not list.
    Waiting(Vec<ConversationView>),
    /// A room is there, or could not be made.
    Made(Result<RoomView, HttpError>),
    /// Somebody else has made the room.
    IsThere(String),
    /// Who is in a room, if that could be found out.
    Members { conversation: String, people: Option<Vec<Named>> },
    /// Messages from before `first`, which is the first shown.
    Before { conversation: String, messages: Vec<MessageView> },
    /// Which messages of a conversation are pinned.
    Pins { conversation: String, messages: Vec<MessageView> },
    /// What one has decided about each conversation, if that could be found out.
    AllSettings(Option<Vec<(String, SettingsView)>>),
    /// One has decided something about a conversation.
    Decided { conversation: String, settings: SettingsView, done: String },
}

/// Asks over HTTP.
#[derive(Clone)]
pub(crate) struct HttpRequests {
    pub(crate) account: Account,
    pub(crate) names: Names,
}

impl HttpRequests {
    /// Who is called so.
    pub(crate) async fn person(self, name: String) -> Reply {
        let id = self.names.id_of(&name).await;
        Reply::Person { name, id }
    }

    /// Whether somebody is there.
    pub(crate) async fn presence(self, user: String) -> Reply {
        let circle =
            self.account.ask::<Vec<PresenceView>>(Method::GET, "/api/presence", None).await;
        // Of somebody one has not talked to yet, only the list of all can tell.
        let known = circle.ok().and_then(|them| them.into_iter().find(|it| it.user == user));
        if let Some(PresenceView { user, status, .. }) = known {
            return Reply::Presence { user, status: Some(status) };
        }
        let online = match self.online().await {
            Ok(online) => online,
            Err(error) => return trouble(&error),
        };
        let is_online = online.items.iter().any(|it| it.user == user);
        let offline = || online.is_whole.then_some(Presence::Offline);
        let status = is_online.then_some(Presence::Online).or_else(offline);
        Reply::Presence { user, status }
    }

    /// Where one has not read everything.
    pub(crate) async fn waiting(self) -> Reply {
        match self.account.list::<ConversationView>("/api/conversations").await {
            Ok(mut them) => {
                them.items.retain(|it| it.unread > 0);
                Reply::Waiting(them.items)
            }
            Err(error) => trouble(&error),
        }
    }

    async fn online(&self) -> Result<List<OnlineUser>, HttpError> {
        self.account.list("/api/online_users").await
    }

    /// Makes a room; whoever makes it again gets it again.
    pub(crate) async fn make(self, name: String) -> Reply {
        Reply::Made(self.made(&name).await)
    }

    /// Makes a room, unless somebody else has made it just now.
    pub(crate) async fn make_if_missing(self, name: String) -> Reply {
        match self.made(&name).await {
            Err(HttpError::Refused { status: 409, .. }) => Reply::IsThere(name),
            made => Reply::Made(made),
        }
    }

    async fn made(&self, name: &str) -> Result<RoomView, HttpError> {
        let body = Some(json!({ "name": name }));
        self.account.ask(Method::POST, "/api/rooms", body).await
    }

    /// Which rooms there are.
    pub(crate) async fn rooms(self) -> Reply {
        let rooms = match self.account.list::<RoomView>("/api/rooms").await {
            Ok(rooms) if rooms.items.is_empty() => {
                return notice("there are no rooms; /create NAME makes one");
            }
            Ok(rooms) => rooms,
            Err(error) => return trouble(&error),
        };
        let line = |room: &RoomView| {
            let topic = room.topic.as_deref().unwrap_or_default();
            let people = if room.members == 1 { "person" } else { "people" };
            let line =
                format!("#{}  {} {people}  {}", visible(&room.name), room.members, visible(topic));
            line.trim_end().to_owned()
        };
        text(rooms.items.iter().map(line).chain(rest(&rooms, usize::MAX)))
    }

    /// Who is in this room, and who is online.
    pub(crate) async fn who(self, target: Option<Target>) -> Reply {
        let online = match self.online().await {
            Ok(online) => online,
            Err(error) => return trouble(&error),
        };
        let mut lines = Vec::new();
        if let Some(Target::Room(room)) = target {
            match self.members(&room, &online).await {
                Ok(members) => {
                    lines.push(format!("in #{}: {members}", self.room_name(&room).await))
                }
                Err(error) => return trouble(&error),
            }
        }
        let mut names = Vec::new();
        for person in online.items.iter().take(NAMED) {
            names.push(visible(&self.names.person(&person.user).await).into_owned());
        }
        names.extend(rest(&online, NAMED));
        lines.push(format!("online: {}", names.join(", ")));
        text(lines.into_iter())
    }

    async fn members(&self, room: &str, online: &List<OnlineUser>) -> Result<String, HttpError> {
        let path = format!("/api/rooms/{}/members", segment(room));
        let members: List<MemberView> = self.account.list(&path).await?;
        let mut names = Vec::new();
        for member in members.items.iter().take(NAMED) {
            let name = self.names.person(&member.user).await;
            let role = match member.role {
                Role::Member => String::new(),
                role => format!(" ({})", role.as_str()),
            };
            let is_online = online.items.iter().any(|it| it.user == member.user);
            let light = if is_online { "●" } else { "○" };
            names.push(format!("{light} {}{role}", visible(&name)));
        }
        names.extend(rest(&members, NAMED));
        Ok(names.join(", "))
    }

    /// Who can be called in a room.
    pub(crate) async fn named_members(self, conversation: String, room: String) -> Reply {
        let path = format!("/api/rooms/{}/members", segment(&room));
        let Ok(members) = self.account.list::<MemberView>(&path).await else {
            return Reply::Members { conversation, people: None };
        };
        let most = if self.account.is_open() { usize::MAX } else { NAMED };
        let mut people = Vec::new();
        for MemberView { user: id, .. } in members.items.into_iter().take(most) {
            let name = self.names.person(&id).await;
            people.push(Named { id, name });
        }
        Reply::Members { conversation, people: Some(people) }
    }

    async fn room_name(&self, room: &str) -> String {
        visible(&self.names.room(room).await).into_owned()
    }

    /// What was said before a message, with how far each got.
    pub(crate) async fn before(
        self,
        conversation: String,
        target: Target,
        first: Option<u64>,
        limit: u8,
    ) -> Reply {
        let path = match target {
            Target::Person(other) => format!("/api/messages?with={}&", segment(&other)),
            Target::Room(room) => format!("/api/rooms/{}/messages?", segment(&room)),
            Target::Everybody => return notice("what is said to everybody is not kept for long"),
        };
        let before = first.map(|first| format!("&before={first}")).unwrap_or_default();
        let path = format!("{path}limit={limit}{before}");
        match self.account.ask::<Vec<MessageView>>(Method::GET, &path, None).await {
            Ok(messages) if messages.is_empty() => notice("nothing was said before"),
            Ok(messages) => Reply::Before { conversation, messages },
            Err(error) => trouble(&error),
        }
    }
}

/// Lines that somebody asked for.
pub(super) fn text(lines: impl Iterator<Item = String>) -> Reply {
    Reply::Show(Show::Text(lines.map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")))
}

/// What is to be said of the items of a list that are not shown, if there are any.
pub(super) fn rest<T>(list: &List<T>, shown: usize) -> Option<String> {
    match list.items.len().saturating_sub(shown) {
        _ if !list.is_whole => Some("and more".to_owned()),
        0 => None,
        others => Some(format!("and {others} more")),
    }
}

/// Something to know.
pub(super) fn notice(text: &str) -> Reply {
    Reply::Show(Show::Notice(text.to_owned()))
}

/// Something that went wrong.
pub(super) fn trouble(error: &HttpError) -> Reply {
    Reply::Show(Show::Trouble(error.to_string()))
}
