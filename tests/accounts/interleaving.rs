//! A deletion and whatever else somebody does, interleaved in every way: at each request that the one
//! makes to the table, the whole other happens.

use std::sync::Arc;

use axum::Router;
use local::Functions;
use secrecy::SecretString;
use serde_json::{Value, json};
use shared::App;
use shared::domain::permissions::Action;
use shared::domain::{
    Access, Account, ConnectionId, ConversationId, KeyId, Range, UserId, Username,
};
use shared::services::accounts::{self, Credentials, Profile};
use shared::services::messages::{read, send};
use shared::services::rooms::{self, NewRoom};
use shared::store::Connection;
use shared::store::Owner;
use tokio::sync::OnceCell;

use crate::support::interruption::{Change, Interruption, Services, config};
use crate::support::member::PASSWORD;

/// What somebody does beside a deletion.
#[derive(Clone, Copy, Debug)]
enum Deed {
    SignIn,
    BeLetIn,
    Join,
    Create,
    BeInvited,
    Connect,
    Rename,
    Write,
    BeWrittenTo,
}

const DEEDS: [Deed; 9] = [
    Deed::SignIn,
    Deed::BeLetIn,
    Deed::Join,
    Deed::Create,
    Deed::BeInvited,
    Deed::Connect,
    Deed::Rename,
    Deed::Write,
    Deed::BeWrittenTo,
];

/// Two people with accounts.
struct World {
    services: Services,
    alice: UserId,
    bob: UserId,
}

impl World {
    async fn new(change: Change) -> Self {
        let settings = [
            ("AUTH_MODE", "accounts"),
            ("SIGN_INS_PER_ADDRESS", "0"),
            ("TOKEN_KEY", "a key for tests of at least 32 bytes"),
        ];
        let services =
            Services::new(config(&settings), Router::new(), change, Arc::new(|_| ())).await;
        let app = services.app(None);
        let alice = has_an_account(&app, "alice").await;
        let bob = has_an_account(&app, "bob").await;
        makes_a_room(&app, &bob, "general").await.unwrap();
        Self { services, alice, bob }
    }

    /// Nothing of alice acts, or is left.
    async fn wrong(&self, app: &App) -> Option<String> {
        let store = &app.store;
        let sessions = store.sessions(&self.alice, app.clock.now()).await.unwrap();
        let general = store.find_room("general").await.unwrap();
        let member = store.member(general.id, &self.alice).await.unwrap();
        let guest = store.user_in_room(general.id, &self.alice).await.unwrap().non_member;
        let listed = store.memberships(&self.alice, None, 10).await.unwrap().items;
        let invited = store.invitations(&self.alice, None, 10).await.unwrap().items;
        let inbox = store.inbox(&self.alice).await.unwrap();
        let account = store.account(&self.alice).await.unwrap();
        let other = store.find_room("of alice").await;
        let found = [
            ("a session", !sessions.is_empty()),
            ("a member", member.is_some()),
            ("a guest", guest.invitation.is_some()),
            ("a listing", !listed.is_empty()),
            ("an invitation", !invited.is_empty()),
            ("a connection", !inbox.connections.is_empty()),
            ("an account", account.is_some()),
            ("a count", general.members != 1),
            ("a room of nobody", other.is_ok_and(|room| room.members != 0)),
        ];
        found.into_iter().find(|(_, is)| *is).map(|(what, _)| what.to_owned())
    }
}

fn credentials_of(username: &str) -> Credentials {
    let password = SecretString::from(PASSWORD);
    Credentials { username: username.into(), password, address: "127.0.0.1".into() }
}

/// Makes an account; the password is hashed once for all worlds, because that takes its time.
async fn has_an_account(app: &App, username: &str) -> UserId {
    static HASH: OnceCell<String> = OnceCell::const_new();
    let hash = HASH.get_or_init(|| async {
        let first = accounts::register(app, credentials_of("first"), Profile::default()).await;
        app.store.password_hash(&first.unwrap().account.user).await.unwrap().unwrap()
    });
    let account = Account {
        user: UserId::parse(&uuid::Uuid::now_v7().to_string()).unwrap(),
        username: Some(Username::parse(username).unwrap()),
        display_name: None,
        metadata: None,
        created_at: app.clock.now(),
    };
    assert!(app.store.create_account(&account, Owner::Password(hash.await)).await.unwrap());
    account.user
}

async fn makes_a_room(app: &App, user: &UserId, name: &str) -> Result<(), shared::Error> {
    let access = Access::Public;
    let new = NewRoom {
        name: name.into(),
        topic: None,
        metadata: None,
        access,
        history: shared::domain::RoomHistory::default(),
        retention_days: None,
    };
    rooms::create(app, user, new).await.map(drop)
}

async fn writes(app: &App, from: &UserId, to: &UserId) {
    let new = send::new_message(app, from, send::Draft::text("before you go", None)).await.unwrap();
    drop(send::send(app, &ConversationId::direct(from, to), &new).await);
}

/// Does it, whether or not it is refused.
async fn does(app: &App, deed: Deed, alice: &UserId, bob: &UserId) {
    match deed {
        Deed::SignIn => {
            if let Ok(in_) = accounts::login(app, credentials_of("alice")).await {
                let _ = accounts::identify_by_token(app, &in_.access_token).await;
                let _ = accounts::refresh(app, &in_.refresh_token).await;
            }
        }
        Deed::BeLetIn => drop(accounts::mint(app, KeyId::fresh(), alice).await),
        Deed::Join => drop(rooms::join(app, alice, "general").await),
        Deed::Create => drop(makes_a_room(app, alice, "of alice").await),
        Deed::BeInvited => drop(rooms::invite(app, bob, "general", alice).await),
        Deed::Connect => {
            let connection = Connection::new(app.clock.now(), Some(app.clock.now()));
            drop(app.store.add_connection(alice, &ConnectionId::new("here"), &connection).await);
        }
        Deed::Rename => {
            let profile = Profile { username: Some("alicia".into()), ..Profile::default() };
            drop(accounts::change_profile(app, alice, profile).await);
        }
        Deed::Write => writes(app, alice, bob).await,
        Deed::BeWrittenTo => writes(app, bob, alice).await,
    }
}

async fn deletes(app: &App, alice: &UserId) {
    // If the account changed under its hands it says so, and is asked again.
    for _ in 0..3 {
        match accounts::delete(app, alice, Some(PASSWORD.into())).await {
            Ok(()) | Err(shared::Error::NotFound(_)) => return,
            Err(error) => assert!(error.is_clients_fault(), "{error:?}"),
        }
    }
}

/// Which of the two is interrupted.
#[derive(Clone, Copy, Debug)]
enum Interrupted {
    Deletion,
    Deed,
}

/// Every way in which the one happens while the other is under way; what was wrong first.
async fn first_wrong(deed: Deed, interrupted: Interrupted, change: Change) -> Option<String> {
    for n in 0.. {
        let world = World::new(change).await;
        let free = world.services.app(None);
        let (intruder, whose, by) = (free.clone(), world.alice.clone(), world.bob.clone());
        let interruption = Interruption::new(n, move || {
            let (app, alice, bob) = (intruder.clone(), whose.clone(), by.clone());
            Box::pin(async move {
                match interrupted {
                    Interrupted::Deletion => does(&app, deed, &alice, &bob).await,
                    Interrupted::Deed => deletes(&app, &alice).await,
                }
            })
        });
        let app = world.services.app(Some(&interruption));
        match interrupted {
            Interrupted::Deletion => deletes(&app, &world.alice).await,
            Interrupted::Deed => does(&app, deed, &world.alice, &world.bob).await,
        }
        if !interruption.came() {
            return None;
        }
        if let Some(wrong) = world.wrong(&free).await {
            return Some(format!("{wrong} is left, at request {n}"));
        }
    }
    None
}

#[tokio::test]
async fn whatever_happens_beside_a_deletion_leaves_nothing() {
    for deed in DEEDS {
        for interrupted in [Interrupted::Deletion, Interrupted::Deed] {
            let wrong = first_wrong(deed, interrupted, str::to_owned).await;
            assert_eq!(wrong, None, "{deed:?}, and the {interrupted:?} is interrupted");
        }
    }
}

/// Each mark is needed: without it something is left.
#[tokio::test]
async fn without_the_marks_something_is_left() {
    let closed: Change =
        |body| body.replace("attribute_not_exists(closed)", "attribute_not_exists(nothing)");
    let deleting: Change =
        |body| body.replace("attribute_not_exists(deleting)", "attribute_not_exists(nothing)");
    for (deed, without) in [
        (Deed::Join, closed),
        (Deed::BeInvited, closed),
        (Deed::Connect, closed),
        (Deed::Write, deleting),
    ] {
        let mut wrong = None;
        for interrupted in [Interrupted::Deletion, Interrupted::Deed] {
            wrong = wrong.or(first_wrong(deed, interrupted, without).await);
        }
        assert!(wrong.is_some(), "{deed:?}");
    }
}

/// How somebody looks at a conversation.
#[derive(Clone, Copy, Debug)]
enum Look {
    Read,
    Sync,
}

/// Whether bob's look at the conversation with alice is answered, and not that there is no alice.
async fn looks(app: &App, look: Look, alice: &UserId, bob: &UserId) -> bool {
    let conversation = ConversationId::direct(alice, bob);
    match look {
        Look::Read => {
            read::page(app, bob, &conversation, Range::default(), 10, Action::Read).await.is_ok()
        }
        Look::Sync => {
            let conversation = conversation.to_string();
            let frame = json!({ "action": "sync", "since": { &conversation: 0 } });
            let event = json!({
                "requestContext": {
                    "connectionId": "here=",
                    "connectedAt": app.clock.now().as_millis(),
                    "requestTimeEpoch": app.clock.now().as_millis(),
                    "authorizer": { "mode": "accounts", "user": bob.as_str() },
                },
                "body": frame.to_string(),
            });
            let answer = Functions::new(app).message.call(event).await.unwrap();
            let synced: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
            assert_eq!(synced["type"], "synced", "{synced}");
            synced["conversations"][&conversation]["error"].is_null()
        }
    }
}

/// Bob looks; meanwhile he writes to alice from elsewhere, and then her account is deleted: what was
/// written is there, so nobody may say that there is no such conversation.
#[tokio::test]
async fn a_conversation_that_has_a_message_is_never_unknown() {
    for look in [Look::Read, Look::Sync] {
        for n in 0.. {
            let world = World::new(str::to_owned).await;
            let (alice, bob) = (world.alice.clone(), world.bob.clone());
            let (intruder, whose, by) = (world.services.app(None), alice.clone(), bob.clone());
            let interruption = Interruption::new(n, move || {
                let (app, alice, bob) = (intruder.clone(), whose.clone(), by.clone());
                Box::pin(async move {
                    writes(&app, &bob, &alice).await;
                    deletes(&app, &alice).await;
                })
            });
            let app = world.services.app(Some(&interruption));
            assert!(looks(&app, look, &alice, &bob).await, "{look:?}, at request {n}");
            if !interruption.came() {
                assert!(n > 1, "{look:?} asks for nothing");
                break;
            }
        }
    }
}
