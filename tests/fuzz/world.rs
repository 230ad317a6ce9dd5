//! The functions on an empty table, and a gateway that takes whatever they push.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderName, Method, StatusCode};
use axum::response::IntoResponse;
use axum::routing::any;
use dynoxide::Database;
use local::Functions;
use local::in_process::InProcess;
use serde_json::{Value, json};
use shared::aws::Aws;
use shared::domain::{Access, ConnectionId, RoomHistory, Timestamp, UserId};
use shared::services::rooms::NewRoom;
use shared::store::Connection;
use shared::{App, Clock, Config};
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use crate::schema::check_frame;

/// Where virtual time begins, in epoch milliseconds.
const EPOCH: i64 = 1_750_000_000_000;
/// The largest payload that API Gateway carries
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>).
pub(crate) const MAX_PAYLOAD_BYTES: usize = 128 * 1024;
/// How long any function may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// How many scenes one world sees.
const PLAYS: usize = 32;

/// A table with two people online and a room they are both in.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) functions: Functions,
    // Lives as long as requests are answered.
    _services: InProcess,
}

/// A world, and the time it has.
struct Stage {
    runtime: Runtime,
    world: Rc<World>,
    plays: usize,
}

thread_local! {
    static STAGE: Cell<Option<Stage>> = const { Cell::new(None) };
}

/// Runs `scene` in virtual time; panics if it takes too long.
///
/// The world has seen a few scenes before, because making one takes longer than most of them. It
/// ends with a scene that fails: whether that fails in a new world, too, the next try will show.
pub(crate) fn play<Scene: Future>(scene: impl FnOnce(Rc<World>) -> Scene) {
    let mut stage = STAGE.take().filter(|stage| stage.plays < PLAYS).unwrap_or_else(Stage::new);
    stage.plays += 1;
    let world = Rc::clone(&stage.world);
    stage.runtime.block_on(async {
        // Nobody has said anything in the last second.
        tokio::time::advance(Duration::from_secs(2)).await;
        tokio::time::timeout(PATIENCE, scene(world)).await.expect("it ends");
    });
    STAGE.set(Some(stage));
}

impl Stage {
    fn new() -> Self {
        fastrand::seed(7);
        let runtime =
            Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let world = Rc::new(runtime.block_on(World::new()));
        Self { runtime, world, plays: 0 }
    }
}

impl World {
    async fn new() -> Self {
        let services = InProcess::default();
        services.serve_dynamodb(Database::memory().unwrap());
        services.serve_management(Router::new().route("/{stage}/@connections/{id}", any(manage)));
        let aws = Aws::local("http://dynamodb").with_transport(services.transport());
        let begin = Instant::now();
        let clock = Clock::new(move || {
            let millis = i64::try_from(begin.elapsed().as_millis()).unwrap();
            Timestamp::from_millis(EPOCH + millis)
        });
        let app = App::new(config(), &aws, clock).unwrap();
        app.store.create_table().await.unwrap();
        let world = Self { functions: Functions::new(&app), app, _services: services };
        world.furnish().await;
        world
    }

    /// `alice` and `bob` are there, and in the room `general`.
    async fn furnish(&self) {
        let [alice, bob] = ["alice", "bob"].map(|name| UserId::parse(name).unwrap());
        for user in [&alice, &bob] {
            let connection = Connection::new(self.app.clock.now(), Some(self.app.clock.now()));
            let id = ConnectionId::new(user.as_str());
            self.app.store.add_connection(user, &id, &connection).await.unwrap();
        }
        let (name, access) = ("general".to_owned(), Access::Public);
        let history = RoomHistory::default();
        let new =
            NewRoom { name, topic: None, metadata: None, access, history, retention_days: None };
        let room = shared::services::rooms::create(&self.app, &alice, new).await.unwrap();
        shared::services::rooms::join(&self.app, &bob, &room.id.to_string()).await.unwrap();
    }

    /// The event of a frame that `user` sends.
    pub(crate) fn message(user: &str, body: &str) -> Value {
        json!({
            "requestContext": {
                "routeKey": "$default",
                "eventType": "MESSAGE",
                "messageDirection": "IN",
                "requestTimeEpoch": EPOCH,
                "connectedAt": EPOCH,
                "connectionId": user,
                "identity": { "sourceIp": "127.0.0.1" },
                "domainName": "localhost",
                "stage": "dev",
                "apiId": "local",
                "authorizer": { "user": user, "mode": "open" },
            },
            "body": body,
            "isBase64Encoded": false,
        })
    }
}

/// Panics unless a client may get this text as a frame.
pub(crate) fn check_text(text: &str) -> Value {
    assert!(text.len() <= MAX_PAYLOAD_BYTES, "a frame of {} bytes", text.len());
    let frame: Value = serde_json::from_str(text).expect("a frame is JSON");
    assert!(frame.get("type").is_some(), "{frame}");
    check_frame(&frame);
    frame
}

/// Every connection stands, but for those whose names say otherwise.
async fn manage(
    Path((_, id)): Path<(String, String)>,
    method: Method,
    body: String,
) -> impl IntoResponse {
    let error_type = HeaderName::from_static("x-amzn-errortype");
    if id.contains("gone") {
        return (StatusCode::GONE, [(error_type, "GoneException")], String::new());
    }
    if method == Method::POST {
        check_text(&body);
    }
    (StatusCode::OK, [(error_type, "")], "{}".to_owned())
}

fn config() -> Config {
    Config::from_variables(|name| match name {
        "TABLE_NAME" => Some("confab".to_owned()),
        "AUTH_MODE" => Some("open".to_owned()),
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI" => Some("http://gateway/dev".to_owned()),
        _ => None,
    })
    .unwrap()
}
