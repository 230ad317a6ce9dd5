//! A deletion and whatever else somebody does, interleaved in every way: at each request that the one
//! makes to the table, the whole other happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use axum::Router;
use dynoxide::Database;
use futures::future::BoxFuture;
use local::in_process::InProcess;
use local::layer::around;
use secrecy::SecretString;
use shared::accounts::{self, Account, Credentials, Profile, Username};
use shared::aws::Aws;
use shared::chat::{Access, ConnectionId, ConversationId, UserId};
use shared::rooms::{self, NewRoom};
use shared::store::Connection;
use shared::{App, Clock, Config, credentials, speaking};
use tokio::sync::OnceCell;

use crate::support::member::PASSWORD;

/// What somebody does beside a deletion.
#[derive(Clone, Copy, Debug)]
enum Deed {
    SignIn,
    Join,
    Create,
    BeInvited,
    Connect,
    Rename,
    Write,
    BeWrittenTo,
}

const DEEDS: [Deed; 8] = [
    Deed::SignIn,
    Deed::Join,
    Deed::Create,
    Deed::BeInvited,
    Deed::Connect,
    Deed::Rename,
    Deed::Write,
    Deed::BeWrittenTo,
];

/// A server without doors, and two people in it.
struct World {
    services: Arc<InProcess>,
    /// What is left out of every condition, to see that it is missed.
    without: Option<&'static str>,
    alice: UserId,
    bob: UserId,
}

/// What happens at one of the requests.
type Intrusion = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

impl World {
    async fn new(without: Option<&'static str>) -> Self {
        let services = Arc::new(InProcess::default());
        services.serve_dynamodb(Database::memory().unwrap());
        services.serve_management(Router::new());
        let nobody = UserId::parse("nobody").unwrap();
        let mut world = Self { services, without, alice: nobody.clone(), bob: nobody };
        let app = world.app(None);
        app.store.create_table().await.unwrap();
        world.alice = has_an_account(&app, "alice").await;
        world.bob = has_an_account(&app, "bob").await;
        makes_a_room(&app, &world.bob, "general").await.unwrap();
        world
    }

    /// The functions, at whose `n`th request from now on something happens.
    fn app(&self, at: Option<(usize, Arc<AtomicUsize>, Intrusion)>) -> App {
        let without = self.without;
        let call = move |below: SharedHttpConnector, mut request: HttpRequest| {
            if let (Some(without), Some(body)) = (without, request.body().bytes()) {
                let body =
                    String::from_utf8_lossy(body).replace(without, "attribute_not_exists(nothing)");
                *request.body_mut() = SdkBody::from(body);
            }
            let at = at.clone();
            HttpConnectorFuture::new(async move {
                if let Some((n, count, intrusion)) = at
                    && count.fetch_add(1, Ordering::SeqCst) == n
                {
                    intrusion().await;
                }
                below.call(request).await
            })
        };
        let aws =
            Aws::local("http://dynamodb").with_transport(around(self.services.transport(), call));
        App::new(config(), &aws, Clock::system())
    }

    /// Nothing of alice acts, or is left.
    async fn wrong(&self, app: &App) -> Option<String> {
        let store = &app.store;
        let sessions = store.sessions(&self.alice).await.unwrap();
        let general = store.find_room("general").await.unwrap();
        let member = store.member(general.id, &self.alice).await.unwrap();
        let guest = store.relation(general.id, &self.alice).await.unwrap().guest;
        let listed = store.listings(&self.alice, None, 10).await.unwrap().items;
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

fn config() -> Config {
    Config::from_variables(|name| match name {
        "TABLE_NAME" => Some("confab".into()),
        "AUTH_MODE" => Some("accounts".into()),
        "SIGN_INS_PER_ADDRESS" => Some("0".into()),
        "TOKEN_KEY" => Some("a key for tests of at least 32 bytes".into()),
        name if name.starts_with("AWS_ENDPOINT") => Some("http://management".into()),
        _ => None,
    })
    .unwrap()
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
        let first = app.store.account(&first.unwrap().account.user).await.unwrap().unwrap();
        first.password_hash.unwrap()
    });
    let account = Account {
        user: UserId::parse(&uuid::Uuid::now_v7().to_string()).unwrap(),
        username: Some(Username::parse(username).unwrap()),
        display_name: None,
        metadata: None,
        created_at: app.clock.now(),
    };
    assert!(app.store.create_account(&account, Some(hash.await), None).await.unwrap());
    account.user
}

async fn makes_a_room(app: &App, user: &UserId, name: &str) -> Result<(), shared::Error> {
    let access = Access::Public;
    let new = NewRoom {
        name: name.into(),
        topic: None,
        metadata: None,
        access,
        history: shared::chat::RoomHistory::default(),
    };
    rooms::create(app, user, new).await.map(drop)
}

async fn writes(app: &App, from: &UserId, to: &UserId) {
    let draft = speaking::draft(app, from, "before you go", None).unwrap();
    drop(speaking::say(app, &ConversationId::direct(from, to), &draft).await);
}

/// Does it, whether or not it is refused.
async fn does(app: &App, deed: Deed, alice: &UserId, bob: &UserId) {
    match deed {
        Deed::SignIn => {
            if let Ok(in_) = accounts::login(app, credentials_of("alice")).await {
                let (access, refresh) = in_.expose();
                let _ = credentials::by_token(app, &access.into()).await;
                let _ = accounts::refresh(app, &refresh.into()).await;
            }
        }
        Deed::Join => drop(rooms::join(app, alice, "general").await),
        Deed::Create => drop(makes_a_room(app, alice, "of alice").await),
        Deed::BeInvited => drop(rooms::invite(app, bob, "general", alice).await),
        Deed::Connect => {
            let connection = Connection::new(app.clock.now(), true);
            drop(app.store.arrive(alice, &ConnectionId::new("here"), &connection).await);
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
async fn first_wrong(
    deed: Deed,
    interrupted: Interrupted,
    without: Option<&'static str>,
) -> Option<String> {
    for n in 0.. {
        let world = World::new(without).await;
        let (free, alice, bob) = (world.app(None), world.alice.clone(), world.bob.clone());
        let intruder = free.clone();
        let (whose, by) = (alice.clone(), bob.clone());
        let intrusion: Intrusion = Arc::new(move || {
            let (app, alice, bob) = (intruder.clone(), whose.clone(), by.clone());
            Box::pin(async move {
                match interrupted {
                    Interrupted::Deletion => does(&app, deed, &alice, &bob).await,
                    Interrupted::Deed => deletes(&app, &alice).await,
                }
            })
        });
        let count = Arc::new(AtomicUsize::new(0));
        let app = world.app(Some((n, Arc::clone(&count), intrusion)));
        match interrupted {
            Interrupted::Deletion => deletes(&app, &alice).await,
            Interrupted::Deed => does(&app, deed, &alice, &bob).await,
        }
        if count.load(Ordering::SeqCst) <= n {
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
            let wrong = first_wrong(deed, interrupted, None).await;
            assert_eq!(wrong, None, "{deed:?}, and the {interrupted:?} is interrupted");
        }
    }
}

/// Each mark is needed: without it something is left.
#[tokio::test]
async fn without_the_marks_something_is_left() {
    let closed = "attribute_not_exists(closed)";
    for (deed, without) in
        [(Deed::Join, closed), (Deed::BeInvited, closed), (Deed::Connect, closed)]
    {
        let mut wrong = None;
        for interrupted in [Interrupted::Deletion, Interrupted::Deed] {
            wrong = wrong.or(first_wrong(deed, interrupted, Some(without)).await);
        }
        assert!(wrong.is_some(), "{deed:?} without {without}");
    }
}
