//! Somebody who has their account deleted while their devices sign in, join, connect and chat, and
//! others write to them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use secrecy::SecretString;
use serde_json::json;
use shared::auth::tokens::RefreshToken;
use shared::domain::{Account, ConversationId, SessionId, UserId, Username};
use shared::services::accounts::{self, Credentials};
use shared::services::rooms;
use shared::store::{Owner, Session};
use shared::{App, Error};
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::gateway::{SimulatedGateway, Socket};
use crate::people::{Device, Phase};
use crate::record::{Record, What, lock};
use crate::settings::Settings;

/// Their id: those who sign in have UUIDs.
pub(crate) const ID: Uuid = Uuid::from_u128(0xdddd_dddd_dddd_4ddd_8ddd_dddd_dddd_dddd);
const USERNAME: &str = "leaver";
const PASSWORD: &str = "a quiet harbour at dawn";
/// The hash of it. What checking a password costs is written in its hash, and here that is little;
/// but not so little that other things happen at the same time, for the seed does not decide those.
const HASH: &str = "$argon2id$v=19$m=1024,t=1,p=1$c2FsdCBvZiBhIGxlYXZlcg$\
                    mAwV7+KE42cgnTK74kknCEPF5hq2swH9UPwtJ5awssg";
/// How long a session may last: longer than a world.
const SESSION: Duration = Duration::from_secs(3_600);
/// How long a function may take that a request waits for.
const PATIENCE: Duration = Duration::from_secs(29);

/// The account of a world's leaver; clones share it.
#[derive(Clone)]
pub(crate) struct Leaver {
    app: App,
    gateway: SimulatedGateway,
    record: Record,
    user: UserId,
    /// The room's id.
    room: String,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    /// Every session that a device was told of.
    sessions: Vec<String>,
    /// Every token, and what it is exchanged for.
    tokens: Vec<(SecretString, SecretString)>,
    /// Whether the deletion was answered.
    deleted: bool,
}

/// Makes the accounts of everybody in a world where people have accounts.
pub(crate) async fn everybody_has_an_account(app: &App, names: &[&str]) {
    let leaver = (user(), USERNAME);
    let others = names.iter().map(|name| (UserId::parse(name).expect("a name"), *name));
    for (user, username) in others.chain([leaver]) {
        let account = Account {
            user,
            username: Some(Username::parse(username).expect("a username")),
            display_name: None,
            metadata: None,
            created_at: app.clock.now(),
        };
        let made = app.store.create_account(&account, Owner::Password(HASH)).await;
        assert!(made.expect("the table works"), "everybody has a name of their own");
    }
}

/// What is left of a world's leaver, if there is one.
pub(crate) async fn left_of(leaver: Option<Leaver>) -> Vec<&'static str> {
    match leaver {
        Some(leaver) => leaver.outcome().await.expect("the table works again"),
        None => Vec::new(),
    }
}

/// Some of the others write to the leaver, if there is one.
pub(crate) fn is_known(leaver: Option<&Leaver>, device: &mut Device) {
    if let Some(leaver) = leaver.filter(|_| ["a", "b"].contains(&device.user.as_str())) {
        device.conversations.push(leaver.with(&device.user));
        device.hears.push(leaver.with(&device.user));
    }
}

fn user() -> UserId {
    UserId::parse(&ID.to_string()).expect("a user's id")
}

impl Leaver {
    /// The leaver of a world that has one.
    pub(crate) fn of(
        settings: Settings,
        app: &App,
        gateway: &SimulatedGateway,
        (record, room): (&Record, &str),
    ) -> Option<Self> {
        settings.has_leaver.then(|| Self {
            app: app.clone(),
            gateway: gateway.clone(),
            record: record.clone(),
            user: user(),
            room: room.trim_start_matches("room:").to_owned(),
            shared: Arc::default(),
        })
    }

    /// Their devices, and the end of the account some time before `until`.
    pub(crate) fn moves_in(
        &self,
        people: &mut JoinSet<()>,
        phases: &watch::Receiver<Phase>,
        until: Duration,
        mut rng: Rng,
    ) {
        for number in 1..=rng.usize(1..=2) {
            let user = self.user.to_string();
            let world = (&self.gateway, &self.record, &Arc::default());
            let mut device = Device::at((&user, number), world, phases.clone(), rng.fork());
            device.conversations = self.conversations();
            people.spawn(self.clone().lives(device));
        }
        people.spawn(self.clone().leaves(until, rng));
    }

    /// The conversations they write in.
    fn conversations(&self) -> Vec<String> {
        vec![format!("room:{}", self.room), self.with("a"), self.with("b")]
    }

    /// Their conversation with somebody.
    fn with(&self, other: &str) -> String {
        let other = UserId::parse(other).expect("a name");
        ConversationId::direct(&self.user, &other).to_string()
    }

    fn is_deleted(&self) -> bool {
        lock(&self.shared).deleted
    }

    /// Notes that something was done for an account that was gone when it was asked for.
    fn breaks(&self, what: &str) {
        let broken = format!("somebody whose account is gone {what}");
        self.record.note(self.user.as_str(), 0, What::Broken(broken));
    }

    /// One of their devices; lives until the world ends.
    pub(crate) async fn lives(self, mut device: Device) {
        // They come and go, so nobody owes them what is said in the room.
        device.note(What::Leaving { conversation: device.conversations[0].clone() });
        let mut token = None;
        loop {
            device.waits(1_500).await;
            if token.is_none() || device.rng.u8(0..3) == 0 {
                token = self.signs_in(&mut device).await.or(token);
            }
            if device.rng.bool() {
                self.joins().await;
            }
            let Some((access, refresh)) = &token else { continue };
            if device.rng.u8(0..4) == 0 {
                self.refreshes(refresh).await;
            }
            let gone = self.is_deleted();
            if accounts::identify_by_token(&self.app, access).await.is_err() {
                token = None;
                continue;
            }
            if gone {
                self.breaks("shows a token that is good");
            }
            // Between the authorizer and `$connect` anything may happen.
            if device.rng.bool() {
                device.waits(1_000).await;
            }
            let gone = self.is_deleted();
            if let Some(socket) = self.gateway.connect(&device.user, device.number).await {
                if gone {
                    self.breaks("connects");
                }
                chats(&mut device, socket).await;
            }
        }
    }

    /// Begins a session under an id that the seed decides.
    async fn signs_in(&self, device: &mut Device) -> Option<(SecretString, SecretString)> {
        let mut random = [0; 16];
        device.rng.fill(&mut random);
        let id = uuid::Builder::from_random_bytes(random).into_uuid().to_string();
        let session = SessionId::parse(&id)?;
        let token = RefreshToken::fresh(ID, session).ok()?;
        let now = self.app.clock.now();
        let begun =
            Session { id: session, refresh_hash: token.hash(), expires_at: now.plus(SESSION) };
        let gone = self.is_deleted();
        let begun = self.app.store.begin_session(&self.user, &begun, HASH).await;
        if !begun.is_ok_and(|begun| begun) {
            return None;
        }
        if gone {
            self.breaks("signs in");
        }
        let tokens = self.app.tokens().ok()?;
        let access = tokens.issue(&self.user, session, now).ok()?;
        let refresh = tokens.write_refresh(&token).ok()?;
        self.gateway.signs_in(&device.user, device.number, id.clone());
        let over = {
            let mut shared = lock(&self.shared);
            shared.sessions.push(id.clone());
            shared.tokens.push((access.clone(), refresh.clone()));
            shared.deleted
        };
        if over {
            self.gateway.has_signed_out(&device.user, id);
        }
        Some((access, refresh))
    }

    async fn joins(&self) {
        let gone = self.is_deleted();
        if rooms::join(&self.app, &self.user, &self.room).await.is_ok() && gone {
            self.breaks("joins a room");
        }
    }

    async fn refreshes(&self, token: &SecretString) {
        let gone = self.is_deleted();
        let Ok(fresh) = accounts::refresh(&self.app, token).await else { return };
        if gone {
            self.breaks("exchanges a refresh token");
        }
        let fresh = (fresh.access_token, fresh.refresh_token);
        lock(&self.shared).tokens.push(fresh);
    }

    /// Asks for the deletion of the account, some time before `until`, and again until that is answered.
    pub(crate) async fn leaves(self, until: Duration, mut rng: Rng) {
        tokio::time::sleep(until.mul_f64(rng.f64())).await;
        let sessions = lock(&self.shared).sessions.clone();
        self.gateway.is_about_to_end(&sessions);
        loop {
            // Some functions die halfway.
            let patience =
                if rng.u8(0..3) == 0 { Duration::from_millis(rng.u64(1..1_000)) } else { PATIENCE };
            let asked = accounts::delete(&self.app, &self.user, Some(PASSWORD.into()));
            if let Ok(Ok(()) | Err(Error::NotFound(_))) =
                tokio::time::timeout(patience, asked).await
            {
                break;
            }
            tokio::time::sleep(Duration::from_millis(rng.u64(500..3_000))).await;
            if rng.bool() && self.is_closed().await {
                // Whoever signs in has the deletion go on, and is refused.
                self.is_refused().await;
            }
        }
        let sessions = {
            let mut shared = lock(&self.shared);
            shared.deleted = true;
            shared.sessions.clone()
        };
        let user = self.user.as_str();
        self.record.note(user, 0, What::Deleted);
        for session in sessions {
            self.gateway.has_signed_out(user, session);
        }
    }

    /// Whether the deletion has begun.
    async fn is_closed(&self) -> bool {
        let account = self.app.store.account(&self.user).await;
        account.is_ok_and(|account| account.is_some_and(|account| !account.open))
    }

    async fn is_refused(&self) {
        let (username, password) = (USERNAME.to_owned(), PASSWORD.into());
        let credentials = Credentials { username, password, address: "127.0.0.1".to_owned() };
        if accounts::login(&self.app, credentials).await.is_ok() {
            self.breaks("signs in by name and password");
        }
    }

    /// What is left of the account once everything is over, in words.
    async fn outcome(&self) -> Result<Vec<&'static str>, Error> {
        let (store, user) = (&self.app.store, &self.user);
        let room = store.find_room(&self.room).await?;
        let members = store.members(room.id, None, None).await?.items;
        let counted = usize::try_from(room.members).is_ok_and(|count| count == members.len());
        let mut found = vec![
            ("an account", store.account(user).await?.is_some()),
            ("a session", !store.sessions(user, self.app.clock.now()).await?.is_empty()),
            ("a member", members.iter().any(|member| member.user == *user)),
            ("a wrong number of members", !counted),
            ("a listing", !store.memberships(user, None, 10).await?.items.is_empty()),
            ("a connection", !store.inbox(user).await?.connections.is_empty()),
            ("the deletion itself", !self.is_deleted()),
        ];
        self.is_refused().await;
        let tokens = std::mem::take(&mut lock(&self.shared).tokens);
        for (access, refresh) in tokens {
            let access = accounts::identify_by_token(&self.app, &access).await;
            found.push(("a token that is good", access.is_ok()));
            let refresh = accounts::refresh(&self.app, &refresh).await;
            found.push(("a refresh token that is good", refresh.is_ok()));
        }
        Ok(found.into_iter().filter(|(_, is)| *is).map(|(what, _)| what).collect())
    }
}

/// Says something, and listens for a while.
async fn chats(device: &mut Device, mut socket: Socket) {
    for _ in 0..device.rng.u8(1..4) {
        let conversation = device.picks();
        let id = device.fresh_id();
        device.note(What::Sent { conversation: conversation.clone(), id: id.clone() });
        socket.send(&device.frame(&conversation, Some(&id), "before I go"));
        if device.rng.u8(0..4) == 0 {
            socket.send(&json!({ "action": "ping" }));
        }
        let until = device.moment(2_500);
        while let Ok(frame) = tokio::time::timeout_at(until, socket.next()).await {
            let Some(frame) = frame else { return };
            device.notes(&frame, &socket.id);
        }
    }
    if device.rng.bool() {
        while let Some(frame) = socket.next().await {
            device.notes(&frame, &socket.id);
        }
        return;
    }
    while let Some(frame) = socket.read() {
        device.notes(&frame, &socket.id);
    }
    socket.close();
}
