//! What is asked over HTTP while the conversation goes on.

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::account::Account;
use crate::frames::{Message, Presence, Room};
use crate::http::{HttpError, segment};
use crate::names::Names;
use crate::screen::{Show, visible};
use crate::session::Address;

/// An answer, and what to do with it.
pub(crate) enum Answer {
    /// Show it.
    Show(Show),
    /// Somebody has this id, or there is nobody of that name.
    Person { name: String, id: Result<String, HttpError> },
    /// Somebody is there, or is not.
    Presence { user: String, status: Presence },
    /// A room is there, or could not be made.
    Made(Result<Room, HttpError>),
    /// Somebody else has made the room.
    IsThere(String),
    /// Messages from before `first`, which is the first shown.
    Before { conversation: String, messages: Vec<Message> },
}

#[derive(Deserialize)]
struct Online {
    user: String,
}

#[derive(Deserialize)]
struct Member {
    user: String,
    role: String,
}

/// Asks over HTTP.
#[derive(Clone)]
pub(crate) struct Asker {
    pub(crate) account: Account,
    pub(crate) names: Names,
}

impl Asker {
    /// Who is called so.
    pub(crate) async fn person(self, name: String) -> Answer {
        let id = self.names.id_of(&name).await;
        Answer::Person { name, id }
    }

    /// Whether somebody is there.
    pub(crate) async fn presence(self, user: String) -> Answer {
        match self.online().await {
            Ok(online) if online.iter().any(|it| it.user == user) => {
                Answer::Presence { user, status: Presence::Online }
            }
            Ok(_) => Answer::Presence { user, status: Presence::Offline },
            Err(error) => trouble(&error),
        }
    }

    async fn online(&self) -> Result<Vec<Online>, HttpError> {
        self.account.ask(Method::GET, "/api/online_users?limit=100", None).await
    }

    /// Makes a room; whoever makes it again gets it again.
    pub(crate) async fn make(self, name: String) -> Answer {
        Answer::Made(self.made(&name).await)
    }

    /// Makes a room, unless somebody else has made it just now.
    pub(crate) async fn make_if_missing(self, name: String) -> Answer {
        match self.made(&name).await {
            Err(HttpError::Refused { status: 409, .. }) => Answer::IsThere(name),
            made => Answer::Made(made),
        }
    }

    async fn made(&self, name: &str) -> Result<Room, HttpError> {
        let body = Some(json!({ "name": name }));
        self.account.ask(Method::POST, "/api/rooms", body).await
    }

    /// Which rooms there are.
    pub(crate) async fn rooms(self) -> Answer {
        let rooms = self.account.ask::<Vec<Room>>(Method::GET, "/api/rooms?limit=100", None).await;
        let rooms = match rooms {
            Ok(rooms) if rooms.is_empty() => {
                return notice("there are no rooms; /create NAME makes one");
            }
            Ok(rooms) => rooms,
            Err(error) => return trouble(&error),
        };
        let line = |room: &Room| {
            let topic = room.topic.as_deref().unwrap_or_default();
            let people = if room.members == 1 { "person" } else { "people" };
            let line =
                format!("#{}  {} {people}  {}", visible(&room.name), room.members, visible(topic));
            line.trim_end().to_owned()
        };
        text(rooms.iter().map(line))
    }

    /// Who is in this room, and who is online.
    pub(crate) async fn who(self, address: Option<Address>) -> Answer {
        let online = match self.online().await {
            Ok(online) => online,
            Err(error) => return trouble(&error),
        };
        let mut lines = Vec::new();
        if let Some(Address::Room(room)) = address {
            match self.members(&room, &online).await {
                Ok(members) => {
                    lines.push(format!("in #{}: {members}", self.room_name(&room).await))
                }
                Err(error) => return trouble(&error),
            }
        }
        let mut names = Vec::new();
        for person in &online {
            names.push(visible(&self.names.person(&person.user).await).into_owned());
        }
        lines.push(format!("online: {}", names.join(", ")));
        text(lines.into_iter())
    }

    async fn members(&self, room: &str, online: &[Online]) -> Result<String, HttpError> {
        let path = format!("/api/rooms/{}/members?limit=100", segment(room));
        let members: Vec<Member> = self.account.ask(Method::GET, &path, None).await?;
        let mut names = Vec::new();
        for member in members {
            let name = self.names.person(&member.user).await;
            let role = match member.role.as_str() {
                "member" => String::new(),
                role => format!(" ({})", visible(role)),
            };
            let is_online = online.iter().any(|it| it.user == member.user);
            let light = if is_online { "●" } else { "○" };
            names.push(format!("{light} {}{role}", visible(&name)));
        }
        Ok(names.join(", "))
    }

    async fn room_name(&self, room: &str) -> String {
        visible(&self.names.room(room).await).into_owned()
    }

    /// What was said before a message, with how far each got.
    pub(crate) async fn before(
        self,
        conversation: String,
        address: Address,
        first: Option<u64>,
        limit: u8,
    ) -> Answer {
        let path = match address {
            Address::Person(other) => format!("/api/messages?with={}&", segment(&other)),
            Address::Room(room) => format!("/api/rooms/{}/messages?", segment(&room)),
            Address::Everybody => return notice("what is said to everybody is not kept for long"),
        };
        let before = first.map(|first| format!("&before={first}")).unwrap_or_default();
        let path = format!("{path}limit={limit}{before}");
        match self.account.ask::<Vec<Message>>(Method::GET, &path, None).await {
            Ok(messages) if messages.is_empty() => notice("nothing was said before"),
            Ok(messages) => Answer::Before { conversation, messages },
            Err(error) => trouble(&error),
        }
    }
}

fn text(lines: impl Iterator<Item = String>) -> Answer {
    Answer::Show(Show::Text(lines.map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")))
}

fn notice(text: &str) -> Answer {
    Answer::Show(Show::Notice(text.to_owned()))
}

fn trouble(error: &HttpError) -> Answer {
    Answer::Show(Show::Trouble(error.to_string()))
}
